import { PerspectiveCamera, Vector3 } from "three";
import type { CuboidShape, Point, Vec3 } from "@/canvas/types";
import type { SceneContext } from "./context";
import {
  add,
  alongAxis,
  corners,
  EDGES,
  headingLine,
  moveFace,
  rayHit,
  rayLevel,
  rotate,
  scale,
  sub,
  toWorld,
  turn,
  yawOf,
} from "./math";
import {
  draftCuboids,
  drawKnob,
  drawLabel,
  drawSceneRelations,
  Overlay,
  type Shown,
  shownCuboids,
  strokeLines,
} from "./pane";

const NEAR_M = 0.3;
const FAR_M = 900;
const FIELD_OF_VIEW_DEG = 55;
/** A press that travels less than this is a click, pixels. */
const CLICK_PX = 4;
const KNOB_REACH_PX = 9;
/** The turning knob stands this far in front of the cuboid, metres. */
const KNOB_AHEAD_M = 0.9;
const LABELS_MAX = 60;

type Knob = { kind: "turn" } | { kind: "face"; axis: 0 | 1 | 2; sign: 1 | -1 };
type Ray = { from: Vec3; direction: Vec3 };
type Gesture =
  | { kind: "press"; start: Point; hit: string | null }
  | { kind: "orbit"; last: Point }
  | { kind: "pan"; last: Point }
  | { kind: "move"; id: string; box: CuboidShape; from: Vec3 }
  | { kind: "turn"; id: string; box: CuboidShape; from: number }
  | { kind: "face"; id: string; box: CuboidShape; axis: 0 | 1 | 2; sign: 1 | -1; from: number };

/** The scene in perspective: look around, select, move on the ground, drag faces, turn, place. */
export class PerspectivePane {
  readonly camera = new PerspectiveCamera(FIELD_OF_VIEW_DEG, 1, NEAR_M, FAR_M);
  readonly overlay: Overlay;
  private gesture: Gesture | null = null;
  private readonly release: (() => void)[] = [];

  constructor(
    container: HTMLElement,
    private readonly scene: SceneContext,
  ) {
    this.camera.up.set(0, 0, 1);
    this.overlay = new Overlay(container, () => scene.redraw());
    const { canvas } = this.overlay;
    const on = <K extends keyof HTMLElementEventMap>(
      name: K,
      run: (event: HTMLElementEventMap[K]) => void,
      options?: AddEventListenerOptions,
    ) => {
      canvas.addEventListener(name, run, options);
      this.release.push(() => canvas.removeEventListener(name, run, options));
    };
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", (event) => this.up(event));
    on("pointercancel", () => this.cancel());
    on("contextmenu", (event) => event.preventDefault());
    on("dblclick", (event) => this.placeAt(this.overlay.at(event)));
    on(
      "wheel",
      (event) => {
        event.preventDefault();
        scene.orbit.zoomBy(1.2 ** (-event.deltaY / 100));
        scene.redraw();
      },
      { passive: false },
    );
  }

  destroy(): void {
    for (const undo of this.release) undo();
    this.overlay.destroy();
  }

  /** Drops what is being dragged; returns whether there was something. */
  cancel(): boolean {
    const dragging = this.gesture !== null;
    this.gesture = null;
    this.scene.editor.cancelPreview();
    return dragging;
  }

  /** Points the camera where the orbit says; before each drawing. */
  aim(): void {
    this.camera.aspect = this.overlay.width / this.overlay.height;
    this.camera.position.set(...this.scene.orbit.eye());
    this.camera.lookAt(new Vector3(...this.scene.orbit.target));
    this.camera.updateProjectionMatrix();
    this.camera.updateMatrixWorld();
  }

  draw(): void {
    const g = this.overlay.begin();
    const all = shownCuboids(this.scene.editor);
    for (const shown of [...draftCuboids(this.scene.editor), ...all]) {
      const points = corners(shown.box);
      const lines = EDGES.map(([a, b]) => this.line(points[a] as Vec3, points[b] as Vec3));
      lines.push(this.line(...headingLine(shown.box)));
      strokeLines(
        g,
        lines.filter((line): line is Point[] => line !== null),
        shown,
      );
      if (all.length <= LABELS_MAX || shown.selected || shown.hovered) this.label(g, shown);
    }
    drawSceneRelations(g, this.scene.editor, (center) => this.screen(center));
    const focus = this.scene.focus();
    const shown = focus && all.find((entry) => entry.annotation.id === focus.id);
    if (shown && !this.scene.editor.isLocked(shown.annotation.id)) this.drawKnobs(g, shown);
  }

