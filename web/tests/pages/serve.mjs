// Serves dist/ as the server does: deep links get index.html, and the content policy is the server's, so that a page
// that needs inline styles or scripts fails here.
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const DIST = fileURLToPath(new URL("../../dist", import.meta.url));
const PORT = Number(process.env.PORT ?? 4174);
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".json": "application/json",
};
/** The server's own policy, read from where it is written, so that the two cannot drift apart. */
const HEADERS = readFileSync(new URL("../../../crates/server/src/headers.rs", import.meta.url), "utf8");
const POLICY = HEADERS.match(/CONTENT_SECURITY_POLICY: &str = "([^"]+)"/)?.[1]?.replace(/\\\n\s*/g, "");
if (!POLICY) throw new Error("headers.rs holds no content policy");

createServer((request, response) => {
  const wanted = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname));
  const file = join(DIST, wanted);
  const found = file.startsWith(DIST) && existsSync(file) && statSync(file).isFile();
  const send = found ? file : join(DIST, "index.html");
  response.setHeader("Content-Security-Policy", POLICY);
  response.setHeader("Content-Type", TYPES[extname(send)] ?? "application/octet-stream");
  createReadStream(send).pipe(response);
}).listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}`));
