/** Files out of a drop or a file chooser, folders included, each with its path inside what was dropped. */
import type { NamedFile } from "@/api/ingests";

/** Most files in one upload; more is a job for `countersign ingest`, which can be resumed. */
export const UPLOAD_FILES_MAX = 20_000;

export class TooManyFiles extends Error {
  constructor() {
    super(`More than ${UPLOAD_FILES_MAX} files.`);
  }
}

function readAll(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  // The browser hands a folder out in pieces of about a hundred; an empty piece is the end.
  return new Promise((resolve, reject) => {
    const all: FileSystemEntry[] = [];
    const next = () =>
      reader.readEntries((piece) => {
        if (piece.length === 0) resolve(all);
        else {
          all.push(...piece);
          next();
        }
      }, reject);
    next();
  });
}

async function walk(entry: FileSystemEntry, prefix: string, out: NamedFile[]): Promise<void> {
  if (out.length >= UPLOAD_FILES_MAX) throw new TooManyFiles();
  const name = prefix ? `${prefix}/${entry.name}` : entry.name;
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    out.push({ name, file });
  } else if (entry.isDirectory) {
    const children = await readAll((entry as FileSystemDirectoryEntry).createReader());
    for (const child of children) await walk(child, name, out);
  }
}

export async function filesOfDrop(data: DataTransfer): Promise<NamedFile[]> {
  // Entries must be taken out before the first await: the browser empties the list afterwards.
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const loose = [...data.files];
  const out: NamedFile[] = [];
  for (const [index, entry] of entries.entries()) {
    if (entry) await walk(entry, "", out);
    else {
      const file = loose[index];
      if (file) out.push({ name: file.name, file });
    }
  }
  return out;
}

export function filesOfInput(files: Iterable<File>): NamedFile[] {
  const out = [...files].map((file) => ({ name: file.webkitRelativePath || file.name, file }));
  if (out.length > UPLOAD_FILES_MAX) throw new TooManyFiles();
  return out;
}

export const totalBytes = (files: NamedFile[]) => files.reduce((sum, { file }) => sum + file.size, 0);

/** Speed over the last few seconds and what follows from it. Times in milliseconds, sizes in bytes. */
export class Meter {
  private samples: { at: number; sent: number }[] = [];
  /** Older samples are forgotten, so that the rate follows the line as it is now. */
  private static readonly WINDOW_MS = 5_000;

  add(at: number, sent: number): void {
    this.samples.push({ at, sent });
    this.samples = this.samples.filter((sample) => at - sample.at <= Meter.WINDOW_MS);
  }

  /** Bytes per second; null until there are two samples some time apart. */
  rate(): number | null {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (!first || !last || last.at - first.at < 200) return null;
    return ((last.sent - first.sent) * 1000) / (last.at - first.at);
  }

  /** Seconds until `total` at the present rate; null while unknown. */
  secondsLeft(total: number): number | null {
    const rate = this.rate();
    const last = this.samples.at(-1);
    if (rate === null || rate <= 0 || !last) return null;
    return Math.max(0, (total - last.sent) / rate);
  }
}
