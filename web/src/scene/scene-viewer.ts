import type { Editor } from "@/canvas/editor";
import type { ActionId } from "@/canvas/keymap";
import { performCommon } from "@/canvas/perform";
import type { Annotation, CuboidShape, Vec3 } from "@/canvas/types";
import type { Calibration } from "./camera";
import { CameraPane } from "./camera-pane";
import { type ColorMode, colorize, lowLevel } from "./colors";
import { GROUND_RADIUS_M, type SceneContext, type SceneTool } from "./context";
import { countInside, groundLevel, rotate, turn } from "./math";
import { Orbit } from "./orbit";
import { PerspectivePane } from "./perspective-pane";
import { CloudRenderer } from "./renderer";
import { SidePane } from "./side-pane";
import type { SideName } from "./side-view";
import { standing } from "./sizes";
import type { Cloud } from "./wire";

/** Heights that the colour ramp covers above the ground, metres. */
const COLOR_SPAN_M = 3.5;
/** Steps of the keys. */
const NUDGE_M = 0.1;
const NUDGE_FAR_M = 1;
const TURN_RAD = (2 * Math.PI) / 180;
const ZOOM_FACTOR = 1.25;

export interface SceneContainers {
  /** Holds all others; its canvas lies below them. */
  root: HTMLElement;
  perspective: HTMLElement;
  camera: HTMLElement | null;
  top: HTMLElement;
  side: HTMLElement;
  front: HTMLElement;
}

export const SCENE_TOOLS = [
  { id: "select", title: "Select and edit", action: "tool.select", icon: "M5 3l14 7.5-6 1.8-2.6 6.2z" },
  {
    id: "cuboid",
    title: "New cuboid: click the ground, or draw it in the top view",
    action: "tool.cuboid",
    icon: "M12 3l8 4.5v9L12 21l-8-4.5v-9zM12 12l8-4.5M12 12v9M12 12L4 7.500",
    draws: true,
  },
] as const;

/** A scene: cloud in perspective and three side views, camera image, cuboids; drawn only when something changed. */
export class SceneViewer {
  readonly orbit = new Orbit();
  private readonly editor: Editor;
  private readonly renderer: CloudRenderer;
  private readonly perspective: PerspectivePane;
  private readonly sides: SidePane[];
  private readonly cameraPane: CameraPane | null;
  private readonly release: (() => void)[] = [];
  private readonly toolListeners = new Set<() => void>();
  private counts = new WeakMap<CuboidShape, number>();
  private cloud: Cloud | null = null;
  private groundZ = 0;
  private toolNow: SceneTool = "select";
  private mode: ColorMode = "height";
  private request = 0;
  private aimed = false;

  constructor(
    private readonly containers: SceneContainers,
    editor: Editor,
  ) {
    this.editor = editor;
    const canvas = document.createElement("canvas");
    canvas.style.cssText = "position:absolute;inset:0;width:100%;height:100%";
    canvas.setAttribute("aria-hidden", "true");
    containers.root.prepend(canvas);
    // Keys for objects and cuboids work while the scene has the focus.
    containers.root.tabIndex = 0;
    this.renderer = new CloudRenderer(canvas);
    const context = this.context();
    this.perspective = new PerspectivePane(containers.perspective, context);
    this.sides = (["top", "side", "front"] as SideName[]).map(
      (name) => new SidePane(containers[name as "top"], name, context),
    );
    this.cameraPane = containers.camera ? new CameraPane(containers.camera, context) : null;
    const observer = new ResizeObserver(() => this.measure());
    observer.observe(containers.root);
    this.release.push(
      () => observer.disconnect(),
      () => canvas.remove(),
      editor.subscribe(() => this.redraw()),
    );
    this.measure();
  }

  destroy(): void {
    cancelAnimationFrame(this.request);
    // Nothing asks for a frame from here on: what would be drawn is closed.
    this.request = -1;
    for (const undo of this.release) undo();
    this.perspective.destroy();
    for (const side of this.sides) side.destroy();
    this.cameraPane?.destroy();
    this.renderer.destroy();
  }

