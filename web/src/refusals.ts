/**
 * Every refusal in words: what happened and what to do now. The server's own sentence names the place; this one
 * explains the rule. A code that is not listed is shown with the server's sentence alone.
 */
import type { ApiProblem } from "./api/problem";

export type Explanation = { title: string; advice: string };

const REFUSALS: Record<string, Explanation> = {
  // Rules of the work
  separation_of_duties: {
    title: "Someone else has to do this",
    advice:
      "You already took part in this item at another stage. Nobody checks their own work here, whatever their role.",
  },
  lease_expired: {
    title: "Your claim has run out",
    advice:
      "The time for this task is over. What you saved is kept; claim the task again to go on, if nobody else has taken it.",
  },
  stale_fence: {
    title: "This task is with someone else now",
    advice:
      "It was claimed again after your claim ran out, so this screen can no longer write to it. Your saved marks are kept in their version.",
  },
  not_leased: {
    title: "You do not hold this task",
    advice: "Claim it first. It may have been given back or finished in another window.",
  },
  already_leased: {
    title: "Already taken",
    advice: "Somebody else holds this task. Claim the next one instead.",
  },
  wrong_stage: {
    title: "The item has moved on",
    advice: "It is at another stage now. Reload to see where it stands.",
  },
  held: {
    title: "This item is on hold",
    advice: "It cannot move on until a quality engineer or an owner lifts the hold with a reason.",
  },
  signature_required: {
    title: "A signature is missing",
    advice: "This step only counts with your password. Enter it and sign.",
  },
  reason_required: {
    title: "Please give a reason",
    advice: "The reason is kept with the decision and shown to the person it concerns.",
  },
  missing_unanswered: {
    title: "One question is open",
    advice: "Answer “Is anything missing?” before you finish the review.",
  },
  content_changed: {
    title: "The marks have changed",
    advice: "What you are about to sign is no longer what you were shown. Look at it again, then sign.",
  },
  stale_revision: {
    title: "Saved elsewhere in the meantime",
    advice: "Another window saved a newer version of this read. Reload it, then make your change again.",
  },
  rework_cap: {
    title: "Sent back too often",
    advice: "This item has reached the limit of returns. An owner has to decide what happens to it.",
  },
  not_in_role: {
    title: "Not part of your role here",
    advice: "Your role in this project does not include this step. A project owner can grant it.",
  },
  nothing_to_do: {
    title: "Nothing waits for you",
    advice: "The queue is empty for you right now. New work appears here by itself.",
  },
  // What was sent
  unknown_class: {
    title: "Unknown class",
    advice: "The protocol has no such class, or it was retired. Choose another.",
  },
  shape_not_allowed: { title: "Shape not allowed", advice: "This class does not take this kind of shape." },
  not_finite: {
    title: "Not a place in the image",
    advice: "A coordinate is not a number. Undo the last change and draw again.",
  },
  not_positive: {
    title: "No size",
    advice: "A shape has no width, height or length. Make it larger or delete it.",
  },
  too_few_points: { title: "Too few points", advice: "A polygon needs at least three points." },
  too_many_points: { title: "Too many points", advice: "Split the polygon or draw it with fewer points." },
  not_a_rotation: {
    title: "Not a rotation",
    advice: "The turn of this box is not valid. Undo the last change.",
  },
  no_such_frame: { title: "No such frame", advice: "The mark lies on a frame that this item does not have." },
  bad_attribute: {
    title: "Attribute does not fit",
    advice: "A value does not fit its attribute. The sentence above names it.",
  },
  attribute_required: { title: "An answer is missing", advice: "A required attribute has no value yet." },
  too_many_objects: { title: "Too many marks", advice: "This read has reached the limit of marks." },
  bad_request: {
    title: "Not understood",
    advice: "Something in what you entered does not fit. The sentence above names it.",
  },
  too_large: {
    title: "Too large",
    advice: "This is over the limit that the server accepts. The limit is in the sentence above.",
  },
  name_taken: { title: "Name already used", advice: "Choose another name." },
  already_exists: { title: "Already there", advice: "One like this exists already." },
  no_items: {
    title: "Nothing to release",
    advice: "No accepted item is free to go into a release. Held items stay out.",
  },
  last_owner: {
    title: "The last owner stays",
    advice: "Make another owner first, so that nobody is locked out.",
  },
  // Signing in
  bad_credentials: {
    title: "Name or password is wrong",
    advice: "Check both and try again. After several wrong tries the account is locked for a while.",
  },
  locked: {
    title: "Too many wrong tries",
    advice: "This account is locked for a while. Wait, then try again.",
  },
  must_change_password: {
    title: "Choose your own password first",
    advice: "The password you were given works only once.",
  },
  weak_password: {
    title: "Password too easy",
    advice: "Use at least 12 characters; a few unrelated words are fine.",
  },
  same_password: { title: "That is the old password", advice: "Choose one that you have not used here." },
  signed_out: { title: "You are signed out", advice: "Sign in again; the page stays as it is." },
  csrf: {
    title: "Blocked for safety",
    advice: "The request did not come from this page. Reload and try again.",
  },
  // Places and machines
  not_found: { title: "Not here", advice: "It does not exist, or it is not yours to see." },
  external_unavailable: {
    title: "Image not reachable",
    advice: "The image lies outside and did not answer.",
  },
  disk_full: {
    title: "The server's disk is full",
    advice: "Nothing was stored. Tell whoever runs this server.",
  },
  busy: { title: "The server is busy", advice: "Wait a moment and try again." },
  new_version: {
    title: "Countersign was updated",
    advice: "This page is from before the update. Reload it; saved work is safe.",
  },
  offline: {
    title: "No connection",
    advice: "The server does not answer. Check the network; trying again by itself.",
  },
  internal: {
    title: "The server failed",
    advice: "It was recorded. Try again; if it stays, tell whoever runs this server.",
  },
};

