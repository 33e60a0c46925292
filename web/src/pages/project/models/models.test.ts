import { describe, expect, it } from "vitest";
import { configOf, draftOf, emptyDraft } from "./registration";
import { labelsNeeded, NotASample, readSample } from "./sample";

const SAMPLE = {
  info: { year: 2026 },
  images: [{ id: 1, file_name: "a.png", sha256: "ab", width: 3 }],
  annotations: [{ id: 9, image_id: 1, category_id: 2, bbox: [1, 2, 3, 4], area: 12 }],
  categories: [{ id: 2, name: "plate", supercategory: "car" }],
};

describe("a labelled sample", () => {
  it("keeps what the server reads", () => {
    expect(readSample(JSON.stringify(SAMPLE))).toEqual({
      images: [{ id: 1, sha256: "ab" }],
      annotations: [{ image_id: 1, category_id: 2, bbox: [1, 2, 3, 4] }],
      categories: [{ id: 2, name: "plate" }],
    });
  });

  it("says what is missing", () => {
    const told = (value: unknown) => {
      try {
        readSample(typeof value === "string" ? value : JSON.stringify(value));
      } catch (error) {
        if (error instanceof NotASample) return error.message;
      }
      return "";
    };
    expect(told("{")).toContain("not JSON");
    expect(told({ ...SAMPLE, annotations: undefined })).toContain("annotations");
    expect(told(null)).toContain("images");
    expect(told({ ...SAMPLE, images: [{ id: 1, sha256: "ab" }, { id: 2 }] })).toContain("Image 2");
  });

  it("needs 59 labels for 95 % at 95 % confidence, and 299 for 99 %", () => {
    expect([0.95, 0.99].map((bound) => labelsNeeded(bound, 0.95))).toEqual([59, 299]);
  });
});

describe("a registration", () => {
  it("goes into the form and comes back the same", () => {
    const config = configOf({ ...emptyDraft("models:8000"), name: "street", model: " faces ", plate: 4 });
    expect([config.model, config.output.plate, config.output.face_score]).toEqual(["faces", 4, 0.1]);
    expect(configOf(draftOf("street", config))).toEqual(config);
  });
});
