/**
 * Figures that the server works out of everything in a project (agreement, consensus, tiers, vendors): asking for them with every event
 * would keep it busy with nothing else while people work. They become stale at once and are asked for again seldom, while somebody sees them.
 */
import type { Query, QueryClient, QueryKey } from "@tanstack/react-query";

/** Such a report is asked for again at most this often while events come, in milliseconds. */
export const REPORT_MS = 30_000;

const ROOT = "reports";

/** The key of a report. */
export const reportKey = <T extends readonly unknown[]>(project: string, name: string, ...asked: T) =>
  [ROOT, project, name, ...asked] as const;

/** How reports are asked for: not because somebody came back to the window, which is seen to here. */
export const AS_REPORT = { refetchOnWindowFocus: false } as const;

export const isReport = (key: QueryKey): boolean => key[0] === ROOT;

/** When a report was last answered or refused, in milliseconds. */
const answeredAt = ({ state }: Query): number => Math.max(state.dataUpdatedAt, state.errorUpdatedAt);

/** Asks for reports again that became stale: each at most once in {@link REPORT_MS}, shown ones only, never while the page is hidden. */
export class Reports {
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** What became stale while it was being answered: the answer may not know of it. */
  private readonly again = new Set<string>();
  private readonly onVisible = () => this.plan();

  constructor(
    private readonly client: QueryClient,
    /** A list that somebody has scrolled into is left as it is. */
    private readonly isLeft: (data: unknown) => boolean,
  ) {
    document.addEventListener("visibilitychange", this.onVisible);
  }

  /** Something changed in a project, or anything anywhere. */
  touched(project?: string): void {
    const queryKey = project === undefined ? [ROOT] : [ROOT, project];
    for (const query of this.client.getQueryCache().findAll({ queryKey, fetchStatus: "fetching" }))
      this.again.add(query.queryHash);
    this.client.invalidateQueries({
      queryKey,
      refetchType: "none",
      predicate: (query) => !this.isLeft(query.state.data),
    });
    this.plan();
  }

  stop(): void {
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.onVisible);
  }

  private plan(): void {
    clearTimeout(this.timer);
    // A hidden page plans again when it is seen.
    if (document.visibilityState === "hidden") return;
    const now = Date.now();
    let next = Number.POSITIVE_INFINITY;
    for (const query of this.client.getQueryCache().findAll({ queryKey: [ROOT], type: "active" })) {
      const { state, queryHash, queryKey } = query;
      const isStale = state.isInvalidated || this.again.has(queryHash);
      if (!isStale || this.isLeft(state.data)) continue;
      // One that takes longer than the pause is not begun anew before it is through.
      const isRunning = state.fetchStatus === "fetching";
      const due = isRunning ? now + REPORT_MS : answeredAt(query) + REPORT_MS;
      if (due <= now) {
        this.again.delete(queryHash);
        this.client.refetchQueries({ queryKey, exact: true, type: "active" }, { cancelRefetch: false });
      } else next = Math.min(next, due);
    }
    if (next < Number.POSITIVE_INFINITY) this.timer = setTimeout(() => this.plan(), next - now);
  }
}
