/** Hosts the workspace of one task; the drawing surface is a chunk of its own. */
import { useParams } from "@tanstack/react-router";
import Workspace from "@/workspace/Workspace";

export default function Work() {
  const { taskId } = useParams({ from: "/work/$taskId" });
  // A new task is a new workspace: no undo stack, selection or save queue may leak from one item into the next.
  return <Workspace key={taskId} taskId={taskId} />;
}