  // --- content

  setCloud(cloud: Cloud): void {
    this.cloud = cloud;
    this.counts = new WeakMap();
    this.groundZ = lowLevel(cloud.positions) + cloud.origin[2];
    this.renderer.setCloud(cloud, this.colors(cloud), this.groundZ);
    this.cameraPane?.forgetPoints();
    if (!this.aimed) {
      this.orbit.target = [cloud.origin[0] + 10, cloud.origin[1], this.groundZ];
      this.aimed = true;
    }
    this.redraw();
  }

  setCamera(image: ImageBitmap | null, calibration: Calibration | null): void {
    this.cameraPane?.setImage(image, calibration);
    this.redraw();
  }

  get colorMode(): ColorMode {
    return this.mode;
  }

  setColorMode(mode: ColorMode): void {
    this.mode = mode;
    if (this.cloud) this.renderer.setColors(this.colors(this.cloud));
    this.redraw();
  }

  setCameraPoints(shown: boolean): void {
    if (!this.cameraPane) return;
    this.cameraPane.showPoints = shown;
    this.redraw();
  }

  /** Points inside the selected cuboid, or nothing. */
  get pointsInside(): number | null {
    const focus = this.focus();
    return focus ? this.inside(focus.box) : null;
  }

  // --- tools and actions

  get tool(): SceneTool {
    return this.toolNow;
  }

  setTool(tool: SceneTool): void {
    if (tool === this.toolNow || (tool === "cuboid" && this.editor.readOnly)) return;
    this.toolNow = tool;
    for (const listener of this.toolListeners) listener();
    this.redraw();
  }

  onTool(listener: () => void): () => void {
    this.toolListeners.add(listener);
    return () => this.toolListeners.delete(listener);
  }

  offers(action: ActionId): boolean {
    if (action.startsWith("tool.")) return action === "tool.select" || action === "tool.cuboid";
    return !/^(part\.|preset\.|brightness\.|invert|finish|zoom\.actual|cine\.|series\.|layout\.)/.test(
      action,
    );
  }

  perform(action: ActionId): boolean {
    if (action === "cancel" && this.cancelled()) return true;
    if (action === "tool.select") this.setTool("select");
    else if (action === "tool.cuboid") this.setTool("cuboid");
    else if (action === "zoom.in") this.zoom(ZOOM_FACTOR);
    else if (action === "zoom.out") this.zoom(1 / ZOOM_FACTOR);
    else if (action === "zoom.fit") this.fit();
    else if (action === "rotate.left") this.turnBy(TURN_RAD);
    else if (action === "rotate.right") this.turnBy(-TURN_RAD);
    else if (action.startsWith("nudge.")) this.nudge(action);
    else return performCommon(this.editor, action, (object) => this.reveal(object));
    return true;
  }

  /** Shows an object in the perspective view. */
  reveal(object: Annotation): void {
    if (object.shape.type === "cuboid") this.perspective.show(object.shape);
  }

  private cancelled(): boolean {
    const panes = [this.perspective, ...this.sides];
    const any = panes.map((pane) => pane.cancel()).some(Boolean);
    const drawing = this.toolNow === "cuboid";
    this.setTool("select");
    return any || drawing;
  }

  private zoom(factor: number): void {
    this.orbit.zoomBy(factor);
    this.redraw();
  }

  private fit(): void {
    const focus = this.focus();
    if (focus) this.perspective.show(focus.box);
    else {
      const [x, y] = this.cloud?.origin ?? [0, 0];
      this.orbit.lookAt([x + 10, y, this.groundZ], 35);
      this.orbit.azimuth = Math.PI;
    }
    this.redraw();
  }

  private turnBy(angle: number): void {
    const key = `turn:${[...this.editor.selectedIds].join()}`;
    this.editor.change(
      "turn",
      this.cuboids(),
      (a) => ({ ...a, shape: turn(a.shape as CuboidShape, 2, angle) }),
      key,
    );
  }

