/** Work: claiming a task, keeping its lease, saving, submitting, reviewing, deciding, signing. */
import { queryOptions } from "@tanstack/react-query";
import { api, list, path, send } from "./client";
import type {
  Adjudication,
  AnnotationHistory,
  Change,
  Clicks,
  Lease,
  MergedMark,
  Page,
  Read,
  RemovedAnnotations,
  Review,
  Role,
  Saved,
  Segmented,
  Signing,
  Submission,
  Submitted,
  Task,
  Work,
} from "./types";

export const myTasksQuery = queryOptions({
  queryKey: ["me", "tasks"],
  queryFn: async ({ signal }) => list(await api.get<Task[] | Page<Task>>("/me/tasks", undefined, signal)),
});

/** `seen` is told of the task before anything is drawn of it. */
export const taskQuery = (id: string, seen?: (work: Work) => void) =>
  queryOptions({
    queryKey: ["tasks", id],
    queryFn: async ({ signal }) => {
      const work = await api.get<Work>(path`/tasks/${id}`, undefined, signal);
      seen?.(work);
      return work;
    },
    // The workspace owns what it loaded; a refetch under the cursor would throw work away.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });

/** Takes the next task; the refusal `nothing_to_do` means the queue is empty for this person. */
export const claimTask = (project: string, wish: { stage?: string; role?: Role; item?: string } = {}) =>
  api.post<Work>(path`/projects/${project}/tasks/claim`, wish);

export const renewLease = (task: string, fence: number) =>
  api.post<Lease>(path`/tasks/${task}/renew`, { fence });

export const giveBack = (task: string, fence: number) =>
  api.post<void>(path`/tasks/${task}/give-back`, { fence });

/** Asks the project's model for the object around clicks; nothing is saved. */
export const segment = async (task: string, body: Clicks, signal: AbortSignal) =>
  (await send<Segmented>("POST", path`/tasks/${task}/segment`, { body, signal })).data;

export const getRead = (read: string) => api.get<Read>(path`/reads/${read}`);

/** Versions of an annotation in a read, oldest first; asked for anew when its own version went on. */
export const historyQuery = (read: string, annotation: string, version: number) =>
  queryOptions({
    queryKey: ["reads", read, "annotations", annotation, "history", version],
    queryFn: ({ signal }) =>
      api.get<AnnotationHistory>(path`/reads/${read}/annotations/${annotation}/history`, undefined, signal),
    gcTime: 0,
  });

/** What was taken out of a read, the newest removal first; asked for anew when the read went on. */
export const removedQuery = (read: string, revision: number) =>
  queryOptions({
    queryKey: ["reads", read, "removed", revision],
    queryFn: ({ signal }) => api.get<RemovedAnnotations>(path`/reads/${read}/removed`, undefined, signal),
    gcTime: 0,
  });

/** Shows the model's draft where the stage shows it on request; the server records that it was asked for. */
export const requestDraft = (task: string, fence: number) =>
  api.post<Read>(path`/tasks/${task}/draft`, { fence });

/** Saves changes made against `revision`; refused with `stale_revision` when somebody was faster. */
export const saveAnnotations = (read: string, revision: number, body: { fence: number; changes: Change[] }) =>
  send<Saved>("PUT", path`/reads/${read}/annotations`, { body, ifMatch: revision }).then(
    (answer) => answer.data,
  );

export const submitTask = (task: string, revision: number, body: Submission) =>
  api.post<Submitted>(path`/tasks/${task}/submit`, body, revision);

export const reviewTask = (task: string, revision: number, body: Review) =>
  api.post<Submitted>(path`/tasks/${task}/review`, body, revision);

export const adjudicateTask = (task: string, revision: number, body: Adjudication) =>
  api.post<Submitted>(path`/tasks/${task}/adjudicate`, body, revision);

/** The marks of several readers as one, by the protocol's rule; nothing is kept of it. */
export const mergedMark = (task: string, marks: readonly string[]) =>
  api.get<MergedMark>(path`/tasks/${task}/merged`, { marks: marks.join(",") });

export const signTask = (task: string, body: Signing) => api.post<Submitted>(path`/tasks/${task}/sign`, body);
