// Serves dist/ as the server does: deep links get index.html, and the content policy is the strict one, so that a
// page that needs inline styles or scripts fails here.
import { createReadStream, existsSync, statSync } from "node:fs";
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
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "font-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

createServer((request, response) => {
  const wanted = normalize(decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname));
  const file = join(DIST, wanted);
  const found = file.startsWith(DIST) && existsSync(file) && statSync(file).isFile();
  const send = found ? file : join(DIST, "index.html");
  response.setHeader("Content-Security-Policy", POLICY);
  response.setHeader("Content-Type", TYPES[extname(send)] ?? "application/octet-stream");
  createReadStream(send).pipe(response);
}).listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}`));
