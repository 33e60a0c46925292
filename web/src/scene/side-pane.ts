import { OrthographicCamera, Vector3 } from "three";
import type { CuboidShape, Point, Vec3 } from "@/canvas/types";
import type { SceneContext } from "./context";
import { fromYaw, groundLevel, rotate, toLocal, toWorld, yawOf } from "./math";
import { drawKnob, drawSceneRelations, Overlay, shownCuboids, strokeLines } from "./pane";
import {
  dragged,
  fitScale,
  type Grip,
  gripAt,
  gripCursor,
  KNOB_PX,
  SIDE_AXES,
  type SideName,
  type SideWindow,
  toPlane,
  toScreen,
} from "./side-view";
import { overRectangle, usualSize } from "./sizes";

/** Points this far outside of the cuboid in depth are still shown, metres. */
const DEPTH_M = 1.2;
/** What the top view shows when nothing is selected, metres from top to bottom. */
const OVERVIEW_M = 60;
const ZOOM_MIN = 0.1;
const ZOOM_MAX = 20;
/** A rectangle shorter than this was a click, metres. */
const DRAWN_MIN_M = 0.3;

const WORDS: Record<SideName, string> = { top: "Top", side: "Side", front: "Front" };
const unit = (axis: number): Vec3 => [axis === 0 ? 1 : 0, axis === 1 ? 1 : 0, axis === 2 ? 1 : 0];

type Gesture =
  | { kind: "grip"; id: string; box: CuboidShape; grip: Grip; from: [number, number] }
  | { kind: "draw"; frame: CuboidShape; from: Vec3; to: Vec3 }
  | { kind: "pan"; last: Point };

/** One of the three views along the axes of the selected cuboid. The top view shows everything when none is selected. */
export class SidePane {
  readonly camera = new OrthographicCamera();
  readonly overlay: Overlay;
  private readonly release: (() => void)[] = [];
  private zoom = 1;
  private title = "";
  private gesture: Gesture | null = null;
  /** While dragging, the view keeps the axes and the scale that it had: nothing moves under the cursor. */
  private frozen: { frame: CuboidShape; scale: number } | null = null;

