/** The countdown is shown when less than this is left, milliseconds. */
export const LEASE_WARN_MS = 5 * 60_000;
/** Who did nothing for this long no longer keeps the task from others by just leaving the page open. */
export const IDLE_MS = 15 * 60_000;
/** How often the lease is looked at. */
const TICK_MS = 1_000;
/** A renewal that failed is tried again after this long. */
const RETRY_MS = 10_000;

export interface LeaseOptions {
  /** End of the lease, milliseconds since 1970. */
  until: number;
  renew: () => Promise<number>;
  now?: () => number;
  onChange: (state: LeaseState) => void;
}

export interface LeaseState {
  /** Milliseconds left, never below zero. */
  left: number;
  /** Show the countdown. */
  near: boolean;
  expired: boolean;
}

/** Whether it is time to renew: past half of the lease, and somebody is there. */
export function shouldRenew(now: number, start: number, until: number, lastActive: number): boolean {
  return now < until && now >= start + (until - start) / 2 && now - lastActive < IDLE_MS;
}

export function leaseState(now: number, until: number): LeaseState {
  const left = Math.max(0, until - now);
  return { left, near: left <= LEASE_WARN_MS, expired: left === 0 };
}

/** Renews the lease in the background while somebody works, and tells how much is left. */
export class LeaseKeeper {
  private until: number;
  private start: number;
  private active: number;
  private notBefore = 0;
  private busy = false;
  private readonly timer: ReturnType<typeof setInterval>;
  private readonly now: () => number;
  private shown = "";

  constructor(private readonly options: LeaseOptions) {
    this.now = options.now ?? Date.now;
    this.until = options.until;
    this.start = this.now();
    this.active = this.start;
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.tick();
  }

  /** Somebody moved a hand. */
  touch(): void {
    this.active = this.now();
  }

  /** Renews at once, asked for by the person. */
  async renew(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      this.until = await this.options.renew();
      this.start = this.now();
    } catch {
      this.notBefore = this.now() + RETRY_MS;
    } finally {
      this.busy = false;
      this.tick();
    }
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private tick(): void {
    const now = this.now();
    if (now >= this.notBefore && shouldRenew(now, this.start, this.until, this.active)) void this.renew();
    const state = leaseState(now, this.until);
    // Only what is shown counts as a change: the page is not drawn again each second for nothing.
    const shown = state.near ? String(Math.ceil(state.left / 1000)) : "";
    if (shown === this.shown && !state.expired) return;
    this.shown = shown;
    this.options.onChange(state);
  }
}

/** `4:09` */
export function countdown(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
