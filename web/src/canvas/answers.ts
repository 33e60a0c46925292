/**
 * Answers that are no marks: that a mark is unclear, and that the item or a frame cannot be assessed. The latter is kept as a
 * record of a class that every protocol has, so that saving, history and undo know it as they know marks.
 */
import type { Editor } from "./editor";
import { type Annotation, type ClassDef, type FrameRef, sameFrame, type Unclear } from "./types";

/** The class of the answer; no ontology can name one so. */
export const CANNOT_ASSESS = "cannot-assess";
/** Longest words to an answer, characters; the server refuses more. */
export const ANSWER_CHARS_MAX = 500;

export const NOT_ASSESSED = [
  { code: "image_quality", label: "Image quality: noise, motion, exposure, focus" },
  { code: "not_covered", label: "The guideline does not say" },
  { code: "view_missing", label: "A view, series, sensor or earlier image is missing" },
  { code: "obstructed", label: "Something lies over it" },
  { code: "other", label: "Something else" },
] as const;
export type NotAssessed = (typeof NOT_ASSESSED)[number]["code"];

export const CONFIDENCES = [
  { code: "guess", label: "little more than a guess" },
  { code: "possible", label: "as likely as not" },
  { code: "probable", label: "more likely than not" },
] as const;

/** How the answer is shown where classes are. */
export const ANSWER_CLASS: ClassDef = {
  id: CANNOT_ASSESS,
  name: "Cannot assess",
  color: "#9aa4b2",
  shapes: ["tag"],
};

/** The name of a class that no ontology has: of the answer, or its id. */
export const answerName = (id: string): string => (id === CANNOT_ASSESS ? ANSWER_CLASS.name : id);

export const isAnswer = (annotation: Annotation): boolean => annotation.class === CANNOT_ASSESS;

/** Whether a record lies on this frame; everything lies on the whole item. */
const isOn = (annotation: Annotation, frame: FrameRef | null): boolean =>
  frame ? sameFrame(annotation.frame, frame) : true;

/** Why, in words. */
export function reasonWords(attributes: Annotation["attributes"]): string {
  const reason = NOT_ASSESSED.find((entry) => entry.code === attributes?.reason);
  const text = typeof attributes?.text === "string" ? attributes.text : "";
  if (!reason || reason.code === "other") return text || "no reason given";
  return [reason.label.split(":")[0]?.toLowerCase(), text].filter(Boolean).join(": ");
}

/** The whole answer in words. */
export function answerWords(answer: Annotation): string {
  const place = answer.frame ? `frame ${answer.frame.index + 1}` : "the whole item";
  return `${place}: ${reasonWords(answer.attributes)}`;
}

/** The answers of the read on screen. */
export function answers(editor: Editor): Annotation[] {
  return editor.document.all().filter(isAnswer);
}

/** How many marks there are; answers are none. */
export function markCount(editor: Editor): number {
  return editor.document.size - answers(editor).length;
}

/** What a read says, in short: how many marks, and whether anything could not be assessed. */
export function contentWords(editor: Editor): string {
  const marks = markCount(editor);
  const said = answers(editor);
  const frames = said.filter((one) => one.frame).length;
  return [
    `${marks} ${marks === 1 ? "mark" : "marks"}`,
    said.length > frames ? "cannot be assessed" : "",
    frames > 0 ? `${frames} ${frames === 1 ? "frame" : "frames"} cannot be assessed` : "",
  ]
    .filter(Boolean)
    .join(", ");
}

/** What an answer about this place puts out of the read: marks there, and answers that it says already. */
export function putOut(editor: Editor, frame: FrameRef | null): Annotation[] {
  return editor.document.all().filter((one) => isOn(one, frame) || (isAnswer(one) && !one.frame));
}

/** Answers that this place cannot be assessed: one step that can be undone. Marks that lie there go with it. */
export function cannotAssess(
  editor: Editor,
  frame: FrameRef | null,
  reason: NotAssessed,
  text: string,
): Annotation | null {
  if (editor.readOnly) return null;
  const words = text.trim();
  const answer = editor.fresh({
    class: CANNOT_ASSESS,
    ...(frame ? { frame } : {}),
    shape: { type: "tag" },
    attributes: { reason, ...(words ? { text: words } : {}) },
  });
  const gone = putOut(editor, frame).map((before) => ({ id: before.id, before, after: null }));
  editor.apply("answer Cannot assess", [...gone, { id: answer.id, before: null, after: answer }], frame);
  editor.select([answer.id]);
  return answer;
}

/** Says that marks are unclear, or what exactly of one; nothing takes it back. */
export function setUnclear(editor: Editor, targets: readonly Annotation[], unclear: Unclear | null): void {
  const marks = targets.filter((one) => !isAnswer(one));
  const key = marks.length === 1 && unclear ? `unclear:${marks[0]?.id}` : undefined;
  editor.change(
    unclear ? "call unclear" : "call clear",
    marks,
    ({ unclear: _old, ...rest }) => (unclear ? { ...rest, unclear } : rest),
    key,
  );
}

/** Calls the selected marks unclear, or takes that back where all of them are. */
export function toggleUnclear(editor: Editor): void {
  const marks = editor.selection().filter((one) => !isAnswer(one));
  if (marks.length === 0) {
    editor.say("Select the marks that are unclear.");
    return;
  }
  setUnclear(editor, marks, marks.every((one) => one.unclear) ? null : {});
}

/** A doubt in words. */
export function unclearWords(unclear: Unclear): string {
  const sure = CONFIDENCES.find((entry) => entry.code === unclear.confidence)?.label;
  return ["unclear", sure, unclear.reason].filter(Boolean).join(", ");
}
