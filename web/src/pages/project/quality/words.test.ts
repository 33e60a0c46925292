import { describe, expect, it } from "vitest";
import { certifications } from "../../../../tests/fixtures/quality";
import { allowed, atMost, boundWords, confidence, isWithdrawn, standing, streamWords } from "./words";

describe("words for bounds", () => {
  it("never shows a bound smaller than it is", () => {
    expect(atMost(0.0201)).toBe("2.01 %");
    expect(atMost(0.020_101)).toBe("2.02 %");
    expect(atMost(0.07)).toBe("7.00 %");
    expect(atMost(1)).toBe("100.00 %");
  });

  it("names the denominator", () => {
    const bound = { lot: 1_200, checked: 150, found: 1, upper: 31, left: 30, share: 31 / 1_200 };
    expect(boundWords(bound)).toBe("at most 31 of 1,200 (2.59 %)");
  });

  it("shows a confidence as it was named", () => {
    expect(confidence(0.95)).toBe("95 %");
    expect(confidence(0.975)).toBe("97.5 %");
  });

  it("never shows an allowed error larger than it is", () => {
    expect(allowed(1 - 0.95)).toBe("5 %");
    expect(allowed(1 - 0.975)).toBe("2.5 %");
    expect(allowed(0.010_79)).toBe("1 %");
    expect(allowed(0.000_042_9)).toBe("0.0042 %");
    expect(allowed(0)).toBe("0 %");
  });

  it("says against what a stream is held", () => {
    const classes = [
      { id: "nodule", name: "Nodule", color: "#fff", shapes: [], attributes: [], retired: false },
    ];
    expect(streamWords("review", classes)).toBe("corrections by reviewers");
    expect(streamWords("class:nodule", classes)).toBe("misses of Nodule");
    expect(streamWords("class:gone", classes)).toBe("misses of gone");
  });
});

describe("where an audit stands", () => {
  const [running] = certifications;
  if (!running) throw new Error("no certification in the fixtures");
  it("tells a set that was withdrawn from one that an erasure made void", () => {
    const withdrawn = { ...running, state: "void", stop: "ended", overall: null };
    expect(standing(withdrawn).word).toBe("Withdrawn: nothing was judged");
    // Ended by hand with a bound, and erased from after that.
    const erased = { ...running, state: "void", stop: "ended" };
    expect(isWithdrawn(erased)).toBe(false);
    expect(standing(erased).word).toBe("Void: somebody in it was erased");
    expect(standing({ ...withdrawn, stop: null }).word).toBe("Void: somebody in it was erased");
  });
});
