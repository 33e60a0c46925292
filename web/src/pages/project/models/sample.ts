/** A labelled sample read from a file: COCO JSON with the SHA-256 of each image. */
import type { Sample } from "@/api/models";

/** What a file is not, in words. */
export class NotASample extends Error {}

const isList = (value: unknown): value is Record<string, unknown>[] =>
  Array.isArray(value) && value.every((one) => typeof one === "object" && one !== null);

/** Takes the keys that the server reads; COCO files carry many more. */
export function readSample(text: string): Sample {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new NotASample("The file is not JSON.");
  }
  const { images, annotations, categories } = (value ?? {}) as Record<string, unknown>;
  if (!isList(images) || !isList(annotations) || !isList(categories)) {
    throw new NotASample("The file needs the lists “images”, “annotations” and “categories”.");
  }
  const bare = images.findIndex((image) => typeof image.sha256 !== "string");
  if (bare >= 0) {
    throw new NotASample(`Image ${bare + 1} has no “sha256”: the checksum of its file.`);
  }
  return {
    images: images.map((image) => ({ id: Number(image.id), sha256: String(image.sha256) })),
    annotations: annotations.map((label) => ({
      image_id: Number(label.image_id),
      category_id: Number(label.category_id),
      bbox: (label.bbox ?? []) as number[],
    })),
    categories: categories.map((one) => ({ id: Number(one.id), name: String(one.name) })),
  };
}

/** The exact lower bound without a single miss: how many labels are needed for it. */
export function labelsNeeded(bound: number, confidence: number): number {
  return Math.ceil(Math.log(1 - confidence) / Math.log(bound));
}
