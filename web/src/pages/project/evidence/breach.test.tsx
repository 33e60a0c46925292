import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { meQuery } from "@/api/session";
import Log from "@/pages/Log";
import { Breach } from "./Breach";

const SUBJECT = "01970000-0000-7000-8000-00000000000a";
const LINE = {
  user: "u-1",
  printed_name: "Ada Reader",
  project: "p-1",
  project_name: "Chest CT",
  subject: SUBJECT,
  subject_number: 4,
  subject_kind: "patient",
  erased: false,
  exposures: 3,
  glances: 1,
  quarantined: 0,
  purposes: ["work"],
  first_at: 1_790_000_000_000_000,
  last_at: 1_790_000_000_000_000,
};
const REPORT = { from: 0, to: 1, exposures: 3, people: 1, subjects: 1, lines: 1, shown: [LINE] };

/** Answers each question with one line; the addresses that were asked. */
function serve() {
  const asked: URL[] = [];
  vi.stubGlobal(
    "fetch",
    vi.fn(async (address: string) => {
      const url = new URL(address, "http://here");
      asked.push(url);
      if (!url.pathname.endsWith("/breach")) return new Response("{}", { status: 404 });
      return new Response(JSON.stringify(REPORT), { headers: { "content-type": "application/json" } });
    }),
  );
  return asked;
}

function show(what: React.ReactNode, systemRoles: string[] = []) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: Infinity } } });
  const me = { user: { id: "u-2" }, system_roles: systemRoles, grants: [] };
  client.setQueryData(meQuery.queryKey, me as never);
  render(
    <MantineProvider>
      <QueryClientProvider client={client}>{what}</QueryClientProvider>
    </MantineProvider>,
  );
}

const report = () => fireEvent.submit(screen.getByText("Report").closest("form") as HTMLFormElement);
const subjects = (asked: URL[]) => asked.map((url) => url.searchParams.get("subject"));

beforeAll(() => {
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener() {}, removeEventListener() {} }));
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
});

afterEach(cleanup);

describe("the breach report", () => {
  it("is narrowed to a subject, typed or chosen from a line", async () => {
    const asked = serve();
    show(<Breach project="p-1" />);
    const field = screen.getByLabelText("Only of this subject");
    fireEvent.change(field, { target: { value: "John Doe" } });
    expect(screen.getByText("is not the id of a subject")).toBeTruthy();
    expect((screen.getByText("Report").closest("button") as HTMLButtonElement).disabled).toBe(true);
    fireEvent.change(field, { target: { value: "" } });
    report();
    fireEvent.click(await screen.findByText("patient #4"));
    await screen.findByText("patient #4");
    expect(asked.map((url) => url.pathname)).toEqual(Array(2).fill("/api/v1/projects/p-1/breach"));
    expect(subjects(asked)).toEqual([null, SUBJECT]);
    expect((field as HTMLInputElement).value).toBe(SUBJECT);
    const table = screen.getByText("All 1 line as a table").closest("a");
    expect(table?.getAttribute("href")).toContain(`subject=${SUBJECT}`);
  });

  it("is asked for the whole installation on the page of the log, by its auditors alone", async () => {
    const asked = serve();
    show(<Log />, ["owner"]);
    expect(screen.queryByText("Who saw what of whom, everywhere")).toBeNull();
    cleanup();
    show(<Log />, ["auditor"]);
    expect(screen.getByText("Make a copy").closest("a")?.getAttribute("href")).toBe("/api/v1/inspection");
    report();
    expect(await screen.findByText("Chest CT")).toBeTruthy();
    expect(asked.some((url) => url.pathname === "/api/v1/breach")).toBe(true);
  });
});
