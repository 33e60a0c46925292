/** The rules of the work in words: who may do what next, and what to do when one may not. */
import type { Explanation } from "./refusals";

export const OF_THE_WORK: Record<string, Explanation> = {
  deviation_needs_reason: {
    title: "Say why",
    advice:
      "Somebody has begun work since you opened this. A change of the protocol from now on is a deviation; its reason is kept.",
  },
  hold_working: {
    title: "A hold is still reaching its items",
    advice: "One of them could be among what is released. Try again when the hold has reached them all.",
  },
  bad_lot: { title: "No such lot", advice: "Name the lot as its items carry it." },
  protocol_unsigned: {
    title: "The protocol is not signed yet",
    advice:
      "Work is given out once an owner of the project has signed it, on the project's page. Files come in and pass the gate meanwhile.",
  },
  protocol_planned: {
    title: "Another version waits for its time",
    advice: "It is signed and dated ahead. Withdraw it first, or wait until it is in force.",
  },
  nothing_planned: {
    title: "No version waits",
    advice: "It came into force or was withdrawn meanwhile. Reload the page.",
  },
  bad_effective_date: {
    title: "This date is too far ahead",
    advice: "A version can be dated a year ahead at most.",
  },
  already_signed: {
    title: "It is signed already",
    advice: "Somebody was faster. Reload the page; work is given out.",
  },
  guideline_planned: {
    title: "A draft is signed and waits for its time",
    advice:
      "It is published as it was signed. Withdraw it, with a reason, to change it or to publish another one.",
  },
  separation_of_duties: {
    title: "Someone else has to do this",
    advice:
      "You already took part in this item at another stage, or in an item of this release. Nobody checks their own work or lets it go here, whatever their role.",
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
  event_too_large: {
    title: "Too long for the evidence",
    advice:
      "What you wrote is longer than an entry of the log may be. Nothing was changed; say it in fewer words.",
  },
  not_mergeable: {
    title: "These marks cannot be merged",
    advice: "They have nothing in common that the rule could make one mark of. Take one of them, or draw.",
  },
  bad_marks: {
    title: "Choose marks of one finding",
    advice: "Two marks or more of the same finding can be merged, each of another reader.",
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
  accepted_already: {
    title: "Every stage has passed this item",
    advice: "Nothing is left to stand in the way of. Write a note, or have the item put on hold.",
  },
  finding_resolved: {
    title: "This finding is resolved",
    advice: "Open it again with the reason, then go on.",
  },
  finding_open: { title: "This finding is open", advice: "Answer it or resolve it." },
  words_required: { title: "Say what it is", advice: "Write a few words; whoever reads it was not there." },
  bad_place: {
    title: "There is no such place",
    advice: "Pin it to a frame of this item, or to a mark that you see.",
  },
  too_many_findings: {
    title: "There are too many findings on this item",
    advice: "Resolve some, or say it in one that is there.",
  },
  too_many_notes: { title: "This thread is full", advice: "Resolve it and open another finding." },
  mark_wrong: {
    title: "You said that a mark is wrong",
    advice: "Correct it, remove it, or send the read back.",
  },
  marks_unanswered: {
    title: "Is each mark right?",
    advice:
      "Some marks were neither confirmed nor called wrong. Answer them one by one, or say that all others are right.",
  },
  not_reserved: {
    title: "It waits for nobody in particular",
    advice: "Anybody who may do the stage can take it already. Reload the page to see where it stands.",
  },
  bad_mark_answer: {
    title: "The answers do not fit the read",
    advice: "Reload the page: the read under review may be another one by now.",
  },
  already_appealed: { title: "You have spoken against it", advice: "A third person decides about it." },
  nothing_to_appeal: {
    title: "There is nothing to speak against",
    advice: "Your read was accepted as it was.",
  },
  bad_rate: { title: "This price does not fit", advice: "The sentence above names what is wrong." },
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
  protocol_void: {
    title: "The protocol is void",
    advice:
      "What is kept of it is not what was signed: somebody changed it in the database. Tell the people who run this installation.",
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
  guideline_unacknowledged: {
    title: "The guideline has changed",
    advice: "Read it first: it is under “Guideline” in the project, with one button at its top.",
  },
  guideline_changed: {
    title: "The guideline changed again",
    advice: "Reload the page and read the version that is in force now.",
  },
  bad_guideline: {
    title: "This guideline cannot be kept",
    advice: "Mend the place that is named and try again.",
  },
  bad_example: {
    title: "This picture cannot be an example",
    advice: "Choose a PNG or JPEG image of at most 8 MB.",
  },
  example_needs_gate: {
    title: "Pictures pass the gate first",
    advice: "Bring it in as an item, and take the example from there once it is cleared.",
  },
  bad_ontology: {
    title: "The classes cannot change like this",
    advice: "Mend the operation that is named and try again; nothing was changed.",
  },
  split_class_left: {
    title: "A class was split",
    advice: "Say of each of its marks which of the new classes it is, then hand it in again.",
  },
  qualification_missing: {
    title: "This asks for a qualification that you do not hold",
    advice:
      "Ask a quality engineer or an owner of the project to enter your certificate. Until then other work is yours, and this is somebody else's.",
  },
  contract_not_valid: {
    title: "The contract is not valid now",
    advice:
      "Nothing is given out before it begins or after it ended. What you saved is kept; ask whoever leads your work about a new contract.",
  },
  given_elsewhere: {
    title: "This item is given to others to read",
    advice: "An owner of the project can take it back from them. Take another item meanwhile.",
  },
  not_for_vendors: {
    title: "Not for people of vendors",
    advice:
      "They read and review, and have no other role and no API tokens. Move the person to own staff first, or take the other roles away.",
  },
  bad_contract: {
    title: "These dates are no contract",
    advice: "A vendor has a contract from one time until a later one; own staff has none.",
  },
  no_such_organization: {
    title: "No such organization",
    advice: "Reload the page; it may have been set up elsewhere.",
  },
  bad_mix: {
    title: "This cannot be divided so",
    advice:
      "Name each organization once, and no more items than wait for their first reader. Where readers are asked one by one nothing can be divided beforehand.",
  },
  overlap_needs_readers: {
    title: "The protocol asks for another number of readers",
    advice:
      "What all organizations read takes as many independent readers as there are organizations. Change `readers` in the protocol, or choose another number of organizations.",
  },
  nobody_there: {
    title: "Nobody there could read it",
    advice: "Give somebody of the organization the role first, and look at its contract under People.",
  },
  nothing_waits: {
    title: "Nothing waits",
    advice: "Every item is given to somebody, is being read, or has been read.",
  },
  readers_fixed: {
    title: "The protocol fixes how many read it",
    advice:
      "A protocol can say that fewer people read what is given to one of several organizations; this one does not.",
  },
  bad_period: { title: "No such span of time", advice: "The last day comes after the first." },
  bad_question: {
    title: "These shares cannot be compared",
    advice: "Shares and chance lie between 0 and 1.",
  },
  qualification_expired: {
    title: "Your qualification has ended",
    advice:
      "Have it renewed; a quality engineer or an owner enters the new certificate, and the tasks come back at once.",
  },
  bad_paper: {
    title: "This document is not kept",
    advice:
      "Documents are PDF, PNG or JPEG files of up to 8 MB, and the same file as the fingerprint that was entered. Other files stay where they are: their fingerprint is enough.",
  },
  paper_kept: {
    title: "The document is kept already",
    advice: "It is never replaced. Enter a new certificate if it has to be another one.",
  },
  bad_qualification: {
    title: "This certificate cannot be entered",
    advice: "Mend the field that is named and try again.",
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
