/** Cuts a text/event-stream into messages. Only the parts of the format that the server uses: id, event, data. */

export type SseMessage = { id: string; event: string; data: string };

/** Longest unfinished message kept, in characters; a line that never ends must not fill the memory. */
const PENDING_MAX_CHARS = 1_000_000;

export class SseParser {
  private pending = "";
  private message: SseMessage = { id: "", event: "message", data: "" };
  private hasData = false;

  /** Takes the next piece of text, cut anywhere, and gives back the messages that it completes. */
  push(text: string): SseMessage[] {
    const out: SseMessage[] = [];
    this.pending += text;
    for (;;) {
      const end = this.pending.search(/\r\n|\n|\r(?!$)/);
      if (end < 0) break;
      const line = this.pending.slice(0, end);
      this.pending = this.pending.slice(end + (this.pending.startsWith("\r\n", end) ? 2 : 1));
      const done = this.line(line);
      if (done) out.push(done);
    }
    if (this.pending.length > PENDING_MAX_CHARS) throw new Error("an event line is too long");
    return out;
  }

  private line(line: string): SseMessage | null {
    if (line === "") {
      const done = this.hasData ? this.message : null;
      this.message = { id: this.message.id, event: "message", data: "" };
      this.hasData = false;
      return done;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") {
      this.message.data += this.hasData ? `\n${value}` : value;
      this.hasData = true;
    } else if (field === "event") this.message.event = value;
    else if (field === "id") this.message.id = value;
    return null;
  }
}
