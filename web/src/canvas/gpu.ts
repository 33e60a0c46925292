import type { Slice, VoiTable, Window } from "./lut";

/**
 * Grey slices on the graphics card: stored values travel there as they are (8 or 16 bits), and rescale, window, inversion
 * and interpolation happen there in floating point. Interpolation is of rescaled values, before the window, so that a
 * narrow window shows no steps that are not in the image.
 */

/** Memory on the card that slices may take, bytes. */
const TEXTURE_BYTES = 96 * 1024 * 1024;
/** Largest side of a tile even where the card takes larger ones, pixels: uploads of bounded size. */
const TILE_MAX = 4096;
/** Entries of a lookup table in one row of its texture. */
const TABLE_ROW = 256;

/** How a slice is to be shown. */
export interface GreyView {
  window: Window;
  invert: boolean;
  table: VoiTable | null;
  /** Device pixels per column and per row, and where the image begins on the target, device pixels. */
  scaleX: number;
  scaleY: number;
  offsetX: number;
  offsetY: number;
  /** Single pixels are shown as squares. */
  sharp: boolean;
}

/** A part of an image that fits one texture: its place in the image, and with the margin that interpolation reads. */
export interface Tile {
  x: number;
  y: number;
  width: number;
  height: number;
  /** First column and row in the texture. */
  fromX: number;
  fromY: number;
  textureWidth: number;
  textureHeight: number;
}

/** Parts of an image whose textures, one pixel of margin included, have sides of at most `limit` pixels. */
export function tilesOf(columns: number, rows: number, limit: number): Tile[] {
  const step = columns <= limit && rows <= limit ? limit : limit - 2;
  const tiles: Tile[] = [];
  for (let y = 0; y < rows; y += step)
    for (let x = 0; x < columns; x += step) {
      const width = Math.min(step, columns - x);
      const height = Math.min(step, rows - y);
      const [fromX, fromY] = [Math.max(0, x - 1), Math.max(0, y - 1)];
      tiles.push({
        x,
        y,
        width,
        height,
        fromX,
        fromY,
        textureWidth: Math.min(columns, x + width + 1) - fromX,
        textureHeight: Math.min(rows, y + height + 1) - fromY,
      });
    }
  return tiles;
}

const VERTEX = `#version 300 es
uniform vec4 u_part;
uniform vec4 u_place;
uniform vec2 u_target;
out vec2 v_image;
void main() {
  vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
  v_image = u_part.xy + corner * u_part.zw;
  vec2 screen = v_image * u_place.xy + u_place.zw;
  gl_Position = vec4(screen / u_target * vec2(2.0, -2.0) + vec2(-1.0, 1.0), 0.0, 1.0);
}`;

const fragment = (sampler: string) => `#version 300 es
precision highp float;
precision highp int;
precision highp ${sampler};
uniform highp ${sampler} u_values;
uniform highp usampler2D u_table;
uniform ivec4 u_texture;
uniform vec2 u_rescale;
uniform vec2 u_window;
uniform int u_curve;
uniform ivec3 u_entries;
uniform bool u_flip;
uniform bool u_sharp;
uniform ivec2 u_samples;
in vec2 v_image;
out vec4 color;

float value(ivec2 at) {
  ivec2 inside = clamp(at - u_texture.xy, ivec2(0), u_texture.zw - 1);
  return float(texelFetch(u_values, inside, 0).r) * u_rescale.x + u_rescale.y;
}
float smoothed(vec2 at) {
  vec2 corner = floor(at - 0.5);
  vec2 part = at - 0.5 - corner;
  ivec2 q = ivec2(corner);
  float top = mix(value(q), value(q + ivec2(1, 0)), part.x);
  float bottom = mix(value(q + ivec2(0, 1)), value(q + ivec2(1, 1)), part.x);
  return mix(top, bottom, part.y);
}
float shade(float x) {
  float c = u_window.x;
  float w = u_window.y;
  if (u_curve == 3) {
    int index = clamp(int(floor(x + 0.5)) - u_entries.x, 0, u_entries.y - 1);
    uint entry = texelFetch(u_table, ivec2(index % ${TABLE_ROW}, index / ${TABLE_ROW}), 0).r;
    return float(entry) / float((1 << u_entries.z) - 1);
  }
  if (u_curve == 2) return 1.0 / (1.0 + exp(-4.0 * (x - c) / w));
  if (u_curve == 1) return (x - c) / w + 0.5;
  if (w <= 1.0) return x > c - 0.5 ? 1.0 : 0.0;
  return (x - (c - 0.5)) / (w - 1.0) + 0.5;
}
void main() {
  float x;
  if (u_sharp) {
    x = value(ivec2(floor(v_image)));
  } else if (u_samples.x > 1 || u_samples.y > 1) {
    vec2 reach = vec2(dFdx(v_image.x), dFdy(v_image.y));
    x = 0.0;
    for (int j = 0; j < u_samples.y; j++)
      for (int i = 0; i < u_samples.x; i++) {
        vec2 part = (vec2(i, j) + 0.5) / vec2(u_samples) - 0.5;
        x += value(ivec2(floor(v_image + part * reach)));
      }
    x /= float(u_samples.x * u_samples.y);
  } else {
    x = smoothed(v_image);
  }
  float grey = clamp(shade(x), 0.0, 1.0);
  grey = floor((u_flip ? 1.0 - grey : grey) * 255.0 + 0.5) / 255.0;
  color = vec4(grey, grey, grey, 1.0);
}`;