export function explain(code: string): Explanation | null {
  return REFUSALS[code] ?? null;
}

/** The three lines that a refusal is shown with. `detail` is dropped where it would only say the title again. */
export function problemText(problem: ApiProblem): { title: string; detail: string; advice: string } {
  const known = explain(problem.code);
  if (!known) {
    return {
      title: problem.detail || "That did not work",
      detail: problem.place ?? "",
      advice: `Code ${problem.code}${problem.status ? `, status ${problem.status}` : ""}.`,
    };
  }
  let advice = known.advice;
  if (problem.code === "locked" && problem.retryAfter) {
    const minutes = Math.ceil(problem.retryAfter / 60);
    advice = `Try again in ${minutes} ${minutes === 1 ? "minute" : "minutes"}, or ask an owner for help.`;
  }
  const says = [problem.detail, problem.place].filter(Boolean).join(" · ");
  return { title: known.title, detail: says === known.title ? "" : says, advice };
}

export const knownCodes = Object.keys(REFUSALS);

// ---- Files that were not taken in ---------------------------------------------------------------------------

const FILE_REFUSALS: Record<string, string> = {
  not_an_image: "Not a kind of file that this project takes",
  truncated: "The file ends too early",
  too_large: "Larger than the limit",
  zip_bomb: "The archive unpacks to far more than it holds",
  path_traversal: "A name in the archive points outside of it",
  too_many_files: "More files than the limit",
  too_deep: "Archives within archives, too deep",
  polyglot: "Two kinds of file in one",
  unsupported_transfer_syntax: "A compression that cannot be decoded here",
  missing_tag: "A needed tag is missing",
  bad_tag: "A tag has a value that cannot be right",
  dimensions: "Width or height beyond the limit",
  not_a_rotation: "The calibration is not a rotation",
  not_finite: "A coordinate is not a number",
  incomplete_frame: "A part of the frame is missing",
};

/** In a few words why a file was refused; the server's sentence stands beside it. */
export function fileRefusal(code: string): string {
  return FILE_REFUSALS[code] ?? code.replaceAll("_", " ");
}

// ---- Why something waits at the gate ------------------------------------------------------------------------

const GATE_REASONS: Record<string, string> = {
  burned_in_text: "Text may be part of the picture",
  burned_in_unknown: "Text in the picture is not ruled out",
  burned_in_annotation: "The file says that text is burned in",
  secondary_capture: "A secondary capture: may show a screen or paper",
  no_face_detector: "Camera image, and no face detector is set up",
  camera_image: "Camera image, and no face detector is set up",
  recognizable_visual_features: "Features of the face may be recognised",
  head_volume: "A face could be rebuilt from this volume",
  unknown_sop_class: "A kind of DICOM object without a rule of its own",
  encapsulated_document: "Holds a document",
  graphics: "Drawn graphics may carry text",
  unknown_private: "Private data without a rule of its own",
};

export function gateReason(code: string): string {
  return GATE_REASONS[code] ?? code.replaceAll("_", " ");
}
