import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const SERVER = process.env.COUNTERSIGN_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: { port: 5173, proxy: { "/api": { target: SERVER, changeOrigin: false } } },
  build: {
    target: "es2023",
    // The server sends `script-src 'self'`: nothing may be inlined as a data: script or a polyfill snippet.
    assetsInlineLimit: 0,
    manifest: true,
    // The one large chunk is the framework; the real limit is the budget of the first load (scripts/budget.mjs).
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["tests/setup.ts"],
  },
});
