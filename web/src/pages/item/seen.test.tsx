import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import { beforeAll, expect, it, vi } from "vitest";
import { SeenTab } from "./Seen";

const look = (id: string, name: string) => ({
  id,
  printed_name: name,
  user: "u",
  asset: "a",
  zone: "cleared",
  purpose: "work",
  provable: false,
  at: 1_790_000_000_000_000,
});

beforeAll(() => {
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener() {}, removeEventListener() {} }));
});

it("shows the newest looks first and the older ones when asked", async () => {
  const cursors: (string | null)[] = [];
  vi.stubGlobal(
    "fetch",
    vi.fn(async (address: string) => {
      const cursor = new URL(address, "http://here").searchParams.get("cursor");
      cursors.push(cursor);
      const page = cursor
        ? { items: [look("1", "First Reader")], next: null }
        : { items: [look("2", "Last Reader")], next: "2" };
      return new Response(JSON.stringify(page), { headers: { "content-type": "application/json" } });
    }),
  );
  render(
    <MantineProvider>
      <QueryClientProvider client={new QueryClient()}>
        <SeenTab item="i-1" />
      </QueryClientProvider>
    </MantineProvider>,
  );
  await screen.findByText("Last Reader");
  expect(screen.queryByText("First Reader")).toBeNull();
  fireEvent.click(screen.getByText("Show older ones"));
  await screen.findByText("First Reader");
  expect(screen.queryByText("Show older ones")).toBeNull();
  expect(cursors).toEqual([null, "2"]);
});