type Gl = WebGL2RenderingContext;
interface Program {
  program: WebGLProgram;
  at: (name: string) => WebGLUniformLocation | null;
}
interface Resident {
  tiles: { tile: Tile; texture: WebGLTexture }[];
  bytes: number;
}

/** One card for all panes of the page: browsers allow few contexts. */
let shared: GreyGpu | null | undefined;

/** Renderers that are programs: what they draw has to be copied back, so the processor is faster by itself. */
const SOFTWARE = /swiftshader|llvmpipe|software|basic render/i;
/** Set to `card` to have a card used whatever it calls itself. */
const CHOICE = "countersign.shading";

/**
 * The renderer, or nothing where the browser has no WebGL2 or only imitates it; slices are then shaded by the processor.
 */
export function greyGpu(): GreyGpu | null {
  if (shared === undefined) {
    const made = GreyGpu.create();
    shared = made && (!made.isSoftware || chosen() === "card") ? made : null;
  }
  return shared;
}

function chosen(): string | null {
  try {
    return localStorage.getItem(CHOICE);
  } catch {
    return null;
  }
}

export class GreyGpu {
  private readonly signed: Program;
  private readonly unsigned: Program;
  private readonly resident = new Map<Slice, Resident>();
  private readonly table: WebGLTexture | null;
  private tableOf: VoiTable | null = null;
  private bytes = 0;
  private lost = false;

  static create(
    canvas: HTMLCanvasElement = document.createElement("canvas"),
    limit = TILE_MAX,
  ): GreyGpu | null {
    const gl = canvas.getContext("webgl2", {
      alpha: true,
      antialias: false,
      depth: false,
      premultipliedAlpha: true,
      // It is read in the same task that draws it.
      preserveDrawingBuffer: false,
    });
    if (!gl || gl.isContextLost()) return null;
    try {
      return new GreyGpu(canvas, gl, Math.min(limit, gl.getParameter(gl.MAX_TEXTURE_SIZE) as number));
    } catch {
      return null;
    }
  }

