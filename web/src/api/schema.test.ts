// @vitest-environment node
import { readFile } from "node:fs/promises";
import openapiTS, { astToString, COMMENT_HEADER } from "openapi-typescript";
import { expect, it } from "vitest";

/** What `npm run generate` would write, made in memory: the same generator with the options of its command line. */
async function generated(): Promise<string> {
  const document = new URL("../../../crates/server/openapi.json", import.meta.url);
  return `${COMMENT_HEADER}${astToString(await openapiTS(document, { silent: true }))}`;
}

/** A machine that builds something else beside needs several seconds for it. */
const GENERATED_WITHIN_MS = 60_000;

it(
  "schema.ts is what the OpenAPI document gives",
  async () => {
    const kept = await readFile(new URL("schema.ts", import.meta.url), "utf8");
    expect(kept === (await generated()), "src/api/schema.ts is stale: run `npm run generate`").toBe(true);
  },
  GENERATED_WITHIN_MS,
);

it("the page writes no shape by hand but for those that say why", async () => {
  const text = await readFile(new URL("types.ts", import.meta.url), "utf8");
  const declared = [...text.matchAll(/(\/\*\*[^/]*\*\/\n)?export type (\w+)(?:<\w+>)? = ([^;]+);/g)];
  expect(declared.length).toBeGreaterThan(50);
  const byHand = declared.filter(([, , , shape]) => !/^Schemas\["\w+"\]$/.test(shape ?? ""));
  expect(byHand.map(([, , name]) => name)).toEqual(["Id", "Page", "ProtocolName"]);
  for (const [, reason, name] of byHand) expect(reason, name).toContain("By hand:");
});