  /** Arrows move along the cuboid's own axes: up is forward, left is its left. */
  private nudge(action: ActionId): void {
    const step = action.includes(".far.") ? NUDGE_FAR_M : NUDGE_M;
    const direction = action.slice(action.lastIndexOf(".") + 1);
    const local = (
      { up: [step, 0, 0], down: [-step, 0, 0], left: [0, step, 0], right: [0, -step, 0] } as Record<
        string,
        Vec3
      >
    )[direction];
    if (!local) return;
    const key = `nudge:${[...this.editor.selectedIds].join()}`;
    this.editor.change(
      "nudge",
      this.cuboids(),
      (a) => {
        const box = a.shape as CuboidShape;
        const shift = rotate(box.rotation, local);
        return {
          ...a,
          shape: { ...box, center: box.center.map((v, i) => v + (shift[i] as number)) as Vec3 },
        };
      },
      key,
    );
  }

  private cuboids(): Annotation[] {
    return this.editor.selection().filter((a) => a.shape.type === "cuboid");
  }

  // --- inside

  private context(): SceneContext {
    return {
      editor: this.editor,
      orbit: this.orbit,
      cloud: () => this.cloud,
      ground: () => this.groundZ,
      tool: () => this.toolNow,
      setTool: (tool) => this.setTool(tool),
      focus: () => this.focus(),
      redraw: () => this.redraw(),
      place: (x, y) => this.place(x, y),
      create: (box) => {
        this.editor.create(box);
      },
      pointsInside: (box) => this.inside(box),
    };
  }

  private focus(): { id: string; box: CuboidShape } | null {
    if (this.editor.selectedIds.size !== 1) return null;
    const annotation = this.editor.selection()[0];
    if (!annotation || this.editor.isHidden(annotation.id)) return null;
    const shape = this.editor.shapeOf(annotation);
    return shape.type === "cuboid" ? { id: annotation.id, box: shape } : null;
  }

  private place(x: number, y: number): void {
    const { cloud } = this;
    const entry = this.editor.classForShape("cuboid");
    if (!entry) return;
    const ground = cloud
      ? groundLevel(cloud.positions, cloud.origin, x, y, GROUND_RADIUS_M, this.groundZ)
      : this.groundZ;
    // New things look along the road, which on most scenes is where the vehicle looks to.
    this.editor.create(standing(entry.id, x, y, ground, 0));
  }

  private inside(box: CuboidShape): number {
    if (!this.cloud) return 0;
    const known = this.counts.get(box);
    if (known !== undefined) return known;
    const count = countInside(box, this.cloud.positions, this.cloud.origin);
    this.counts.set(box, count);
    return count;
  }

  private colors(cloud: Cloud): Uint8Array {
    return colorize(this.mode, cloud.positions, cloud.intensity, lowLevel(cloud.positions), COLOR_SPAN_M);
  }

  private measure(): void {
    const { clientWidth, clientHeight } = this.containers.root;
    if (clientWidth > 0 && clientHeight > 0) this.renderer.resize(clientWidth, clientHeight);
    this.redraw();
  }

  private redraw(): void {
    if (this.request !== 0) return;
    this.request = requestAnimationFrame(() => {
      this.request = 0;
      this.paint();
    });
  }

  private paint(): void {
    this.perspective.aim();
    for (const side of this.sides) side.aim();
    const live = this.sides.filter((side) => side.live);
    this.renderer.draw([
      { camera: this.perspective.camera, container: this.containers.perspective, grid: true, pointSize: 2 },
      ...live.map((side) => ({
        camera: side.camera,
        container: this.containers[side.name],
        grid: false,
        pointSize: this.focus() ? 3 : 1.5,
      })),
    ]);
    this.perspective.draw();
    for (const side of this.sides) side.draw();
    this.cameraPane?.draw();
  }
}
