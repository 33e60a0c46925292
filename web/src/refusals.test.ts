import { describe, expect, it } from "vitest";
import { ApiProblem } from "./api/problem";
import { explain, fileRefusal, gateReason, knownCodes, problemText } from "./refusals";

/** The codes that the rules of the work refuse with; each must be explained, whatever else is. */
const WORKFLOW_CODES = [
  "not_accepted",
  "not_assessed",
  "audited",
  "already_gold",
  "already_retired",
  "separation_of_duties",
  "guideline_planned",
  "protocol_unsigned",
  "protocol_void",
  "already_signed",
  "hold_working",
  "bad_lot",
  "protocol_planned",
  "nothing_planned",
  "bad_effective_date",
  "already_read",
  "event_too_large",
  "no_click_model",
  "click_model_failed",
  "click_model_busy",
  "click_model_in_force",
  "click_model_retired",
  "bad_clicks",
  "picture_too_large",
  "log_stopped",
  "not_mergeable",
  "bad_marks",
  "cannot_escalate",
  "not_overdue",
  "reads_too_few",
  "return_unanswered",
  "return_fixed",
  "open_findings",
  "no_such_finding",
  "accepted_already",
  "finding_resolved",
  "finding_open",
  "words_required",
  "bad_place",
  "too_many_findings",
  "too_many_notes",
  "mark_wrong",
  "marks_unanswered",
  "not_reserved",
  "bad_mark_answer",
  "already_appealed",
  "nothing_to_appeal",
  "bad_rate",
  "bad_reason",
  "bad_protocol",
  "not_comparable",
  "lease_expired",
  "stale_fence",
  "not_leased",
  "wrong_stage",
  "other_protocol_version",
  "held",
  "signature_required",
  "reason_required",
  "missing_unanswered",
  "content_changed",
  "search_running",
  "rework_cap",
  "guideline_unacknowledged",
  "guideline_changed",
  "bad_guideline",
  "bad_example",
  "bad_study",
  "part_known",
  "held_everywhere",
  "not_judging",
  "not_your_turn",
  "not_over",
  "example_needs_gate",
  "bad_ontology",
  "split_class_left",
  "qualification_missing",
  "qualification_expired",
  "contract_not_valid",
  "given_elsewhere",
  "not_for_vendors",
  "bad_contract",
  "no_such_organization",
  "bad_mix",
  "overlap_needs_readers",
  "nobody_there",
  "nothing_waits",
  "readers_fixed",
  "bad_period",
  "bad_question",
  "bad_qualification",
  "bad_paper",
  "paper_kept",
  "not_in_role",
  "already_leased",
  "stale_revision",
  "nothing_to_do",
  "not_found",
  "bad_credentials",
  "locked",
  "unknown_class",
];

/** The codes of signing. */
const SIGNING_CODES = [
  "two_components_required",
  "acknowledgement_required",
  "other_statement",
  "session_required",
  "not_proposed",
  "two_people_needed",
  "already_closed",
];

/** The codes of erasure, re-identification and the vault. */
const PRIVACY_CODES = [
  "vault_offline",
  "keyring_offline",
  "erased",
  "recalled",
  "already_requested",
  "not_approved",
  "already_shown",
  "expired",
  "nothing_known",
  "no_such_subject",
];

/** The codes of shapes. */
const SHAPE_CODES = [
  "shape_not_allowed",
  "not_finite",
  "not_positive",
  "bad_polygon",
  "outline_crosses",
  "outside_image",
  "bad_mask",
  "bad_skeleton",
  "unknown_relation",
  "relation_to_itself",
  "relation_object_missing",
  "relation_class",
  "relation_twice",
  "too_many_relations",
];

/** The codes of audits. */
const AUDIT_CODES = [
  "bad_plan",
  "lot_too_large",
  "changed_while_frozen",
  "audit_running",
  "audited_since",
  "audited_too_often",
  "already_drawn",
  "not_auditing",
  "nothing_to_audit",
  "bad_selection",
  "not_your_unit",
  "labels_shown",
  "not_shown",
  "bad_judgement",
  "explain_difference",
  "blind_audit",
  "certification_open",
  "certification_void",
  "bad_choice",
  "not_returned",
  "inspection_discontinued",
  "not_discontinued",
  "in_batch",
  "batch_open",
];

describe("refusals", () => {
  it("explains every code of the work", () => {
    const codes = [...WORKFLOW_CODES, ...SIGNING_CODES, ...PRIVACY_CODES, ...SHAPE_CODES, ...AUDIT_CODES];
    expect(codes.filter((code) => !explain(code))).toEqual([]);
  });

  it("speaks in sentences, without codes", () => {
    for (const code of knownCodes) {
      const text = explain(code);
      expect(text?.title, code).toMatch(/^[A-Z“]/);
      expect(text?.advice, code).toMatch(/[.!?]$/);
      expect(`${text?.title}${text?.advice}`, code).not.toContain("_");
    }
  });

  it("shows place and sentence of the server with the rule", () => {
    const text = problemText(
      new ApiProblem("unknown_class", 422, 'class "x" is not in the protocol', "changes[3].class"),
    );
    expect(text.detail).toBe('class "x" is not in the protocol · changes[3].class');
    expect(text.title).toBe("Unknown class");
  });

  it("shows an unknown code honestly", () => {
    const text = problemText(new ApiProblem("moon_phase", 409, "The moon is full."));
    expect(text.title).toBe("The moon is full.");
    expect(text.advice).toContain("moon_phase");
  });

  it("tells how long a lock-out lasts", () => {
    expect(problemText(new ApiProblem("locked", 429, "", undefined, 61)).advice).toContain("2 minutes");
    expect(problemText(new ApiProblem("locked", 429, "", undefined, 30)).advice).toContain("1 minute,");
  });

  it("falls back to words for files and gate reasons that it does not know", () => {
    expect(fileRefusal("truncated")).toContain("too early");
    expect(fileRefusal("dicom-truncated")).toContain("too early");
    expect(fileRefusal("image-dimensions")).toContain("Width");
    expect(fileRefusal("dicom-image-too-large")).toContain("Width");
    expect(fileRefusal("kitti.not_a_rotation")).toContain("rotation");
    expect(gateReason("faces-and-plates-not-ruled-out")).toContain("plates");
    expect(fileRefusal("odd_new_thing")).toBe("odd new thing");
    expect(gateReason("odd_new_thing")).toBe("odd new thing");
  });
});