  private constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly gl: Gl,
    readonly tileSide: number,
  ) {
    this.signed = link(gl, fragment("isampler2D"));
    this.unsigned = link(gl, fragment("usampler2D"));
    this.table = gl.createTexture();
    gl.bindVertexArray(gl.createVertexArray());
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
    canvas.addEventListener("webglcontextlost", (event) => {
      // Whoever draws next falls back to the processor.
      event.preventDefault();
      this.lost = true;
      this.resident.clear();
      if (shared === this) shared = null;
    });
  }

  /** Whether the card is a program that imitates one. */
  get isSoftware(): boolean {
    const { gl } = this;
    const known = gl.getExtension("WEBGL_debug_renderer_info");
    const name = gl.getParameter(known ? known.UNMASKED_RENDERER_WEBGL : gl.RENDERER) as unknown;
    return SOFTWARE.test(String(name));
  }

  /** Draws a grey slice onto a canvas in device pixels; false where the card is gone. */
  draw(target: CanvasRenderingContext2D, slice: Slice, view: GreyView): boolean {
    if (this.lost || slice.format === "rgb8") return false;
    const { gl, canvas } = this;
    const { width, height } = target.canvas;
    if (canvas.width < width || canvas.height < height) {
      canvas.width = Math.max(canvas.width, width);
      canvas.height = Math.max(canvas.height, height);
    }
    const program = slice.format === "i16" ? this.signed : this.unsigned;
    gl.viewport(0, canvas.height - height, width, height);
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    // biome-ignore lint/correctness/useHookAtTopLevel: a call of WebGL, no hook
    gl.useProgram(program.program);
    this.uniforms(program, slice, view, width, height);
    for (const { tile, texture } of this.upload(slice).tiles) {
      gl.activeTexture(gl.TEXTURE0);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.uniform4i(program.at("u_texture"), tile.fromX, tile.fromY, tile.textureWidth, tile.textureHeight);
      gl.uniform4f(program.at("u_part"), tile.x, tile.y, tile.width, tile.height);
      gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    }
    if (gl.isContextLost()) return false;
    target.setTransform(1, 0, 0, 1, 0, 0);
    target.drawImage(canvas, 0, 0, width, height, 0, 0, width, height);
    return true;
  }

  private uniforms({ at }: Program, slice: Slice, view: GreyView, width: number, height: number): void {
    const { gl } = this;
    const curve = view.table ? 3 : slice.curve === "SIGMOID" ? 2 : slice.curve === "LINEAR_EXACT" ? 1 : 0;
    const samples = (scale: number) => Math.min(8, Math.max(1, Math.ceil(1 / scale - 0.01)));
    gl.uniform1i(at("u_values"), 0);
    gl.uniform1i(at("u_table"), 1);
    gl.uniform2f(at("u_target"), width, height);
    gl.uniform4f(at("u_place"), view.scaleX, view.scaleY, view.offsetX, view.offsetY);
    gl.uniform2f(at("u_rescale"), slice.slope, slice.intercept);
    gl.uniform2f(at("u_window"), view.window.center, Math.max(view.window.width, Number.MIN_VALUE));
    gl.uniform1i(at("u_curve"), curve);
    gl.uniform1i(at("u_flip"), Number(view.invert !== (slice.photometric === "MONOCHROME1")));
    gl.uniform1i(at("u_sharp"), Number(view.sharp));
    gl.uniform2i(at("u_samples"), samples(view.scaleX), samples(view.scaleY));
    gl.activeTexture(gl.TEXTURE1);
    gl.bindTexture(gl.TEXTURE_2D, this.table);
    this.uploadTable(view.table);
    const { first, bits, values } = view.table ?? { first: 0, bits: 8, values: [0] };
    gl.uniform3i(at("u_entries"), first, values.length, bits);
  }

  private uploadTable(table: VoiTable | null): void {
    const { gl } = this;
    if (this.tableOf === table && table) return;
    const rows = table ? Math.ceil(table.values.length / TABLE_ROW) : 1;
    const data = new Uint16Array(rows * TABLE_ROW);
    if (table) data.set(table.values);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.R16UI, TABLE_ROW, rows, 0, gl.RED_INTEGER, gl.UNSIGNED_SHORT, data);
    plain(gl);
    this.tableOf = table;
  }

  private upload(slice: Slice): Resident {
    const known = this.resident.get(slice);
    if (known) {
      this.resident.delete(slice);
      this.resident.set(slice, known);
      return known;
    }
    const { gl } = this;
    const [internal, type] =
      slice.format === "i16"
        ? [gl.R16I, gl.SHORT]
        : slice.format === "u16"
          ? [gl.R16UI, gl.UNSIGNED_SHORT]
          : [gl.R8UI, gl.UNSIGNED_BYTE];
    gl.activeTexture(gl.TEXTURE0);
    gl.pixelStorei(gl.UNPACK_ROW_LENGTH, slice.columns);
    const tiles = tilesOf(slice.columns, slice.rows, this.tileSide).map((tile) => {
      const texture = gl.createTexture();
      gl.bindTexture(gl.TEXTURE_2D, texture);
      const { fromX, fromY, textureWidth: w, textureHeight: h } = tile;
      const from = fromY * slice.columns + fromX;
      // The last row of a tile ends before the rows do: a view that ends there is all that WebGL reads.
      const view = slice.data.subarray(from, from + (h - 1) * slice.columns + w);
      gl.texImage2D(gl.TEXTURE_2D, 0, internal, w, h, 0, gl.RED_INTEGER, type, view);
      plain(gl);
      return { tile, texture };
    });
    gl.pixelStorei(gl.UNPACK_ROW_LENGTH, 0);
    const made = { tiles, bytes: slice.data.byteLength };
    this.resident.set(slice, made);
    this.bytes += made.bytes;
    this.forget(slice);
    return made;
  }

  /** Gives back what was used longest ago. */
  private forget(keep: Slice): void {
    for (const [slice, { tiles, bytes }] of this.resident) {
      if (this.bytes <= TEXTURE_BYTES || slice === keep) return;
      for (const { texture } of tiles) this.gl.deleteTexture(texture);
      this.resident.delete(slice);
      this.bytes -= bytes;
    }
  }
}

/** Textures of whole numbers cannot be filtered by the card. */
function plain(gl: Gl): void {
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
}

function link(gl: Gl, source: string): Program {
  const program = gl.createProgram();
  for (const [kind, text] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, source],
  ] as const) {
    const shader = gl.createShader(kind);
    if (!shader) throw new Error("no shader could be made");
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader) ?? "");
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "");
  const places = new Map<string, WebGLUniformLocation | null>();
  return {
    program,
    at: (name) => {
      if (!places.has(name)) places.set(name, gl.getUniformLocation(program, name));
      return places.get(name) ?? null;
    },
  };
}
