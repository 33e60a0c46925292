/** The form of a registration: texts as they are typed, and what becomes of them. */
import type { FaceModelConfig } from "@/api/models";

export type Draft = {
  name: string;
  address: string;
  model: string;
  version: string;
  input: string;
  width: number;
  height: number;
  values: FaceModelConfig["input"]["values"];
  layout: FaceModelConfig["input"]["layout"];
  boxes: string;
  scores: string;
  classes: string;
  form: FaceModelConfig["output"]["form"];
  unit: FaceModelConfig["output"]["unit"];
  face: number;
  plate: number;
  faceScore: number;
  plateScore: number;
};

export const emptyDraft = (address: string): Draft => ({
  name: "",
  address,
  model: "",
  version: "1",
  input: "images",
  width: 640,
  height: 640,
  values: "fp32_unit",
  layout: "nchw",
  boxes: "boxes",
  scores: "scores",
  classes: "classes",
  form: "corners",
  unit: "pixels",
  face: 0,
  plate: 1,
  // Low on purpose: a mask too many costs a few pixels, one too few shows somebody.
  faceScore: 0.1,
  plateScore: 0.1,
});

export const configOf = (draft: Draft): FaceModelConfig => ({
  address: draft.address,
  model: draft.model.trim(),
  version: draft.version.trim(),
  input: {
    name: draft.input.trim(),
    width: draft.width,
    height: draft.height,
    values: draft.values,
    layout: draft.layout,
  },
  output: {
    boxes: draft.boxes.trim(),
    scores: draft.scores.trim(),
    classes: draft.classes.trim(),
    form: draft.form,
    unit: draft.unit,
    face: draft.face,
    plate: draft.plate,
    face_score: draft.faceScore,
    plate_score: draft.plateScore,
  },
});

/** A registration as a draft of its next revision. */
export const draftOf = (name: string, config: FaceModelConfig): Draft => ({
  name,
  address: config.address,
  model: config.model,
  version: config.version,
  input: config.input.name,
  width: config.input.width,
  height: config.input.height,
  values: config.input.values,
  layout: config.input.layout,
  boxes: config.output.boxes,
  scores: config.output.scores,
  classes: config.output.classes,
  form: config.output.form,
  unit: config.output.unit,
  face: config.output.face,
  plate: config.output.plate,
  faceScore: config.output.face_score,
  plateScore: config.output.plate_score,
});
