import type { Tool } from "../tool";
import { BoxTool } from "./box";
import { PanTool } from "./pan";
import { PolygonTool } from "./polygon";
import { SelectTool } from "./select";
import { WindowLevelTool } from "./window-level";

/** A fresh set for one stage, in the order of the tool column: a new tool is one file and one line here. */
export function createTools(options: { greyscale: boolean }): Tool[] {
  const tools: Tool[] = [new SelectTool(), new PanTool(), new BoxTool(), new PolygonTool()];
  if (options.greyscale) tools.push(new WindowLevelTool());
  return tools;
}
