/** A model that draws by clicks, on loopback: it answers with a disc around the first point in the object. */
import { createServer, type Server } from "node:http";

/** Where it is served; the server of the walks may call it. */
export const CLICK_PORT = 4176;
/** Radius of the disc, pixels. */
export const RADIUS = 9;

export interface Question {
  name: string;
  version: string;
  width: number;
  height: number;
  png: string;
  positive: [number, number][];
  negative: [number, number][];
}

/** One bit for each pixel, row by row, the first in the highest bit. */
function disc({ width, height, positive }: Question): string {
  const [cx, cy] = positive[0] ?? [0, 0];
  const bits = Buffer.alloc(Math.ceil((width * height) / 8));
  for (let place = 0; place < width * height; place += 1) {
    const [x, y] = [place % width, Math.floor(place / width)];
    if (Math.hypot(x - cx, y - cy) > RADIUS) continue;
    const byte = Math.floor(place / 8);
    bits.writeUInt8(bits.readUInt8(byte) | (0x80 >> (place % 8)), byte);
  }
  return bits.toString("base64");
}

export class ClickServer {
  readonly questions: Question[] = [];
  /** Answers wait while this is set. */
  private held: Promise<void> | null = null;
  private release = () => {};

  private constructor(private readonly server: Server) {}

  static async start(): Promise<ClickServer> {
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const question = JSON.parse(Buffer.concat(parts).toString()) as Question;
      made.questions.push(question);
      await made.held;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ mask: disc(question), version: question.version }));
    });
    const made = new ClickServer(server);
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(CLICK_PORT, "127.0.0.1", resolve);
    });
    return made;
  }

  /** Lets whoever asks wait, until the answers are let go. */
  hold(): void {
    this.held = new Promise((resolve) => {
      this.release = resolve;
    });
  }

  letGo(): void {
    this.release();
    this.held = null;
  }

  async stop(): Promise<void> {
    if (!this.server.listening) return;
    this.letGo();
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}
