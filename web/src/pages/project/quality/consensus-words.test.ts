import { describe, expect, it } from "vitest";
import { consensus } from "../../../../tests/fixtures/consensus";
import { project } from "../../../../tests/fixtures/data";
import { accuracyWords, answerWords, differsWords, majorityWords, mistakeWords } from "./consensus-words";

const classes = project.protocol.classes;
const [tied, clear] = consensus.least_certain.map((item) => item.answers[0]);
const [first, second] = consensus.readers;

describe("consensus in words", () => {
  it("names an answer, its choices, and that nothing is there", () => {
    expect(answerWords([], classes)).toBe("nothing");
    expect(answerWords([{ class: "nodule" }], classes)).toBe("Nodule");
    const chosen = { class: "gone", choices: { cause: "too_dark" } };
    expect(answerWords([{ class: "nodule" }, chosen], classes)).toBe("Nodule and gone (too dark)");
  });
  it("says a tie to be one, and of how many", () => {
    if (!tied || !clear) throw new Error("fixture");
    expect(majorityWords(tied, classes)).toBe("tie, 1 of 2 each: nothing – Effusion");
    expect(majorityWords(clear, classes)).toBe("Effusion: 2 of 3");
    expect(majorityWords({ ...clear, majority: [] }, classes)).toBe("nobody answered");
  });
  it("names who differs only where readers are named", () => {
    if (!tied || !clear) throw new Error("fixture");
    expect(differsWords(tied, consensus.readers, classes)).toBe("Test radiologist: nothing");
    expect(differsWords(tied, [], classes)).toBe("1 reader: nothing");
    expect(differsWords(clear, consensus.readers, classes)).toBe("1 reader: nothing");
    const agreed = { ...tied, reads: tied.reads.map((read) => ({ ...read, differs: false })) };
    expect(differsWords(agreed, consensus.readers, classes)).toBe("nobody");
  });
  it("gives every figure of a reader its denominator", () => {
    if (!first || !second) throw new Error("fixture");
    expect(accuracyWords(first)).toBe("95.1 %, of 118 answers in 118 items");
    expect(accuracyWords(second)).toBe("99.9 %, of 117 answers in 117 items");
    expect(mistakeWords(first, classes)).toBe("nothing where it is Effusion: 12.0 % of about 22");
    expect(mistakeWords(second, classes)).toBe("none that stands out");
  });
});
