/** What is refused around the quality of labels, in words. */
import type { Explanation } from "./refusals";

export const QUALITY_REFUSALS: Record<string, Explanation> = {
  // Hidden gold
  not_accepted: {
    title: "It is not accepted",
    advice: "Only the labels of an item that passed every stage can be trusted. Choose another one.",
  },
  not_assessed: {
    title: "It cannot be assessed",
    advice: "Where nothing can be assessed nothing can be missed. Choose another item.",
  },
  audited: {
    title: "It is in an audit",
    advice: "What is or was audited does not become gold as well. Choose another item.",
  },
  already_gold: {
    title: "It is or was gold",
    advice: "An item is gold once. Choose another one.",
  },
  already_retired: {
    title: "It was retired before",
    advice: "Nothing is left to do. Reload to see why and by whom.",
  },
  // Audits of labels
  bad_plan: {
    title: "This plan cannot be audited",
    advice: "Change what is named. All of a plan is fixed before the first item is looked at.",
  },
  bad_study: {
    title: "This study cannot be planned like that",
    advice: "Change what is named. All of a study is fixed before anybody judges.",
  },
  part_known: {
    title: "Somebody knows this part",
    advice:
      "Who worked on a part, or was shown it, is no judge of it. Choose another part, or another person.",
  },
  held_everywhere: {
    title: "Their certificate counts on every project",
    advice:
      "A study of one project could not take it away. Have it revoked under People, then plan the study.",
  },
  not_judging: {
    title: "Nothing is judged here",
    advice: "The orders have to be drawn first, or the study is over.",
  },
  not_your_turn: {
    title: "Not the part that you judge now",
    advice: "Each part is answered once, in its order. Reload to go on where you are.",
  },
  not_over: {
    title: "The study is not over",
    advice: "Nobody sees an answer before everybody is through, or it was ended with a reason.",
  },
  lot_too_large: {
    title: "Too many items for one audit",
    advice: "Release some of them first, or put some on hold; then freeze the rest.",
  },
  changed_while_frozen: {
    title: "Something moved meanwhile",
    advice: "An item changed while the set was frozen. Nothing was kept; freeze it again.",
  },
  audit_running: {
    title: "These labels are being audited",
    advice: "End the audit that is named first. Two at once could not count each other.",
  },
  audited_since: {
    title: "Another audit of these labels was begun",
    advice:
      "This set was frozen before it and does not count it. Freeze the labels anew; this one stays undrawn.",
  },
  audited_too_often: {
    title: "Audited too often",
    advice: "Nothing more can be stated about these labels. Labels that are done anew are other labels.",
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
