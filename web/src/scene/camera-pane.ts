import type { Point } from "@/canvas/types";
import { Viewport, ZOOM_STEP } from "@/canvas/viewport";
import {
  type Calibration,
  NEAR_M,
  project,
  projectCuboid,
  projectedBounds,
  toCamera,
  toPixel,
} from "./camera";
import type { SceneContext } from "./context";
import { draftCuboids, drawLabel, drawSceneRelations, Overlay, shownCuboids, strokeLines } from "./pane";

/** Points farther away than this are drawn in the last colour, metres. */
const FAR_M = 60;
const POINT_PX = 2;

/** The camera image with the cuboids and, on wish, the points as the calibration projects them. */
export class CameraPane {
  readonly overlay: Overlay;
  readonly viewport = new Viewport();
  showPoints = false;
  private readonly release: (() => void)[] = [];
  private image: ImageBitmap | null = null;
  private calibration: Calibration | null = null;
  private projected: HTMLCanvasElement | null = null;
  private last: Point | null = null;
  private pressed: Point | null = null;
  private fitted = false;

  constructor(
    container: HTMLElement,
    private readonly scene: SceneContext,
  ) {
    this.overlay = new Overlay(container, () => {
      this.viewport.resize(this.overlay.width, this.overlay.height);
      if (!this.fitted) this.fit();
      scene.redraw();
    });
    this.viewport.resize(this.overlay.width, this.overlay.height);
    this.release.push(this.viewport.subscribe(() => scene.redraw()));
    const { canvas } = this.overlay;
    const on = <K extends keyof HTMLElementEventMap>(
      name: K,
      run: (event: HTMLElementEventMap[K]) => void,
      options?: AddEventListenerOptions,
    ) => {
      canvas.addEventListener(name, run, options);
      this.release.push(() => canvas.removeEventListener(name, run, options));
    };
    on("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.last = this.overlay.at(event);
      this.pressed = this.last;
    });
    on("pointermove", (event) => this.move(this.overlay.at(event)));
    on("pointerup", (event) => this.up(this.overlay.at(event)));
    on("pointercancel", () => {
      this.last = null;
    });
    on("dblclick", () => this.fit());
    on(
      "wheel",
      (event) => {
        event.preventDefault();
        this.fitted = true;
        this.viewport.zoomAt(this.overlay.at(event), ZOOM_STEP ** (-event.deltaY / 100));
      },
      { passive: false },
    );
  }

  destroy(): void {
    for (const undo of this.release) undo();
    this.image?.close();
    this.image = null;
    this.overlay.destroy();
  }

  setImage(image: ImageBitmap | null, calibration: Calibration | null): void {
    if (this.image !== image) this.image?.close();
    this.image = image;
    this.calibration = calibration;
    this.projected = null;
    this.fitted = false;
    this.fit();
  }

  /** The projected points have to be made again: another sweep or other colours. */
  forgetPoints(): void {
    this.projected = null;
    this.scene.redraw();
  }

  fit(): void {
    if (this.image)
      this.viewport.fit({ minX: 0, minY: 0, maxX: this.image.width, maxY: this.image.height }, 4);
  }

  draw(): void {
    const g = this.overlay.begin();
    const { image, calibration, viewport } = this;
    g.fillStyle = "#07090b";
    g.fillRect(0, 0, this.overlay.width, this.overlay.height);
    if (!image) return;
    g.save();
    g.translate(viewport.offsetX, viewport.offsetY);
    g.scale(viewport.scale, viewport.scale);
    g.imageSmoothingQuality = "high";
    g.drawImage(image, 0, 0);
    if (this.showPoints && calibration) {
      this.projected ??= this.projectPoints(image, calibration);
      g.drawImage(this.projected, 0, 0);
    }
    g.restore();
    if (!calibration) {
      g.font = "11px system-ui, sans-serif";
      g.fillStyle = "#e2b458";
      g.textBaseline = "top";
      g.textAlign = "left";
      g.fillText("no calibration: nothing can be projected", 8, 7);
      return;
    }
    for (const shown of [...draftCuboids(this.scene.editor), ...shownCuboids(this.scene.editor)]) {
      const bounds = projectedBounds(calibration, shown.box, image.width, image.height);
      if (!bounds) continue;
      const lines = projectCuboid(calibration, shown.box).map((line) =>
        line.map((p) => viewport.toScreen(p)),
      );
      strokeLines(g, lines, shown);
      if (shown.selected || shown.hovered) {
        const [x, y] = viewport.toScreen([(bounds.minX + bounds.maxX) / 2, bounds.minY]);
        drawLabel(g, [x, Math.max(10, y - 12)], shown, this.scene.editor);
      }
    }
    drawSceneRelations(g, this.scene.editor, (center) => {
      const pixel = project(calibration, center);
      return pixel && viewport.toScreen(pixel);
    });
  }

  /** Draws all points once into a picture of the image's size; panning and zooming then cost nothing. */
  private projectPoints(image: ImageBitmap, calibration: Calibration): HTMLCanvasElement {
    const canvas = document.createElement("canvas");
    canvas.width = image.width;
    canvas.height = image.height;
    const g = canvas.getContext("2d") as CanvasRenderingContext2D;
    const cloud = this.scene.cloud();
    if (!cloud) return canvas;
    const [ox, oy, oz] = cloud.origin;
    for (let i = 0; i < cloud.positions.length; i += 3) {
      const p = toCamera(calibration, [
        (cloud.positions[i] as number) + ox,
        (cloud.positions[i + 1] as number) + oy,
        (cloud.positions[i + 2] as number) + oz,
      ]);
      if (p[2] < NEAR_M) continue;
      const [x, y] = toPixel(calibration, p);
      if (x < 0 || y < 0 || x >= image.width || y >= image.height) continue;
      const t = Math.min(1, p[2] / FAR_M);
      g.fillStyle = `hsl(${(40 + 200 * t).toFixed(0)} 90% 62%)`;
      g.fillRect(x - POINT_PX / 2, y - POINT_PX / 2, POINT_PX, POINT_PX);
    }
    return canvas;
  }

  /** The cuboid under a place: of several the one with the smallest box in the image. */
  private hit(at: Point): string | null {
    const { image, calibration } = this;
    if (!image || !calibration) return null;
    const [x, y] = this.viewport.toImage(at);
    let best: { id: string; area: number } | null = null;
    for (const { annotation, box } of shownCuboids(this.scene.editor)) {
      const b = projectedBounds(calibration, box, image.width, image.height);
      if (!b || x < b.minX || x > b.maxX || y < b.minY || y > b.maxY) continue;
      const area = (b.maxX - b.minX) * (b.maxY - b.minY);
      if (!best || area < best.area) best = { id: annotation.id, area };
    }
    return best?.id ?? null;
  }

  private move(at: Point): void {
    if (!this.last) {
      this.scene.editor.hover(this.hit(at));
      this.overlay.canvas.style.cursor = this.scene.editor.hovered ? "pointer" : "grab";
      return;
    }
    this.fitted = true;
    this.viewport.panBy(at[0] - this.last[0], at[1] - this.last[1]);
    this.last = at;
  }

  private up(at: Point): void {
    const clicked = this.pressed && Math.hypot(at[0] - this.pressed[0], at[1] - this.pressed[1]) < 4;
    this.last = null;
    this.pressed = null;
    const id = clicked ? this.hit(at) : null;
    if (id) this.scene.editor.select([id]);
  }
}
