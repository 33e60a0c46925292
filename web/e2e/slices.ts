/** A made-up CT of a ball, written as a scanner would: for walks over stacks. */
import { randomInt } from "node:crypto";
import { expect } from "@playwright/test";
import type { Hand } from "./drawing";
import type { Person } from "./people";

const CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2";
const EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1";
/** Value representations whose length takes four bytes behind two that are reserved (PS3.5, 7.1.2). */
const LONG = new Set(["OB", "OW"]);
/** What is taken from a stored value to have Hounsfield units. */
const INTERCEPT = -1024;

export const SLICES = 8;
export const SLICE_SIDE = 128;
/** Millimetres between pixels. */
export const SPACING = 0.8;
/** Middle and radius of the bright ball, pixels, on every slice. */
export const BALL = { x: 90, y: 90, r: 20, hu: 300 };

type Element = [group: number, element: number, vr: string, value: string | number | Buffer];

function bytesOf(vr: string, value: string | number | Buffer): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === "number") {
    const bytes = Buffer.alloc(vr === "UL" ? 4 : 2);
    if (vr === "UL") bytes.writeUInt32LE(value);
    else bytes.writeUInt16LE(value);
    return bytes;
  }
  const text = value.length % 2 === 1 ? value + (vr === "UI" ? "\0" : " ") : value;
  return Buffer.from(text, "latin1");
}

/** Elements as they stand in a file, in ascending order of their tags. */
function written(elements: Element[]): Buffer {
  return Buffer.concat(
    elements.flatMap(([group, element, vr, value]) => {
      const bytes = bytesOf(vr, value);
      const head = Buffer.alloc(LONG.has(vr) ? 12 : 8);
      head.writeUInt16LE(group, 0);
      head.writeUInt16LE(element, 2);
      head.write(vr, 4, "latin1");
      if (LONG.has(vr)) head.writeUInt32LE(bytes.length, 8);
      else head.writeUInt16LE(bytes.length, 6);
      return [head, bytes];
    }),
  );
}

function pixels(): Buffer {
  const values = Buffer.alloc(SLICE_SIDE * SLICE_SIDE * 2);
  for (let y = 0; y < SLICE_SIDE; y += 1)
    for (let x = 0; x < SLICE_SIDE; x += 1) {
      const inside = Math.hypot(x + 0.5 - BALL.x, y + 0.5 - BALL.y) < BALL.r;
      values.writeUInt16LE((inside ? BALL.hu : 0) - INTERCEPT, (y * SLICE_SIDE + x) * 2);
    }
  return values;
}

function slice(root: string, index: number, picture: Buffer): Buffer {
  const instance = `${root}.3.${index + 1}`;
  const data = written([
    [0x0008, 0x0008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"],
    [0x0008, 0x0016, "UI", CT_IMAGE_STORAGE],
    [0x0008, 0x0018, "UI", instance],
    [0x0008, 0x0020, "DA", "20250314"],
    [0x0008, 0x0030, "TM", "091200"],
    [0x0008, 0x0060, "CS", "CT"],
    [0x0008, 0x0070, "LO", "SYNTHETIC SCANNERS"],
    [0x0010, 0x0010, "PN", "MADE^UP"],
    [0x0010, 0x0020, "LO", `SYN-${root.slice(-6)}`],
    [0x0018, 0x0050, "DS", "2"],
    [0x0018, 0x0088, "DS", "2"],
    [0x0018, 0x5100, "CS", "HFS"],
    [0x0020, 0x000d, "UI", `${root}.1`],
    [0x0020, 0x000e, "UI", `${root}.2`],
    [0x0020, 0x0011, "IS", "1"],
    [0x0020, 0x0013, "IS", String(index + 1)],
    [0x0020, 0x0032, "DS", `0\\0\\${2 * index}`],
    [0x0020, 0x0037, "DS", "1\\0\\0\\0\\1\\0"],
    [0x0020, 0x0052, "UI", `${root}.4`],
    [0x0028, 0x0002, "US", 1],
    [0x0028, 0x0004, "CS", "MONOCHROME2"],
    [0x0028, 0x0010, "US", SLICE_SIDE],
    [0x0028, 0x0011, "US", SLICE_SIDE],
    [0x0028, 0x0030, "DS", `${SPACING}\\${SPACING}`],
    [0x0028, 0x0100, "US", 16],
    [0x0028, 0x0101, "US", 12],
    [0x0028, 0x0102, "US", 11],
    [0x0028, 0x0103, "US", 0],
    [0x0028, 0x0301, "CS", "NO"],
    [0x0028, 0x1050, "DS", "40"],
    [0x0028, 0x1051, "DS", "400"],
    [0x0028, 0x1052, "DS", String(INTERCEPT)],
    [0x0028, 0x1053, "DS", "1"],
    [0x0028, 0x1054, "LO", "HU"],
    [0x7fe0, 0x0010, "OW", picture],
  ]);
  const meta = written([
    [0x0002, 0x0001, "OB", Buffer.from([0, 1])],
    [0x0002, 0x0002, "UI", CT_IMAGE_STORAGE],
    [0x0002, 0x0003, "UI", instance],
    [0x0002, 0x0010, "UI", EXPLICIT_LITTLE_ENDIAN],
    [0x0002, 0x0012, "UI", "2.25.1"],
  ]);
  const length = written([[0x0002, 0x0000, "UL", meta.length]]);
  return Buffer.concat([Buffer.alloc(128), Buffer.from("DICM"), length, meta, data]);
}

/** Sends the slices of one study, all at once; no two studies have one name. */
export async function bringsStudy(owner: Person, project: string): Promise<void> {
  const root = `2.25.${randomInt(100_000_000, 999_999_999)}`;
  const picture = pixels();
  const form = new FormData();
  for (let index = 0; index < SLICES; index += 1) {
    const bytes = new Uint8Array(slice(root, index, picture));
    form.append("file", new File([bytes], `${index}.dcm`, { type: "application/dicom" }));
  }
  const sent = await owner.context.request.post(`/api/v1/projects/${project}/ingest`, {
    headers: { "x-countersign": "1" },
    multipart: form,
  });
  expect(sent.ok(), await sent.text()).toBe(true);
}

export const sliceOf = (hand: Hand) => hand.page.getByTestId("slice");

/** Shows a slice, counted from 1, by its keys. */
export async function goes(hand: Hand, to: number): Promise<void> {
  await hand.presses("Control+Home");
  await expect(sliceOf(hand)).toHaveText(`1 / ${SLICES}`);
  for (let at = 2; at <= to; at += 1) await hand.presses("f");
  await expect(sliceOf(hand)).toHaveText(`${to} / ${SLICES}`);
  await hand.sees();
}
