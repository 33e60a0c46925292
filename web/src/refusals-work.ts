/** The rules of the work in words: who may do what next, and what to do when one may not. */
import type { Explanation } from "./refusals";

export const OF_THE_WORK: Record<string, Explanation> = {
  separation_of_duties: {
    title: "Someone else has to do this",
    advice:
      "You already took part in this item at another stage. Nobody checks their own work here, whatever their role.",
  },
  already_read: {
    title: "Someone else has to read it too",
    advice:
      "You have done your part of this item. The other read is worth something only if another person makes it without knowing yours.",
  },
  reads_too_few: {
    title: "The reads cannot be decided on yet",
    advice:
      "They differ, and nothing was merged for whoever decides between them. Reload the page; if it stays, tell the owner.",
  },
  cannot_escalate: {
    title: "This decision cannot be handed on",
    advice: "The protocol names nobody above you for it, or it was handed on to you already.",
  },
  not_overdue: {
    title: "There is still time for this task",
    advice: "It is handed on by itself once its time is over.",
  },
  return_unanswered: {
    title: "Say to whom it goes back",
    advice: "Choose whether the same person corrects it or another person begins afresh.",
  },
  return_fixed: {
    title: "The protocol says to whom it goes back",
    advice: "At this stage there is nothing to choose. Reload the page and reject it again.",
  },
  open_findings: {
    title: "There are open findings on this item",
    advice:
      "Nobody accepts or signs over an open question. Resolve the findings first, or send the item back.",
  },
  no_such_finding: {
    title: "This finding is not open any more",
    advice: "Somebody resolved it in the meantime. Reload the page to see how.",
  },
  bad_protocol: {
    title: "The protocol cannot be put into force",
    advice: "Mend the place that is named and try again; nothing was changed.",
  },
  not_comparable: {
    title: "These reads cannot be compared",
    advice:
      "A frame holds too many marks, or outlines that have nothing in common. Tell the owner of the project.",
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
  other_protocol_version: {
    title: "The item runs under another protocol version",
    advice: "Nothing was changed. Reload: an item is finished under the version that it began with.",
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
    advice: "Another window or person saved a newer version. Load it again, then make your change.",
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
};
