import { describe, expect, it } from "vitest";
import { onWhat, whatIs } from "./hold-words";

describe("holds on more than one item", () => {
  it("name what they are on as the server takes it", () => {
    expect(onWhat({ scope: "lot", value: " L-7 " })).toEqual({ scope: "lot", lot: "L-7" });
    expect(onWhat({ scope: "batch", value: "b-1" })).toEqual({ scope: "batch", batch: "b-1" });
    expect(onWhat({ scope: "release", value: "r-1" })).toEqual({ scope: "release", release: "r-1" });
    expect(onWhat({ scope: "person", value: "u-1" })).toEqual({ scope: "person", user: "u-1" });
    expect(onWhat({ scope: "lot", value: "  " })).toBeNull();
  });
  it("say in words what they are on", () => {
    expect(whatIs({ scope: "lot", value: "L-7", name: "L-7" })).toBe("lot L-7");
    expect(whatIs({ scope: "person", value: "u-1", name: "Test reader" })).toBe("the work of Test reader");
    expect(whatIs({ scope: "ingest", value: "01a2", name: null })).toBe("delivery 01a2");
  });
});
