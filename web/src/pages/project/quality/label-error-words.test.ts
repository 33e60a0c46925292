import { describe, expect, it } from "vitest";
import { project } from "../../../../tests/fixtures/data";
import { labelErrors } from "../../../../tests/fixtures/label-errors";
import { doubtWords, hitWords, searchWords, sourceWords } from "./label-error-words";

const [missing, other] = labelErrors.doubts;
const classes = project.protocol.classes;

describe("doubts in words", () => {
  it("says what is doubted and what speaks for it", () => {
    if (!missing || !other) throw new Error("fixture");
    expect(doubtWords(missing, classes)).toBe("Nodule is missing?");
    expect(sourceWords(missing)).toBe("the model's draft (91.0 %)");
    expect(sourceWords(other)).toBe("seen before and after this frame (45.0 %)");
    expect(doubtWords({ ...missing, kind: "class", class: "effusion" }, classes)).toMatch(/, or Nodule\?$/);
    expect(doubtWords({ ...missing, kind: "place", class: "nodule" }, classes)).toBe("Nodule lies askew?");
    expect(doubtWords({ ...missing, kind: "alone", class: "gone" }, classes)).toBe("gone: is it there?");
  });
  it("says of a tag which other one, with what was chosen", () => {
    if (!missing) throw new Error("fixture");
    const tag = { ...missing, kind: "tag", frame: null, place: null };
    const dirty = { ...tag, class: "surface", choices: { state: "dirty" } };
    const clean = { predicted_class: "surface", predicted_choices: { state: "clean" } };
    expect(doubtWords({ ...dirty, ...clean }, classes)).toBe("surface (dirty), or surface (clean)?");
    expect(doubtWords({ ...dirty, predicted_class: null }, classes)).toBe(
      "Tag surface (dirty): does it hold?",
    );
    expect(doubtWords({ ...tag, predicted_class: "effusion" }, classes)).toBe("Tag Effusion is missing?");
    expect(sourceWords(dirty)).toBe("how probable the model holds each answer (91.0 %)");
  });
  it("names the denominator of every number", () => {
    const kind = labelErrors.kinds[0];
    if (!kind || !labelErrors.search || !labelErrors.running) throw new Error("fixture");
    expect(hitWords(kind)).toBe("12 of 30 that were decided were sent back: 40.0 % (22.7 to 59.4)");
    expect(hitWords({ ...kind, hits: null })).toBeNull();
    expect(searchWords(labelErrors.running)).toBe("400 of 1,210 accepted items looked at");
    expect(searchWords(labelErrors.search)).toBe(
      "1,204 accepted items looked at, 1,190 of them with a model's draft to hold them against; 96 doubts found",
    );
  });
});
