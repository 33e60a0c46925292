/** What changed between two texts, line by line: the shortest list of changes (Myers 1986, O(ND)). */

export type DiffLine = { kind: "same" | "removed" | "added"; text: string; before?: number; after?: number };
export type DiffRun = { hidden: DiffLine[] } | { shown: DiffLine[] };

/** Above this many changed lines the middle is told as replaced as a whole: the search would take too long. */
const EDITS_MAX = 2_000;

/** The diagonals that each number of edits reaches, furthest first found; `null` beyond the limit. */
function trace(a: string[], b: string[]): Map<number, number>[] | null {
  const reached: Map<number, number>[] = [];
  let v = new Map<number, number>([[1, 0]]);
  for (let d = 0; d <= Math.min(a.length + b.length, EDITS_MAX); d += 1) {
    reached.push(new Map(v));
    const next = new Map(v);
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (v.get(k - 1) ?? -1) < (v.get(k + 1) ?? -1));
      let x = down ? (v.get(k + 1) ?? 0) : (v.get(k - 1) ?? 0) + 1;
      let y = x - k;
      while (x < a.length && y < b.length && a[x] === b[y]) {
        x += 1;
        y += 1;
      }
      next.set(k, x);
      if (x >= a.length && y >= b.length) return reached;
    }
    v = next;
  }
  return null;
}

function middle(a: string[], b: string[]): { kind: DiffLine["kind"]; text: string }[] {
  const reached = trace(a, b);
  if (!reached) {
    return [
      ...a.map((text) => ({ kind: "removed" as const, text })),
      ...b.map((text) => ({ kind: "added" as const, text })),
    ];
  }
  const out: { kind: DiffLine["kind"]; text: string }[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = reached.length - 1; d >= 0; d -= 1) {
    const v = reached[d] ?? new Map<number, number>();
    const k = x - y;
    const down = k === -d || (k !== d && (v.get(k - 1) ?? -1) < (v.get(k + 1) ?? -1));
    const from = down ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : (v.get(from) ?? 0);
    const fromY = d === 0 ? 0 : fromX - from;
    while (x > fromX && y > fromY && x > 0 && y > 0 && a[x - 1] === b[y - 1]) {
      x -= 1;
      y -= 1;
      out.push({ kind: "same", text: a[x] ?? "" });
    }
    if (d === 0) break;
    if (down) {
      y -= 1;
      out.push({ kind: "added", text: b[y] ?? "" });
    } else {
      x -= 1;
      out.push({ kind: "removed", text: a[x] ?? "" });
    }
  }
  return out.reverse();
}

export function diffLines(before: string, after: string): DiffLine[] {
  const a = before.split("\n");
  const b = after.split("\n");
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (
    tail < a.length - head &&
    tail < b.length - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  ) {
    tail += 1;
  }
  const same = (text: string) => ({ kind: "same" as const, text });
  const raw = [
    ...a.slice(0, head).map(same),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map(same),
  ];
  let x = 0;
  let y = 0;
  return raw.map((line) => {
    if (line.kind !== "added") x += 1;
    if (line.kind !== "removed") y += 1;
    return {
      ...line,
      ...(line.kind !== "added" ? { before: x } : {}),
      ...(line.kind !== "removed" ? { after: y } : {}),
    };
  });
}

/** Lines around changes stay, long runs of the same lines are folded. */
export function fold(lines: DiffLine[], around = 3): DiffRun[] {
  const near = lines.map(() => false);
  lines.forEach((line, i) => {
    if (line.kind === "same") return;
    for (let j = Math.max(0, i - around); j <= Math.min(lines.length - 1, i + around); j += 1) near[j] = true;
  });
  const runs: DiffRun[] = [];
  lines.forEach((line, i) => {
    const last = runs[runs.length - 1];
    if (near[i]) {
      if (last && "shown" in last) last.shown.push(line);
      else runs.push({ shown: [line] });
    } else if (last && "hidden" in last) last.hidden.push(line);
    else runs.push({ hidden: [line] });
  });
  return runs;
}
