import type { Vec3 } from "@/canvas/types";

/** Nearest and farthest distance of the eye from what it looks at, metres. */
const DISTANCE_MIN_M = 1;
const DISTANCE_MAX_M = 400;
/** The eye does not go over the pole or under the ground's horizon, radians. */
const ELEVATION_MIN = -0.1;
const ELEVATION_MAX = Math.PI / 2 - 0.01;
/** Turning per pixel of drag, radians. */
const TURN_PER_PX = 0.006;

/** Where the eye of the perspective view is: it turns around a target; z is up. */
export class Orbit {
  target: Vec3 = [8, 0, 0];
  /** Direction from the target to the eye, radians from x. Behind the vehicle at first. */
  azimuth = Math.PI;
  elevation = 0.45;
  distance = 30;

  eye(): Vec3 {
    const flat = Math.cos(this.elevation) * this.distance;
    return [
      this.target[0] + flat * Math.cos(this.azimuth),
      this.target[1] + flat * Math.sin(this.azimuth),
      this.target[2] + Math.sin(this.elevation) * this.distance,
    ];
  }

  turnBy(dx: number, dy: number): void {
    this.azimuth -= dx * TURN_PER_PX;
    this.elevation = Math.min(ELEVATION_MAX, Math.max(ELEVATION_MIN, this.elevation + dy * TURN_PER_PX));
  }

  /** Moves the target in the ground plane, so that the ground follows the pointer. */
  panBy(dx: number, dy: number, viewHeight: number): void {
    const metres = (this.distance * 0.9) / Math.max(1, viewHeight);
    const [c, s] = [Math.cos(this.azimuth), Math.sin(this.azimuth)];
    // To the right of the screen is (-s, c), away from the eye is (-c, -s).
    const right = -dx * metres;
    const away = dy * metres;
    this.target = [
      this.target[0] - s * right - c * away,
      this.target[1] + c * right - s * away,
      this.target[2],
    ];
  }

  zoomBy(factor: number): void {
    this.distance = Math.min(DISTANCE_MAX_M, Math.max(DISTANCE_MIN_M, this.distance / factor));
  }

  lookAt(target: Vec3, distance: number): void {
    this.target = [...target];
    this.distance = Math.min(DISTANCE_MAX_M, Math.max(DISTANCE_MIN_M, distance));
  }
}
