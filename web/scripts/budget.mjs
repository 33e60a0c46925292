// Fails the build when the first load of the editor is over its budget: everything that the browser must have
// before somebody can draw on an image, compressed as it travels. Viewers that load later do not count.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));
/** 400 kB, counted as thousands of bytes. */
const BUDGET_BYTES = 400_000;
const ENTRY = "index.html";
const EDITOR = "src/pages/Work.tsx";

const manifest = JSON.parse(readFileSync(join(DIST, ".vite/manifest.json"), "utf8"));
const files = new Set(["index.html"]);
const seen = new Set();

/** Takes a chunk with its styles and all that it imports at once; lazy imports stay out. */
function take(name) {
  const chunk = manifest[name];
  if (!chunk) throw new Error(`the build has no chunk for ${name}`);
  if (seen.has(name)) return;
  seen.add(name);
  files.add(chunk.file);
  for (const css of chunk.css ?? []) files.add(css);
  for (const next of chunk.imports ?? []) take(next);
}
take(ENTRY);
take(EDITOR);

function size(file) {
  try {
    return statSync(join(DIST, `${file}.gz`)).size;
  } catch {
    return statSync(join(DIST, file)).size;
  }
}
const total = [...files].reduce((sum, file) => sum + size(file), 0);
console.log(
  `first load of the editor: ${Math.round(total / 1000)} kB compressed of ${BUDGET_BYTES / 1000} kB`,
);
if (total > BUDGET_BYTES) {
  for (const file of [...files].sort((a, b) => size(b) - size(a))) console.error(`${size(file)}\t${file}`);
  process.exit(1);
}
