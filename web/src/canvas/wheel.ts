/** Wheel travel from which one event is a notch of a mouse, CSS pixels; trackpads send many smaller ones. */
const NOTCH_PX = 50;
/** Travel on a trackpad that makes one step, CSS pixels. */
const STEP_PX = 40;

/**
 * Turns of a wheel as steps: one notch is one step however far it says it went, and what trackpads send adds up. Nothing
 * runs on by itself: a turn the other way begins anew.
 */
export class WheelSteps {
  private rest = 0;

  /** Steps of one wheel event, positive downwards. */
  take(event: Pick<WheelEvent, "deltaY" | "deltaMode">): number {
    const { deltaY, deltaMode } = event;
    if (deltaMode !== 0 || Math.abs(deltaY) >= NOTCH_PX) {
      this.rest = 0;
      return Math.sign(deltaY);
    }
    if (Math.sign(deltaY) !== Math.sign(this.rest)) this.rest = 0;
    this.rest += deltaY;
    const steps = Math.trunc(this.rest / STEP_PX);
    this.rest -= steps * STEP_PX;
    return steps;
  }
}