  private label(g: CanvasRenderingContext2D, shown: Shown): void {
    const top = this.screen(add(shown.box.center, [0, 0, shown.box.size[2] / 2 + 0.25]));
    if (!top) return;
    const inside = shown.selected ? ` · ${this.scene.pointsInside(shown.box)} pts` : "";
    drawLabel(g, [top[0], top[1] - 8], shown, this.scene.editor, inside);
  }

  private drawKnobs(g: CanvasRenderingContext2D, shown: Shown): void {
    for (const { knob, point } of this.knobs(shown.box)) {
      if (knob.kind === "turn") {
        const front = this.line(
          toWorld(shown.box, [shown.box.size[0] / 2, 0, 0]),
          this.knobPlace(shown.box, knob),
        );
        if (front) strokeLines(g, [front], shown);
      }
      drawKnob(g, point, shown.color, knob.kind === "turn");
    }
  }

  private knobs(box: CuboidShape): { knob: Knob; point: Point }[] {
    const list: Knob[] = [{ kind: "turn" }];
    for (const axis of [0, 1, 2] as const)
      for (const sign of [1, -1] as const) list.push({ kind: "face", axis, sign });
    return list.flatMap((knob) => {
      const point = this.screen(this.knobPlace(box, knob));
      return point ? [{ knob, point }] : [];
    });
  }

  private knobPlace(box: CuboidShape, knob: Knob): Vec3 {
    if (knob.kind === "turn") return toWorld(box, [box.size[0] / 2 + KNOB_AHEAD_M, 0, 0]);
    const local: Vec3 = [0, 0, 0];
    local[knob.axis] = (knob.sign * box.size[knob.axis]) / 2;
    return toWorld(box, local);
  }

  // --- projection

  private view(p: Vec3): Vec3 {
    const v = new Vector3(...p).applyMatrix4(this.camera.matrixWorldInverse);
    return [v.x, v.y, v.z];
  }

  private fromView([x, y, z]: Vec3): Point {
    const f = this.overlay.height / 2 / Math.tan(((FIELD_OF_VIEW_DEG / 2) * Math.PI) / 180);
    return [this.overlay.width / 2 + (f * x) / -z, this.overlay.height / 2 - (f * y) / -z];
  }

  private screen(p: Vec3): Point | null {
    const v = this.view(p);
    return v[2] > -NEAR_M ? null : this.fromView(v);
  }

  /** A line cut at the near plane. */
  private line(a: Vec3, b: Vec3): Point[] | null {
    const p = this.view(a);
    const q = this.view(b);
    if (p[2] > -NEAR_M && q[2] > -NEAR_M) return null;
    const cut = (inside: Vec3, outside: Vec3): Vec3 =>
      add(inside, scale(sub(outside, inside), (-NEAR_M - inside[2]) / (outside[2] - inside[2])));
    return [this.fromView(p[2] > -NEAR_M ? cut(q, p) : p), this.fromView(q[2] > -NEAR_M ? cut(p, q) : q)];
  }

  private ray([x, y]: Point): Ray {
    const from = new Vector3().setFromMatrixPosition(this.camera.matrixWorld);
    const to = new Vector3(
      (x / this.overlay.width) * 2 - 1,
      1 - (y / this.overlay.height) * 2,
      0.5,
    ).unproject(this.camera);
    const direction = to.sub(from).normalize();
    return { from: [from.x, from.y, from.z], direction: [direction.x, direction.y, direction.z] };
  }

  private hit(at: Point): string | null {
    const { from, direction } = this.ray(at);
    let best: { id: string; distance: number } | null = null;
    for (const { annotation, box } of shownCuboids(this.scene.editor)) {
      const distance = rayHit(box, from, direction);
      if (distance !== null && (!best || distance < best.distance)) best = { id: annotation.id, distance };
    }
    return best?.id ?? null;
  }

  /** The place on the ground under the pointer. */
  groundAt(at: Point): Vec3 | null {
    const { from, direction } = this.ray(at);
    return rayLevel(from, direction, this.scene.ground());
  }

  private placeAt(at: Point): void {
    const place = this.groundAt(at);
    if (place) this.scene.place(place[0], place[1]);
  }

  // --- gestures

  private down(event: PointerEvent): void {
    this.overlay.canvas.setPointerCapture(event.pointerId);
    const at = this.overlay.at(event);
    if (event.button !== 0 || event.shiftKey) {
      this.gesture = { kind: "pan", last: at };
      return;
    }
    if (this.scene.tool() === "cuboid") {
      this.placeAt(at);
      this.scene.setTool("select");
      return;
    }
    this.gesture = this.gripped(at) ?? { kind: "press", start: at, hit: this.hit(at) };
  }

