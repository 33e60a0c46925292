/** What is refused around the quality of labels, in words. */
import type { Explanation } from "./refusals";

export const QUALITY_REFUSALS: Record<string, Explanation> = {
  // Audits of labels
  bad_plan: {
    title: "This plan cannot be audited",
    advice: "Change what is named. All of a plan is fixed before the first item is looked at.",
  },
  lot_too_large: {
    title: "Too many items for one audit",
    advice: "Release some of them first, or put some on hold; then freeze the rest.",
  },
  changed_while_frozen: {
    title: "Something moved meanwhile",
    advice: "An item changed while the set was frozen. Nothing was kept; freeze it again.",
  },
  already_drawn: {
    title: "The order stands",
    advice: "It was drawn once, after the set was frozen, and nobody can draw it again.",
  },
  not_auditing: {
    title: "Nothing is judged here",
    advice: "The order has to be drawn first, or the audit is over. Reload to see where it stands.",
  },
  nothing_to_audit: {
    title: "Nothing is left for you",
    advice:
      "You had a part in the items that are left, saw them elsewhere, or somebody else has them. Ask another person.",
  },
  bad_selection: {
    title: "A certified set is released whole",
    advice: "Release the set as it was frozen, or choose items and leave the audit out.",
  },
  not_your_unit: {
    title: "Not yours to judge",
    advice: "You judged it, it was never given to you, or your time for it ran out. Take the next item.",
  },
  labels_shown: {
    title: "You were shown the labels",
    advice: "What you said before stands. Say now what is wrong with the labels.",
  },
  not_shown: {
    title: "Look first",
    advice: "Say what you see yourself; after that the labels are shown, and you can judge them.",
  },
  bad_judgement: {
    title: "This judgement does not fit",
    advice: "Name classes of the protocol and labels of this item.",
  },
  explain_difference: {
    title: "Your count differs",
    advice: "Name the error, or say in the comment why the difference is none.",
  },
  blind_audit: {
    title: "You audit here",
    advice: "Until the audit is over, you see its labels in the audit only. Somebody else can download this.",
  },
  certification_open: {
    title: "Not certified yet",
    advice: "The audit goes on, or its certificate is being written. Release the set when it is certified.",
  },
  certification_void: {
    title: "The certificate does not fit any more",
    advice:
      "A label that nobody found wrong changed, is on hold, or was erased. Lift the hold, or have the set audited anew.",
  },
  // Batches
  bad_choice: {
    title: "This choice does not fit",
    advice: "Change what is named; an empty field chooses nothing.",
  },
  not_returned: {
    title: "This batch does not come again",
    advice: "Only a returned batch is submitted a second time. Choose items for a new one.",
  },
  inspection_discontinued: {
    title: "Nothing is taken at present",
    advice:
      "Too many batches of this supplier were returned. Somebody has to say what changed and resume inspection.",
  },
  not_discontinued: {
    title: "Inspection goes on",
    advice: "Batches of this supplier are taken as they are. There is nothing to resume.",
  },
  in_batch: {
    title: "It waits with its batch",
    advice: "An item leaves once its batch is accepted. Leave it out, or have the batch inspected first.",
  },
  batch_open: {
    title: "Not decided yet",
    advice:
      "A batch has its record once it is decided: until then it would show labels to those who inspect.",
  },
  search_running: {
    title: "A search is looking already",
    advice: "One search of a project looks at a time. What it finds is listed here when it is through.",
  },
  already_decided: {
    title: "Already decided",
    advice: "Somebody else was faster. The page shows what was decided.",
  },
};
