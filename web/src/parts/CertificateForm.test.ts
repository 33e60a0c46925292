import { describe, expect, it } from "vitest";
import { paperFault } from "./CertificateForm";

const MB = 1 << 20;

describe("documents of certificates", () => {
  it("are of a kind on the list and of limited size where they are kept here", () => {
    expect(paperFault(null, true)).toBeNull();
    for (const type of ["application/pdf", "image/png", "image/jpeg"])
      expect(paperFault({ size: 8 * MB, type }, true)).toBeNull();
    for (const type of ["text/html", "image/svg+xml", "application/zip", ""])
      expect(paperFault({ size: 10, type }, true)).toContain("PDF");
    expect(paperFault({ size: 8 * MB + 1, type: "application/pdf" }, true)).toContain("8 MB");
  });

  it("may be any file up to 64 MB where only the fingerprint is kept", () => {
    expect(paperFault({ size: 64 * MB, type: "text/html" }, false)).toBeNull();
    expect(paperFault({ size: 64 * MB + 1, type: "application/pdf" }, false)).toContain("64 MB");
  });
});
