/** Frames per second of a film whose file asks for none. */
export const CINE_HZ_DEFAULT = 15;
export const CINE_HZ_MIN = 1;
export const CINE_HZ_MAX = 60;

/** The rate that a film is shown at: as the file asks, within what a screen shows. */
export function cineRate(asked: number | null): number {
  return Math.min(CINE_HZ_MAX, Math.max(CINE_HZ_MIN, asked ?? CINE_HZ_DEFAULT));
}

/** The frame after `at`, round to the first. */
export function cineNext(at: number, count: number): number {
  return (at + 1) % Math.max(1, count);
}

/**
 * Plays the frames of a stack: one step per period, never faster than frames arrive. A frame that is not here yet holds
 * the film; a late screen skips no frame, because a frame nobody saw is a frame nobody read.
 */
export class Cine {
  private request = 0;
  private due = 0;

  constructor(
    private readonly film: {
      /** Shows the next frame if it is here; says whether it did. */
      step(): boolean;
      /** Told when it starts and when it stops. */
      changed(): void;
    },
    public rate: number,
  ) {}

  get playing(): boolean {
    return this.request !== 0;
  }

  play(): void {
    if (this.playing) return;
    this.due = 0;
    this.request = requestAnimationFrame(this.tick);
    this.film.changed();
  }

  pause(): void {
    if (!this.playing) return;
    cancelAnimationFrame(this.request);
    this.request = 0;
    this.film.changed();
  }

  toggle(): void {
    if (this.playing) this.pause();
    else this.play();
  }

  private readonly tick = (now: number): void => {
    this.request = requestAnimationFrame(this.tick);
    if (now < this.due) return;
    const period = 1000 / this.rate;
    if (this.film.step()) this.due = Math.max(this.due + period, now + period / 2);
  };
}
