/** Guideline tickets: what several people understand differently. */
import { queryOptions, useMutation, useQueryClient } from "@tanstack/react-query";
import { api, path } from "./client";
import type { components } from "./schema";

export type Ticket = components["schemas"]["TicketView"];

export const ticketsQuery = (project: string) =>
  queryOptions({
    queryKey: ["quality", project, "tickets"],
    queryFn: ({ signal }) => api.get<Ticket[]>(path`/projects/${project}/tickets`, undefined, signal),
  });

export function useCloseTicket(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, reason }: { id: string; reason: string }) =>
      api.post<Ticket>(path`/tickets/${id}/close`, { reason }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["quality", project] }),
  });
}
