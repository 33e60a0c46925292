import { describe, expect, it } from "vitest";
import { cusum } from "../../../../tests/fixtures/quality";
import { cusumWords, signalWords } from "./ControlChart";
import { heldWords, sureWords } from "./Monitoring";

describe("what an alarm says", () => {
  it("says how rare false alarms are only where it is known what is usual", () => {
    const alarm = { run_length: 5000, evidence: 6120.4 };
    expect(sureWords({ ...alarm, usual_known: true })).toContain("at least 5,000 checks apart");
    const unknown = sureWords({ ...alarm, usual_known: false });
    expect(unknown).not.toContain("apart");
    expect(unknown).toContain("6,120 of 5,000");
  });

  it("says how much it has still to hold", () => {
    expect(heldWords({ held: 100, still_held: 100, to_hold: 0 })).toBe("100 of 100 still held");
    expect(heldWords({ held: 100, still_held: 100, to_hold: 41 })).toContain("41 more are being held");
  });

  it("says what a CUSUM chart is made for and where it signalled", () => {
    expect(cusumWords(cusum)).toContain("An error adds 6");
    expect(cusumWords(cusum)).toContain("5.0 % are wrong as usual, false signals are 5,412 checks apart");
    expect(cusumWords(cusum)).toContain("29.6 % is signalled after 19.6 checks");
    expect(signalWords(cusum)).toBe("It signalled at check 411, of a run since check 394.");
    expect(signalWords({ ...cusum, points: [] })).toContain("did not signal");
  });
});
