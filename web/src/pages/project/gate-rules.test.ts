import { describe, expect, it } from "vitest";
import {
  DEFAULT_PLAN,
  linesOf,
  optionsOf,
  planOf,
  recordsOf,
  samePlan,
  withOption,
  withWord,
} from "./gate-rules";

describe("rules of de-identification", () => {
  it("are the default where the protocol says nothing", () => {
    expect(planOf({})).toEqual(DEFAULT_PLAN);
    expect(planOf({ deid: { ...DEFAULT_PLAN, dates: "shift" } }).dates).toBe("shift");
  });

  it("keep the order of the standard, whatever the order of the clicks", () => {
    const first = withOption("basic", "retain_uids", true);
    const second = withOption(first, "clean_graphics", true);
    expect(second).toBe("basic,clean_graphics,retain_uids");
    expect(withOption(second, "retain_uids", false)).toBe("basic,clean_graphics");
    expect(withOption("basic, clean_graphics", "clean_graphics", true)).toBe("basic,clean_graphics");
    expect([...optionsOf("basic")]).toEqual([]);
  });

  it("keep a word that this page does not know", () => {
    expect(withOption("basic,something_new", "clean_graphics", true)).toBe(
      "basic,clean_graphics,something_new",
    );
  });

  it("let postal codes go with the patient characteristics", () => {
    const kept = withWord(DEFAULT_PLAN, "retain_patient_characteristics", true);
    const cut = { ...kept, postal_codes: "zip3" as const };
    expect(withWord(cut, "clean_graphics", true).postal_codes).toBe("zip3");
    expect(withWord(cut, "retain_patient_characteristics", false).postal_codes).toBe("remove");
    expect(samePlan(kept, cut)).toBe(false);
  });

  it("are the same in other writing", () => {
    expect(samePlan(DEFAULT_PLAN, { ...DEFAULT_PLAN, profile: "basic " })).toBe(true);
    expect(samePlan(DEFAULT_PLAN, { ...DEFAULT_PLAN, audit: { sample: 9, confidence: 0.95 } })).toBe(false);
  });

  it("say what becomes of each column of a table", () => {
    const lines = [
      { name: "mrn", action: "pseudonym", values: "" },
      { name: "sex", action: "one_of", values: "F, M,,X" },
      { name: "", action: "keep", values: "" },
    ];
    const records = recordsOf("HOSP", lines);
    expect(records).toEqual({
      issuer: "HOSP",
      columns: { mrn: "pseudonym", sex: { one_of: ["F", "M", "X"] } },
    });
    expect(linesOf(records)).toEqual([lines[0], { name: "sex", action: "one_of", values: "F, M, X" }]);
    const other = { ...records, columns: { sex: records.columns.sex ?? "keep", mrn: "pseudonym" as const } };
    expect(samePlan({ ...DEFAULT_PLAN, records }, { ...DEFAULT_PLAN, records: other })).toBe(true);
    expect(samePlan({ ...DEFAULT_PLAN, records }, DEFAULT_PLAN)).toBe(false);
  });
});
