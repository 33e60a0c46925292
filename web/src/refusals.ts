/**
 * Every refusal in words: what happened and what to do now. The server's own sentence names the place; this one
 * explains the rule. A code that is not listed is shown with the server's sentence alone.
 */
import type { ApiProblem } from "./api/problem";
import { DRAWN } from "./refusals-drawn";
import { GATE_REASONS } from "./refusals-gate";
import { QUALITY_REFUSALS } from "./refusals-quality";
import { OF_THE_WORK } from "./refusals-work";

export type Explanation = { title: string; advice: string };

const REFUSALS: Record<string, Explanation> = {
  ...QUALITY_REFUSALS,
  ...OF_THE_WORK,
  // People behind the data
  vault_offline: {
    title: "The vault is offline",
    advice: "De-identification and looking people up wait until it is back. All other work goes on.",
  },
  keyring_offline: {
    title: "The keyring is offline",
    advice: "Images can be neither read nor stored until it is back. Tell whoever runs this installation.",
  },
  erased: {
    title: "This person was erased",
    advice: "Images and marks were destroyed for good. Only ids and the evidence of the erasure are left.",
  },
  recalled: {
    title: "This release was taken back",
    advice: "Somebody in it was erased. Make a new release; it leaves them out.",
  },
  already_requested: {
    title: "Already asked for",
    advice: "An erasure of this subject waits for a second person or is being carried out.",
  },
  not_approved: {
    title: "Nobody has agreed yet",
    advice: "A second person has to approve this first, and may have refused.",
  },
  already_shown: {
    title: "Shown before",
    advice: "This is shown a single time. Ask again if you still need it; every request is kept.",
  },
  expired: {
    title: "The time has run out",
    advice: "It could be looked at for half an hour after it was approved. Ask again.",
  },
  nothing_known: {
    title: "Nothing is known",
    advice: "The vault holds no entry for this item, so nobody can be named.",
  },
  no_such_subject: {
    title: "Not in this project",
    advice: "No file of this patient came in under this ID and issuer. Check both.",
  },
  bad_patient_id: {
    title: "Patient ID does not fit",
    advice: "Shorten it. The limit is in the sentence above.",
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
  bad_answer: {
    title: "The answer is not complete",
    advice: "It needs a reason of the list, and words where that is “something else”.",
  },
  answer_not_allowed: {
    title: "Not an answer here",
    advice: "This project's protocol does not take “cannot assess”. Mark what you see, or ask its owner.",
  },
  answered_twice: {
    title: "Answered twice",
    advice: "Two answers say of one place that it cannot be assessed. Remove one of them.",
  },
  marks_not_assessed: {
    title: "Marks on what cannot be assessed",
    advice: "Remove the marks there, or the answer that it cannot be assessed.",
  },
  required_attribute: { title: "An answer is missing", advice: "A required attribute has no value yet." },
  too_many_objects: { title: "Too many marks", advice: "This read has reached the limit of marks." },
  bad_request: {
    title: "Not understood",
    advice: "Something in what you entered does not fit. The sentence above names it.",
  },
  too_large: {
    title: "Too large",
    advice: "This is over the limit that the server accepts. The limit is in the sentence above.",
  },
  bad_polygon: {
    title: "Points do not fit",
    advice: "The shape has too few points, too many, or is too intricate. Draw it again.",
  },
  ...DRAWN,
  bad_cursor: { title: "The list has changed", advice: "Load it again from the top." },
  bad_comment: { title: "Comment does not fit", advice: "Shorten it. The limit is in the sentence above." },
  bad_reason: {
    title: "Reason does not fit",
    advice: "Use one of those that are offered, or shorten it. The sentence above says which.",
  },
  wrong_read: {
    title: "Not the read of this task",
    advice: "The task belongs to another read. Reload the task.",
  },
  waiver_needed: {
    title: "Looking cannot settle this",
    advice: "One of the reasons stays however long somebody looks. Waive the risk with a reason, or reject.",
  },
  risk_not_waived: {
    title: "Not fit for the public yet",
    advice:
      "A risk stays in some of these items, such as a face that can be rebuilt from slices. A privacy officer waives it under Oversight, with a reason; until then a release for people under the project's agreements is possible.",
  },
  no_such_risk: {
    title: "Nothing left to waive",
    advice: "Somebody else waived it, or the items were cleaned anew. The list shows what is left.",
  },
  second_person_needed: {
    title: "A second person is needed",
    advice: "You opened this waiver. Another privacy officer has to confirm it, with a reason of their own.",
  },
  model_not_allowed: {
    title: "May not be called",
    advice: "Whoever runs this server names the model servers that may be given pixels when it starts.",
  },
  bad_model: {
    title: "Registration does not fit",
    advice: "The sentence above names the place. Nothing was registered.",
  },
  too_many_models: { title: "Too many models", advice: "Register a new revision of one that is there." },
  model_retired: { title: "Retired", advice: "Register it again to measure and use it." },
  run_under_way: { title: "A run is under way", advice: "Wait for its result; only one at a time." },
  bad_sample: { title: "Sample does not fit", advice: "The limits are in the sentence above." },
  bad_hash: { title: "Not a checksum", advice: "Each image needs the SHA-256 of its file, 64 digits." },
  unknown_frame: {
    title: "Frame is not here",
    advice: "Bring the frame into this project first. It is found by the SHA-256 of its file.",
  },
  frame_twice: { title: "Frame is there twice", advice: "Put all labels of a frame under one image." },
  mask_not_possible: {
    title: "Cannot be masked here",
    advice: "The pixels of this file cannot be changed. If something in them must be hidden, reject it.",
  },
  mask_outside: {
    title: "Beyond the picture",
    advice: "A mask has to lie within the picture. Draw it again.",
  },
  unknown_mask: {
    title: "No such mask",
    advice: "The masks have changed in the meantime. Load the entry again.",
  },
  too_many_masks: {
    title: "Too many masks",
    advice: "The limit is in the sentence above. One large mask covers as much as many small ones.",
  },
  item_changed: {
    title: "More files arrived",
    advice: "The gate looks at this item again. Wait a moment and load the queue anew.",
  },
  bad_profile: {
    title: "These rules do not hold",
    advice: "The sentence above names the place. Nothing was changed.",
  },
  not_cleaned: {
    title: "Cannot be cleaned",
    advice: "These rules cannot clean this file. The sentence above names the place.",
  },
  bad_state: { title: "No such state", advice: "Choose one of the list." },
  not_recalled: {
    title: "Already decided",
    advice: "This item does not wait for a decision any more. Reload to see what became of it.",
  },
  recalled_elsewhere: {
    title: "Another leak keeps it",
    advice: "The item was recalled for two reasons. Decide about the other leak first.",
  },
  nothing_cleared: {
    title: "Nothing to audit yet",
    advice: "A sample is drawn from what the gate has cleared; nothing was cleared in this project so far.",
  },
  bad_plan: {
    title: "No such sample",
    advice:
      "Name either how many items to look at or the rate that you would accept, between 0 and 100 percent.",
  },
  already_declared: {
    title: "Already declared",
    advice: "This was said and signed before; nothing changes.",
  },
  not_clearable: {
    title: "Cannot be cleared",
    advice: "The system could not clean this at all, so nobody may let it through. Reject it.",
  },
  no_such_hold: {
    title: "No such hold",
    advice: "It was lifted already. Reload to see where the item stands.",
  },
  bad_draft_model: { title: "No such model", advice: "Choose a model from the list." },
  model_stopped: {
    title: "Stopped already",
    advice: "Somebody was faster: the model is stopped here. Reload to see who and why.",
  },
  model_not_stopped: {
    title: "It drafts",
    advice: "The model is not stopped here (any more). Reload to see how it stands.",
  },
  not_decodable: {
    title: "Cannot be shown",
    advice: "The picture uses a compression that cannot be opened here.",
  },
  not_a_slide: {
    title: "Not a slide",
    advice: "Only slides are cut into tiles. Open the item again.",
  },
  not_finished: {
    title: "Not finished",
    advice: "The release is still being written. Try again in a moment.",
  },
  nothing_accepted: {
    title: "Nothing to release",
    advice: "No accepted item is free to go into a release. Items on hold stay out.",
  },
  item_not_accepted: {
    title: "An item is not accepted",
    advice: "Only accepted items can be released. Choose again.",
  },
  not_exportable: {
    title: "Cannot be written out",
    advice: "A mark does not fit the formats of this release. The sentence above names it.",
  },
  release_too_large: {
    title: "Too large for one release",
    advice: "Choose fewer items and make several releases.",
  },
  too_many_items: { title: "Too many items", advice: "Choose fewer, or release all accepted ones." },
  no_files: { title: "No file arrived", advice: "Choose files or a folder and try again." },
  upload_stalled: {
    title: "The upload stood still",
    advice: "The connection was too slow or broke. Try again; nothing is stored twice.",
  },
  too_many_streams: {
    title: "Too many open windows",
    advice: "Close some windows of this page; then live changes come back.",
  },
  precondition_required: {
    title: "No revision was sent",
    advice: "Reload the page and make the change again.",
  },
  login_taken: { title: "User name already used", advice: "Choose another user name." },
  name_taken: { title: "Name already used", advice: "Choose another name." },
  already_exists: { title: "Already there", advice: "One like this exists already." },
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
  two_components_required: {
    title: "Your user name is needed too",
    advice:
      "The first signature of a session, and one after a quarter of an hour without any, takes your user name and your password.",
  },
  acknowledgement_required: {
    title: "Say first that your signature binds you",
    advice: "Read the statement and agree to it; you are asked once. Then sign.",
  },
  other_statement: {
    title: "The statement has changed",
    advice: "Close this and open it again to read the one that is in force now.",
  },
  session_required: {
    title: "A token cannot sign",
    advice: "Sign in with your user name and password, and sign in person.",
  },
  not_proposed: {
    title: "This release does not wait for a signature",
    advice: "It was countersigned or withdrawn before, or it was made by one person. Look at its state.",
  },
  two_people_needed: {
    title: "This takes two people",
    advice: "One begins the release on the page, another one countersigns it there.",
  },
  already_closed: {
    title: "Closed before",
    advice: "Somebody else looked into it. What they found stands there.",
  },
  must_change_password: {
    title: "Choose your own password first",
    advice: "The password you were given works only once.",
  },
  weak_password: {
    title: "Password too easy",
    advice: "Use at least 10 characters; a few unrelated words are fine.",
  },
  bad_days: { title: "A token works for 1 to 365 days", advice: "Choose how long; make a new one later." },
  same_password: { title: "That is the old password", advice: "Choose one that you have not used here." },
  unauthenticated: { title: "You are signed out", advice: "Sign in again; the page stays as it is." },
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
  storage_full: {
    title: "The server's disk is full",
    advice: "Nothing was stored. Tell whoever runs this server.",
  },
  log_stopped: {
    title: "The evidence log has stopped",
    advice:
      "Who looks at what cannot be recorded, so nothing is shown. Tell whoever runs this server: its log folder is full or cannot be written.",
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
  not_for_this_project: "Not a kind of file that this project takes",
  not_an_image: "Not an image",
  not_dicom: "Not a DICOM file",
  not_text: "Not readable as text",
  not_decodable: "A compression that cannot be decoded here",
  unsupported_transfer_syntax: "A compression that cannot be decoded here",
  unsupported_pixels: "A pixel layout that cannot be decoded here",
  codec: "The compressed picture is broken",
  broken: "The picture is broken",
  truncated: "The file ends too early",
  empty: "The file is empty",
  unreadable: "The file could not be read",
  too_large: "Larger than the limit",
  file_too_large: "Larger than the limit",
  image_too_large: "Width or height beyond the limit",
  inflated_too_large: "Unpacks to far more than it holds",
  dimensions: "Width or height beyond the limit",
  too_many_frames: "More frames than the limit",
  too_many_elements: "More elements than the limit",
  too_deep: "Nested deeper than the limit",
  bad_zip: "Not a valid zip archive",
  zip_bomb: "Unpacks to far more than it holds",
  zip_too_large: "The archive unpacks to more than the limit",
  zip_too_many_entries: "More files in the archive than the limit",
  path_traversal: "A name in the archive points outside of it",
  symbolic_link: "A link, not a file",
  polyglot: "Two kinds of file in one",
  polyglot_preamble: "Two kinds of file in one",
  bad_structure: "The file's structure is broken",
  bad_value: "A tag has a value that cannot be right",
  missing: "A needed tag is missing",
  no_study: "Does not say which study it belongs to",
  no_pixel_data: "Holds no picture",
  duplicate_name: "Another file of this upload has this name",
  name_too_long: "The name is too long",
  bad_name: "The name holds characters that are not allowed",
  duplicate_place: "Two files claim the same place",
  incomplete_scene: "A part of the scene is missing",
  bad_labels: "The label list cannot be read",
  not_a_rotation: "The calibration is not a rotation",
  non_finite: "A number is not a number",
  missing_key: "A line of the calibration is missing",
  bad_field: "A field cannot be read",
};

/** Codes come as `zip_bomb`, `dicom-truncated` or `kitti.not_a_rotation`: the craft in front is not part of the reason. */
function plainCode(code: string): string {
  return code.replaceAll("-", "_").replace(/^(dicom_|image_(?!too_large)|deid_|kitti\.|geometry\.)/, "");
}

/** In a few words why a file was refused; the server's sentence stands beside it. */
export function fileRefusal(code: string): string {
  const plain = plainCode(code);
  return FILE_REFUSALS[plain] ?? plain.replaceAll(/[_.]/g, " ");
}

// ---- Why something waits at the gate ------------------------------------------------------------------------

/** What was left to doubt, as `code at place`. */
export function gateResidual(text: string): string {
  const [code = "", ...place] = text.split(" at ");
  return [gateReason(code), ...place].join(" at ");
}

export function gateReason(code: string): string {
  const plain = plainCode(code);
  return GATE_REASONS[plain] ?? plain.replaceAll(/[_.]/g, " ");
}
