import { ApiProblem } from "@/api/problem";
import { segment } from "@/api/tasks";
import type { ClickModel, ClickQuestion } from "@/canvas/click-model";
import type { MaskShape } from "@/canvas/types";
import { explain } from "@/refusals";
import type { OpenWork } from "./work";

/** Refusals after which it is not asked again in this workspace. */
const GONE = ["no_click_model", "model_not_allowed"];

/** The project's model, asked through the server for frames of this task. */
export function clickModelOf({ clickModel, task }: OpenWork): ClickModel | null {
  if (!clickModel) return null;
  let gone = false;
  const ask = async (question: ClickQuestion, signal: AbortSignal): Promise<MaskShape | null> => {
    const { frame, positive, negative, window } = question;
    const body = {
      fence: task.fence,
      stream: frame.stream,
      frame: frame.index,
      positive,
      negative,
      // A preset has a name too, which is none of the server's business.
      ...(window ? { window: { center: window.center, width: window.width } } : {}),
    };
    try {
      const { mask } = await segment(task.id, body, signal);
      return mask ? { type: "mask", size: mask.size, counts: mask.counts } : null;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      if (GONE.includes(error.code)) gone = true;
      throw new Error(explain(error.code)?.title ?? error.detail, { cause: error });
    }
  };
  return {
    name: clickModel.name,
    version: clickModel.version,
    get gone() {
      return gone;
    },
    ask,
  };
}