  constructor(
    container: HTMLElement,
    readonly name: SideName,
    private readonly scene: SceneContext,
  ) {
    this.overlay = new Overlay(container, () => scene.redraw());
    const { canvas } = this.overlay;
    const on = <K extends keyof HTMLElementEventMap>(
      type: K,
      run: (event: HTMLElementEventMap[K]) => void,
      options?: AddEventListenerOptions,
    ) => {
      canvas.addEventListener(type, run, options);
      this.release.push(() => canvas.removeEventListener(type, run, options));
    };
    on("pointerdown", (event) => this.down(event));
    on("pointermove", (event) => this.move(event));
    on("pointerup", () => this.up());
    on("pointercancel", () => this.cancel());
    on("contextmenu", (event) => event.preventDefault());
    on("dblclick", (event) => this.doubleClick(event));
    on(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoom = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, this.zoom * 1.2 ** (-event.deltaY / 100)));
        scene.redraw();
      },
      { passive: false },
    );
  }

  destroy(): void {
    for (const undo of this.release) undo();
    this.overlay.destroy();
  }

  cancel(): boolean {
    const dragging = this.gesture !== null;
    this.gesture = null;
    this.frozen = null;
    this.scene.editor.cancelPreview();
    return dragging;
  }

  /** Whether there is something to see: without a selection only the top view has a meaning. */
  get live(): boolean {
    return this.frame() !== null;
  }

  /** The cuboid whose axes and centre the view has. */
  private frame(): CuboidShape | null {
    if (this.frozen) return this.frozen.frame;
    const focus = this.scene.focus();
    if (focus) return focus.box;
    if (this.name !== "top") return null;
    const [x, y] = this.scene.orbit.target;
    return {
      type: "cuboid",
      center: [x, y, this.scene.ground()],
      size: [OVERVIEW_M, OVERVIEW_M, OVERVIEW_M],
      rotation: fromYaw(0),
    };
  }

  private window(frame: CuboidShape): SideWindow {
    const { width, height } = this.overlay;
    return {
      width,
      height,
      scale: this.frozen?.scale ?? fitScale(frame, SIDE_AXES[this.name], width, height, this.zoom),
    };
  }

  /** Points the camera along the axis of the view; before each drawing. */
  aim(): void {
    const frame = this.frame();
    if (!frame) return;
    const { width, height, scale } = this.window(frame);
    const axes = SIDE_AXES[this.name];
    const depth = frame.size[axes.spin] / 2 + DEPTH_M;
    const out = rotate(frame.rotation, unit(axes.spin)).map((v) => v * axes.spinSign * depth) as Vec3;
    this.camera.left = -width / 2 / scale;
    this.camera.right = width / 2 / scale;
    this.camera.top = height / 2 / scale;
    this.camera.bottom = -height / 2 / scale;
    this.camera.near = 0;
    this.camera.far = 2 * depth;
    this.camera.up.set(...rotate(frame.rotation, unit(axes.v)));
    this.camera.position.set(frame.center[0] + out[0], frame.center[1] + out[1], frame.center[2] + out[2]);
    this.camera.lookAt(new Vector3(...frame.center));
    this.camera.updateProjectionMatrix();
    this.camera.updateMatrixWorld();
  }

  draw(): void {
    const g = this.overlay.begin();
    const frame = this.frame();
    const focus = this.scene.focus();
    const size = focus ? `  ${SIDE_WORDS[this.name](focus.box)}` : "";
    this.title = `${WORDS[this.name]}${frame ? size : ": select a cuboid"}`;
    if (!frame) {
      this.drawTitle(g);
      return;
    }
    const window = this.window(frame);
    for (const shown of shownCuboids(this.scene.editor)) {
      if (shown.selected || this.name === "top")
        strokeLines(g, this.outline(shown.box, frame, window), shown);
      if (focus && shown.annotation.id === focus.id && !this.scene.editor.isLocked(focus.id))
        this.drawGrips(g, frame, shown.box, window, shown.color);
    }
    if (this.name === "top")
      drawSceneRelations(g, this.scene.editor, (center) => toScreen(window, ...this.plane(center, frame)));
    if (this.gesture?.kind === "draw") this.drawDrawn(g, this.gesture, frame, window);
    this.drawTitle(g);
  }

  private drawTitle(g: CanvasRenderingContext2D): void {
    g.font = "11px system-ui, sans-serif";
    g.textBaseline = "top";
    g.textAlign = "left";
    g.fillStyle = "rgba(13, 16, 22, 0.82)";
    g.fillRect(4, 4, g.measureText(this.title).width + 10, 18);
    g.fillStyle = "#bcc5cd";
    g.fillText(this.title, 9, 7);
  }

  private plane(p: Vec3, frame: CuboidShape): [number, number] {
    const local = toLocal(frame, p);
    const axes = SIDE_AXES[this.name];
    return [local[axes.u], local[axes.v]];
  }

  /** Rectangle of the cuboid in the plane of the view, and its heading seen from above. */
  private outline(box: CuboidShape, frame: CuboidShape, window: SideWindow): Point[][] {
    const axes = SIDE_AXES[this.name];
    const at = (su: number, sv: number): Point => {
      const local: Vec3 = [0, 0, 0];
      local[axes.u] = (su * box.size[axes.u]) / 2;
      local[axes.v] = (sv * box.size[axes.v]) / 2;
      return toScreen(window, ...this.plane(toWorld(box, local), frame));
    };
    const lines = [[at(-1, -1), at(1, -1), at(1, 1), at(-1, 1), at(-1, -1)]];
    if (axes.u === 0) lines.push([at(0, 0), at(1, 0)]);
    return lines;
  }

  private drawGrips(
    g: CanvasRenderingContext2D,
    frame: CuboidShape,
    box: CuboidShape,
    window: SideWindow,
    color: string,
  ): void {
    const axes = SIDE_AXES[this.name];
    for (const su of [-1, 0, 1]) {
      for (const sv of [-1, 0, 1]) {
        if (su === 0 && sv === 0) continue;
        const local: Vec3 = [0, 0, 0];
        local[axes.u] = (su * box.size[axes.u]) / 2;
        local[axes.v] = (sv * box.size[axes.v]) / 2;
        drawKnob(g, toScreen(window, ...this.plane(toWorld(box, local), frame)), color, false);
      }
    }
    const local: Vec3 = [0, 0, 0];
    local[axes.u] = box.size[axes.u] / 2 + KNOB_PX / window.scale;
    drawKnob(g, toScreen(window, ...this.plane(toWorld(box, local), frame)), color, true);
  }

  private drawDrawn(
    g: CanvasRenderingContext2D,
    gesture: Extract<Gesture, { kind: "draw" }>,
    frame: CuboidShape,
    window: SideWindow,
  ): void {
    const [ax, ay] = toScreen(window, ...this.plane(gesture.from, frame));
    const [bx, by] = toScreen(window, ...this.plane(gesture.to, frame));
    g.strokeStyle = this.scene.editor.classForShape("cuboid")?.color ?? "#ffffff";
    g.lineWidth = 2;
    g.strokeRect(Math.min(ax, bx), Math.min(ay, by), Math.abs(ax - bx), Math.abs(ay - by));
  }

  // --- gestures

  private down(event: PointerEvent): void {
    const frame = this.frame();
    if (!frame) return;
    this.overlay.canvas.setPointerCapture(event.pointerId);
    const at = this.overlay.at(event);
    const window = this.window(frame);
    const focus = this.scene.focus();
    const drawing = this.name === "top" && event.button === 0 && this.scene.tool() === "cuboid";
    const grip =
      focus && event.button === 0 && !this.scene.editor.isLocked(focus.id)
        ? gripAt(focus.box, SIDE_AXES[this.name], window, at)
        : null;
    if (drawing) {
      const from = this.world(at, frame, window);
      this.gesture = { kind: "draw", frame, from, to: from };
    } else if (focus && grip)
      this.gesture = { kind: "grip", id: focus.id, box: focus.box, grip, from: toPlane(window, at) };
    else if (!focus) this.gesture = { kind: "pan", last: at };
    if (this.gesture && this.gesture.kind !== "pan") this.frozen = { frame, scale: window.scale };
  }

  private world(at: Point, frame: CuboidShape, window: SideWindow): Vec3 {
    const [u, v] = toPlane(window, at);
    const axes = SIDE_AXES[this.name];
    const local: Vec3 = [0, 0, 0];
    local[axes.u] = u;
    local[axes.v] = v;
    return toWorld(frame, local);
  }

  private move(event: PointerEvent): void {
    const frame = this.frame();
    if (!frame) return;
    const at = this.overlay.at(event);
    const window = this.window(frame);
    const { gesture } = this;
    if (!gesture) this.showCursor(at, window);
    else if (gesture.kind === "grip") {
      this.scene.editor.preview([
        [
          gesture.id,
          dragged(gesture.box, SIDE_AXES[this.name], gesture.grip, gesture.from, toPlane(window, at)),
        ],
      ]);
    } else if (gesture.kind === "draw") {
      gesture.to = this.world(at, frame, window);
      this.scene.redraw();
    } else {
      const { orbit } = this.scene;
      const [x, y, z] = orbit.target;
      orbit.target = [
        x - (at[0] - gesture.last[0]) / window.scale,
        y + (at[1] - gesture.last[1]) / window.scale,
        z,
      ];
      gesture.last = at;
      this.scene.redraw();
    }
  }

  private showCursor(at: Point, window: SideWindow): void {
    const focus = this.scene.focus();
    const drawing = this.name === "top" && this.scene.tool() === "cuboid";
    const grip =
      focus && !this.scene.editor.isLocked(focus.id)
        ? gripAt(focus.box, SIDE_AXES[this.name], window, at)
        : null;
    this.overlay.canvas.style.cursor = drawing ? "crosshair" : gripCursor(grip);
  }

  private up(): void {
    const { gesture } = this;
    this.gesture = null;
    this.frozen = null;
    if (!gesture) return;
    if (gesture.kind === "grip") {
      const label = gesture.grip.kind === "turn" ? "turn" : gesture.grip.kind === "move" ? "move" : "resize";
      this.scene.editor.commitPreview(label);
    } else if (gesture.kind === "draw") this.finishDrawn(gesture);
    this.scene.redraw();
  }

  /** The rectangle becomes a cuboid of the usual height that stands on the ground under it. */
  private finishDrawn({ frame, from, to }: Extract<Gesture, { kind: "draw" }>): void {
    const { scene } = this;
    scene.setTool("select");
    if (Math.hypot(to[0] - from[0], to[1] - from[1]) < DRAWN_MIN_M) {
      scene.place(from[0], from[1]);
      return;
    }
    const cloud = scene.cloud();
    const [x, y] = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2];
    const radius = Math.hypot(to[0] - from[0], to[1] - from[1]) / 2 + 1;
    const bottom = cloud
      ? groundLevel(cloud.positions, cloud.origin, x, y, radius, scene.ground())
      : scene.ground();
    const height = usualSize(scene.editor.classForShape("cuboid")?.id ?? "")[2];
    scene.create(overRectangle([from[0], from[1]], [to[0], to[1]], yawOf(frame.rotation), bottom, height));
  }

  private doubleClick(event: MouseEvent): void {
    const frame = this.frame();
    if (!frame || this.name !== "top" || this.scene.focus()) return;
    const [x, y] = this.world(this.overlay.at(event), frame, this.window(frame));
    this.scene.place(x, y);
  }
}

const m = (value: number) => `${value.toFixed(2)} m`;
const SIDE_WORDS: Record<SideName, (box: CuboidShape) => string> = {
  top: ({ size }) => `${m(size[0])} × ${m(size[1])}`,
  side: ({ size }) => `${m(size[0])} × ${m(size[2])}`,
  front: ({ size }) => `${m(size[1])} × ${m(size[2])}`,
};
