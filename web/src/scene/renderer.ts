import {
  BufferAttribute,
  BufferGeometry,
  type Camera,
  GridHelper,
  LinearSRGBColorSpace,
  Points,
  PointsMaterial,
  Scene,
  WebGLRenderer,
} from "three";
import type { Cloud } from "./wire";

const BACKGROUND = 0x07090b;
/** Ground grid: side and spacing, metres. */
const GRID_M = 160;
const GRID_STEP_M = 10;

/** A part of the canvas with a camera of its own. */
export interface View {
  camera: Camera;
  container: HTMLElement;
  grid: boolean;
  pointSize: number;
}

/** The points of one sweep on the graphics card: uploaded once, drawn into each view when something changed. */
export class CloudRenderer {
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly material = new PointsMaterial({ size: 2, sizeAttenuation: false, vertexColors: true });
  private readonly grid = new GridHelper(GRID_M, GRID_M / GRID_STEP_M, 0x33404d, 0x1d252d);
  private points: Points | null = null;

  constructor(readonly canvas: HTMLCanvasElement) {
    this.renderer = new WebGLRenderer({ canvas, antialias: false, powerPreference: "high-performance" });
    // The ramp is given in screen colours already.
    this.renderer.outputColorSpace = LinearSRGBColorSpace;
    this.renderer.setScissorTest(true);
    this.renderer.setClearColor(BACKGROUND);
    this.grid.rotation.x = Math.PI / 2;
    this.scene.add(this.grid);
  }

  setCloud(cloud: Cloud | null, colors: Uint8Array | null, ground: number): void {
    if (this.points) {
      this.scene.remove(this.points);
      this.points.geometry.dispose();
      this.points = null;
    }
    if (!cloud || !colors || cloud.count === 0) return;
    const geometry = new BufferGeometry();
    geometry.setAttribute("position", new BufferAttribute(cloud.positions, 3));
    geometry.setAttribute("color", new BufferAttribute(colors, 3, true));
    this.points = new Points(geometry, this.material);
    this.points.position.set(...cloud.origin);
    // One sweep surrounds the eye: testing whether it is in view costs more than it saves.
    this.points.frustumCulled = false;
    this.scene.add(this.points);
    this.grid.position.set(
      Math.round(cloud.origin[0] / GRID_STEP_M) * GRID_STEP_M,
      Math.round(cloud.origin[1] / GRID_STEP_M) * GRID_STEP_M,
      ground,
    );
  }

  setColors(colors: Uint8Array): void {
    this.points?.geometry.setAttribute("color", new BufferAttribute(colors, 3, true));
  }

  resize(width: number, height: number): void {
    this.renderer.setPixelRatio(Math.min(2, window.devicePixelRatio || 1));
    this.renderer.setSize(width, height, false);
  }

  draw(views: View[]): void {
    const frame = this.canvas.getBoundingClientRect();
    for (const view of views) {
      const place = view.container.getBoundingClientRect();
      if (place.width < 2 || place.height < 2) continue;
      const x = place.left - frame.left;
      const y = frame.bottom - place.bottom;
      this.renderer.setViewport(x, y, place.width, place.height);
      this.renderer.setScissor(x, y, place.width, place.height);
      this.grid.visible = view.grid;
      this.material.size = view.pointSize;
      this.renderer.render(this.scene, view.camera);
    }
  }

  destroy(): void {
    this.setCloud(null, null, 0);
    this.material.dispose();
    this.grid.dispose();
    this.renderer.dispose();
  }
}