  private gripped(at: Point): Gesture | null {
    const focus = this.scene.focus();
    if (!focus || this.scene.editor.isLocked(focus.id)) return null;
    const grip = this.knobs(focus.box).find(
      ({ point }) => Math.hypot(point[0] - at[0], point[1] - at[1]) <= KNOB_REACH_PX,
    );
    if (!grip) return null;
    const { id, box } = focus;
    if (grip.knob.kind === "turn") {
      const from = this.heading(box, at);
      return from === null ? null : { kind: "turn", id, box, from };
    }
    const from = this.reachAlong(box, grip.knob.axis, at);
    return from === null ? null : { kind: "face", id, box, axis: grip.knob.axis, sign: grip.knob.sign, from };
  }

  /** Direction from the cuboid's centre to the pointer on the cuboid's level, radians. */
  private heading(box: CuboidShape, at: Point): number | null {
    const { from, direction } = this.ray(at);
    const place = rayLevel(from, direction, box.center[2]);
    return place ? Math.atan2(place[1] - box.center[1], place[0] - box.center[0]) : null;
  }

  private reachAlong(box: CuboidShape, axis: 0 | 1 | 2, at: Point): number | null {
    const unit: Vec3 = [axis === 0 ? 1 : 0, axis === 1 ? 1 : 0, axis === 2 ? 1 : 0];
    const { from, direction } = this.ray(at);
    return alongAxis(box.center, rotate(box.rotation, unit), from, direction);
  }

  private move(event: PointerEvent): void {
    const at = this.overlay.at(event);
    const { gesture } = this;
    const { editor, orbit } = this.scene;
    if (!gesture) {
      editor.hover(this.hit(at));
      this.overlay.canvas.style.cursor =
        this.scene.tool() === "cuboid" ? "crosshair" : editor.hovered ? "pointer" : "default";
      return;
    }
    if (gesture.kind === "press") {
      if (Math.hypot(at[0] - gesture.start[0], at[1] - gesture.start[1]) >= CLICK_PX) this.begin(gesture, at);
    } else if (gesture.kind === "orbit" || gesture.kind === "pan") {
      const dx = at[0] - gesture.last[0];
      const dy = at[1] - gesture.last[1];
      if (gesture.kind === "orbit") orbit.turnBy(dx, dy);
      else orbit.panBy(dx, dy, this.overlay.height);
      gesture.last = at;
      this.scene.redraw();
    } else {
      const next = this.dragged(gesture, at);
      if (next) editor.preview([[gesture.id, next]]);
    }
  }

  private begin(gesture: Extract<Gesture, { kind: "press" }>, at: Point): void {
    const focus = this.scene.focus();
    if (focus && gesture.hit === focus.id && !this.scene.editor.isLocked(focus.id)) {
      const { from, direction } = this.ray(gesture.start);
      const start = rayLevel(from, direction, focus.box.center[2]);
      if (start) {
        this.gesture = { kind: "move", id: focus.id, box: focus.box, from: start };
        return;
      }
    }
    this.gesture = { kind: "orbit", last: at };
  }

  private dragged(
    gesture: Extract<Gesture, { kind: "move" | "turn" | "face" }>,
    at: Point,
  ): CuboidShape | null {
    const { box } = gesture;
    if (gesture.kind === "move") {
      const { from, direction } = this.ray(at);
      const place = rayLevel(from, direction, box.center[2]);
      return place ? { ...box, center: add(box.center, sub(place, gesture.from)) } : null;
    }
    if (gesture.kind === "turn") {
      const heading = this.heading(box, at);
      return heading === null ? null : turn(box, 2, heading - gesture.from);
    }
    const reach = this.reachAlong(box, gesture.axis, at);
    return reach === null
      ? null
      : moveFace(box, gesture.axis, gesture.sign, (reach - gesture.from) * gesture.sign);
  }

  private up(event: PointerEvent): void {
    const { gesture } = this;
    this.gesture = null;
    if (!gesture) return;
    const { editor } = this.scene;
    if (gesture.kind === "press") editor.select(gesture.hit ? [gesture.hit] : [], event.ctrlKey);
    else if (gesture.kind === "move") editor.commitPreview("move");
    else if (gesture.kind === "turn") editor.commitPreview("turn");
    else if (gesture.kind === "face") editor.commitPreview("resize");
  }

  /** Heading of the view on the ground: new cuboids look away from the eye. */
  viewYaw(): number {
    return this.scene.orbit.azimuth + Math.PI;
  }

  /** Shows a cuboid from behind and above. */
  show(box: CuboidShape): void {
    const { orbit } = this.scene;
    orbit.lookAt(box.center, Math.max(10, Math.hypot(...box.size) * 2.6));
    orbit.azimuth = yawOf(box.rotation) + Math.PI - 0.5;
    orbit.elevation = 0.5;
    this.scene.redraw();
  }
}
