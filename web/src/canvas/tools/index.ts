import type { StackSpace } from "../ball";
import type { Tool } from "../tool";
import { BoxTool } from "./box";
import { BrushTool, brushSettings } from "./brush";
import { ClicksTool } from "./clicks";
import { EllipseTool } from "./ellipse";
import { FillTool } from "./fill";
import { LivewireTool } from "./livewire";
import { MeasureTool } from "./measure";
import { PanTool } from "./pan";
import { PointsTool } from "./points";
import { PolygonTool } from "./polygon";
import { PolylineTool } from "./polyline";
import { RelationTool } from "./relation";
import { RotatedBoxTool } from "./rotated-box";
import { SelectTool } from "./select";
import { SkeletonTool } from "./skeleton";
import { SliceTool } from "./slice";
import { ballSettings, SphereTool } from "./sphere";
import { WandTool } from "./wand";
import { WindowLevelTool } from "./window-level";

/** A fresh set for one stage, in the order of the tool column: a new tool is one file and one line here. */
export function createTools(options: { greyscale: boolean; stack?: StackSpace }): Tool[] {
  const [brush, ball] = [brushSettings(), ballSettings()];
  const balls = options.stack
    ? [new SphereTool(1, ball, brush, options.stack), new SphereTool(0, ball, brush, options.stack)]
    : [];
  const tools: Tool[] = [
    new SelectTool(),
    new PanTool(),
    new BoxTool(),
    new RotatedBoxTool(),
    new EllipseTool(),
    new PolygonTool(),
    new LivewireTool(),
    new PolylineTool(),
    new PointsTool(),
    new SkeletonTool(),
    new BrushTool(1, brush),
    new BrushTool(0, brush),
    ...balls,
    new FillTool(),
    new WandTool(),
    new ClicksTool(),
    new SliceTool(),
    new RelationTool(),
    new MeasureTool(),
  ];
  if (options.greyscale) tools.push(new WindowLevelTool());
  return tools;
}
