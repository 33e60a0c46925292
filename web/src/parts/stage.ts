import type { Protocol } from "@/api/types";

/** The title of a stage given by its index or its id. */
export function stageTitle(protocol: Protocol, stage: number | string | null | undefined): string {
  if (stage === null || stage === undefined) return "–";
  const found =
    typeof stage === "number" ? protocol.stages[stage] : protocol.stages.find((one) => one.id === stage);
  return found?.title ?? String(stage);
}
