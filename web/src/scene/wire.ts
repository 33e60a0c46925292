/**
 * The point cloud as it travels: little-endian, 56 bytes of header, then planes of low and high bytes of the
 * zigzag differences of x, y and z in steps, then intensity. Described in full at the encoder of the server.
 */

/** First bytes, `CSPC`. */
const MAGIC = 0x43505343;
const VERSION = 1;
const HEADER_BYTES = 56;
const POINT_BYTES = 7;
/** Most points that one cloud may have. */
export const POINTS_MAX = 4_000_000;

/** Points around an origin of their own, so that f32 keeps the centimetre anywhere in the world. */
export interface Cloud {
  count: number;
  /** x, y, z per point in metres from `origin`. */
  positions: Float32Array;
  /** 0 to 255. */
  intensity: Uint8Array;
  origin: [number, number, number];
  /** Points that were set to the nearest place that fits. */
  clamped: number;
  /** Points of the source that were left out because a number was not finite. */
  dropped: number;
}

/** Bytes that are not a cloud; `offset` is where it shows. */
export class WireError extends Error {
  constructor(
    readonly offset: number,
    message: string,
  ) {
    super(`byte ${offset}: ${message}`);
    this.name = "WireError";
  }
}

export function decodeCloud(buffer: ArrayBuffer): Cloud {
  if (buffer.byteLength < HEADER_BYTES)
    throw new WireError(buffer.byteLength, "the point cloud ends inside its header");
  const view = new DataView(buffer);
  if (view.getUint32(0, true) !== MAGIC) throw new WireError(0, "not a point cloud");
  if (view.getUint16(4, true) !== VERSION) throw new WireError(4, "another version of the format");
  if (view.getUint16(6, true) !== HEADER_BYTES) throw new WireError(6, "another length of header");
  const count = view.getUint32(8, true);
  if (count > POINTS_MAX) throw new WireError(8, `${count} points are over the limit of ${POINTS_MAX}`);
  if (buffer.byteLength !== HEADER_BYTES + POINT_BYTES * count) {
    throw new WireError(
      buffer.byteLength,
      `expected ${HEADER_BYTES + POINT_BYTES * count} bytes for ${count} points`,
    );
  }
  const scale = view.getFloat64(24, true);
  if (!Number.isFinite(scale) || scale <= 0)
    throw new WireError(24, "the scale must be finite and greater than zero");
  const origin: [number, number, number] = [
    view.getFloat64(32, true),
    view.getFloat64(40, true),
    view.getFloat64(48, true),
  ];
  const bad = origin.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new WireError(32 + 8 * bad, "the origin must be finite");

  const bytes = new Uint8Array(buffer, HEADER_BYTES);
  const positions = new Float32Array(count * 3);
  for (let axis = 0; axis < 3; axis += 1) {
    const low = 2 * axis * count;
    const high = low + count;
    let q = 0;
    for (let i = 0; i < count; i += 1) {
      const code = (bytes[low + i] as number) | ((bytes[high + i] as number) << 8);
      q = ((q + ((code >> 1) ^ -(code & 1))) << 16) >> 16;
      positions[3 * i + axis] = q * scale;
    }
  }
  return {
    count,
    positions,
    intensity: bytes.slice(6 * count),
    origin,
    clamped: view.getUint32(12, true),
    dropped: view.getUint32(16, true),
  };
}
