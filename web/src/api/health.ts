/** Whether the server is well. */
import { queryOptions } from "@tanstack/react-query";
import type { Health } from "./types";

/** How often the page asks, milliseconds. */
const ASK_EVERY_MS = 30_000;

export const healthQuery = queryOptions({
  queryKey: ["health"],
  queryFn: async ({ signal }): Promise<Health | null> => {
    const answer = await fetch("/api/health", { signal });
    return answer.ok ? answer.json() : null;
  },
  refetchInterval: ASK_EVERY_MS,
  retry: false,
});
