import type { Editor } from "@/canvas/editor";
import type { CuboidShape, Vec3 } from "@/canvas/types";
import type { Orbit } from "./orbit";
import type { Cloud } from "./wire";

export type SceneTool = "select" | "cuboid";

/** What the views of a scene share. */
export interface SceneContext {
  readonly editor: Editor;
  readonly orbit: Orbit;
  cloud(): Cloud | null;
  /** Level of the ground, metres. */
  ground(): number;
  tool(): SceneTool;
  setTool(tool: SceneTool): void;
  /** The one selected cuboid that is shown in the side views. */
  focus(): { id: string; box: CuboidShape } | null;
  redraw(): void;
  /** Puts a cuboid of the chosen class on the ground and selects it. */
  place(x: number, y: number): void;
  create(box: CuboidShape): void;
  pointsInside(box: CuboidShape): number;
}

/** Level of the ground near a place, from the points there. */
export const GROUND_RADIUS_M = 2;

export const asVec = (values: ArrayLike<number>): Vec3 => [values[0] ?? 0, values[1] ?? 0, values[2] ?? 0];
