import { describe, expect, it } from "vitest";
import { time } from "@/format";
import { lightWords } from "./EvidenceLight";

describe("the light of the evidence log", () => {
  it("is red whenever the log is not to be relied on, and says what to do", () => {
    const conflict = lightWords({ holds: false, integrity: "conflict", is_running: true });
    expect([conflict.tone, conflict.word]).toEqual(["bad", "Conflict with a witness"]);
    expect(conflict.advice).toContain("Tell whoever runs this server");
    const stopped = lightWords({ holds: false, integrity: "witnessed", is_running: false });
    expect([stopped.tone, stopped.word]).toEqual(["bad", "The log has stopped"]);
    expect(stopped.advice).toContain("no image is shown");
    const at = 1_772_600_767_000_000;
    const hangs = lightWords({ holds: false, integrity: "witnessed", is_running: false, stopped_since: at });
    expect(hangs.advice).toContain(`since ${time(at)}`);
    // Another past is the graver news.
    expect(lightWords({ holds: false, integrity: "conflict", is_running: false }).word).toBe(conflict.word);
  });

  it("does not call a log witnessed that vouches for itself", () => {
    expect(lightWords({ holds: true, integrity: "self_attested", is_running: true }).tone).toBe("warn");
    expect(lightWords({ holds: true, integrity: "witnessed", is_running: true }).tone).toBe("ok");
  });
});
