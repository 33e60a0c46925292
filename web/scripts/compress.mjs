// Writes a .gz beside every text asset of dist/, so that the server never compresses at request time.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const TEXT = new Set([".js", ".css", ".html", ".svg", ".json", ".map", ".wasm", ".txt"]);
/** Below this size (bytes) a compressed copy saves less than a header costs. */
const SMALLEST_BYTES = 512;

let raw = 0;
let packed = 0;
for (const entry of await readdir(DIST, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !TEXT.has(extname(entry.name))) continue;
  const path = join(entry.parentPath, entry.name);
  const bytes = await readFile(path);
  if (bytes.length < SMALLEST_BYTES) continue;
  // No name and no time in the gzip header: the same sources give the same bytes.
  const gz = gzipSync(bytes, { level: 9 });
  await writeFile(`${path}.gz`, gz);
  raw += bytes.length;
  packed += gz.length;
}
console.log(`compressed ${Math.round(raw / 1024)} KiB to ${Math.round(packed / 1024)} KiB`);
