import { asProblem } from "@/api/problem";
import {
  adjudicateTask,
  getRead,
  giveBack,
  renewLease,
  requestDraft,
  reviewTask,
  saveAnnotations,
  signTask,
  submitTask,
} from "@/api/tasks";
import type { Change, ReturnTo, Submitted, Work } from "@/api/types";
import { Editor } from "@/canvas/editor";
import type { ClassDef } from "@/canvas/types";
import { Arbitration } from "./arbitration";
import { Autosave, type SaveState } from "./autosave";
import type { Rejection } from "./dialogs";
import { openJournal } from "./journal";
import { LeaseKeeper, type LeaseState, leaseState } from "./lease";
import {
  annotationFromWire,
  differsFrom,
  type OpenWork,
  openWork,
  type ReadInfo,
  readInfo,
  spacingOf,
} from "./work";

export type Mode = "read" | "review" | "adjudicate" | "sign";
export type SessionEvent = "save" | "lease" | "review" | "notice" | "draft" | "dispute";

const MODES: Partial<Record<Work["task"]["kind"], Mode>> = {
  review: "review",
  sample_qa: "review",
  adjudicate: "adjudicate",
  sign: "sign",
};

const MICROS_PER_MS = 1_000;

/** One task in work: the editor on its read, the saving, the lease and the decision at the end. */
export class WorkSession {
  readonly work: OpenWork;
  readonly mode: Mode;
  readonly editor: Editor;
  readonly autosave: Autosave | null;
  /** Objects that the reviewer has confirmed. */
  readonly checked = new Set<string>();
  missing: "nothing" | "added" | null = null;
  /** What is decided between, at an adjudication stage. */
  readonly arbitration: Arbitration | null;
  notice: string | null = null;
  /** The model's draft, once it may be seen. */
  draft: ReadInfo | null;
  lease: LeaseState;
  private readonly keeper: LeaseKeeper | null;
  private readonly listeners = new Set<(event: SessionEvent) => void>();
  private version = 0;

  constructor(wire: Work, user: string) {
    const work = openWork(wire);
    this.work = work;
    this.mode = MODES[work.task.kind] ?? "read";
    const shown = this.mode === "sign" ? (work.subject ?? work.read) : (work.read ?? work.subject);
    const readOnly = this.mode === "sign" || !work.read;
    this.editor = new Editor({
      classes: work.protocol.classes as ClassDef[],
      user,
      readOnly,
      frames: (stream) => work.item.streams[stream]?.frames.length ?? 1,
      spacing: (stream) => spacingOf(work.item, stream),
      say: (text) => this.say(text),
    });
    this.editor.document.load(shown?.annotations ?? []);
    this.draft = work.draft;
    this.arbitration = work.dispute
      ? new Arbitration(work.dispute, this.editor, () => this.tell("dispute"))
      : null;
    // Whoever asked for it before the page was loaded again finds it as it was.
    if (work.draftOnRequest) this.showDraft(true);
    this.autosave = readOnly || !work.read ? null : this.makeAutosave(work.read.id, work.read.revision, user);
    const until = (work.task.lease_until ?? 0) / MICROS_PER_MS;
    this.lease = leaseState(Date.now(), until || Date.now() + 1);
    this.keeper = until
      ? new LeaseKeeper({
          until,
          renew: async () => (await renewLease(work.task.id, work.task.fence)).lease_until / MICROS_PER_MS,
          onChange: (state) => {
            this.lease = state;
            this.tell("lease");
          },
        })
      : null;
  }

  /** Takes up what an earlier visit left behind. */
  async start(): Promise<void> {
    const count = (await this.autosave?.replay()) ?? 0;
    if (count > 0)
      this.say(`${count} unsaved ${count === 1 ? "change" : "changes"} from this machine taken up again.`);
  }

  destroy(): void {
    this.keeper?.stop();
    void this.autosave?.flush().finally(() => this.autosave?.stop());
  }

  get saveState(): SaveState {
    return this.autosave?.state ?? { kind: "saved" };
  }

  /** For `useSyncExternalStore`: grows with every event. */
  readonly snapshot = () => this.version;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  touch(): void {
    this.keeper?.touch();
  }

  keepLease(): void {
    void this.keeper?.renew();
  }

  say(text: string | null): void {
    this.notice = text;
    this.tell("notice");
  }

  setChecked(ids: Iterable<string>, value: boolean): void {
    for (const id of ids) {
      if (value) this.checked.add(id);
      else this.checked.delete(id);
    }
    this.tell("review");
  }

  setMissing(answer: "nothing" | "added"): void {
    this.missing = answer;
    this.tell("review");
  }

  /** Whether the reviewer changed what was handed in. */
  get fixed(): boolean {
    return (
      this.work.subject !== null && differsFrom(this.work.subject.annotations, this.editor.document.all())
    );
  }

  // --- the model's draft

  get draftShown(): boolean {
    return this.draft !== null && this.editor.draft === this.draft.annotations;
  }

  showDraft(shown: boolean): void {
    this.editor.showDraft(shown && this.draft ? this.draft.annotations : []);
    this.tell("draft");
  }

  /** Asks the server for the model's draft; that it was asked for goes on record before it is shown. */
  async askForDraft(): Promise<void> {
    this.draft = readInfo(await requestDraft(this.work.task.id, this.work.task.fence));
    this.showDraft(true);
  }

  // --- decisions: everything is saved first, so that the decision is about what the person sees

  async submit(answer: "done" | "unclear"): Promise<Submitted> {
    const revision = await this.settled();
    return submitTask(this.work.task.id, revision, { fence: this.work.task.fence, answer });
  }

  async review(): Promise<Submitted> {
    const missing = this.missing ?? "nothing";
    const decision = this.fixed ? "fix" : "accept";
    try {
      return await this.decide(decision, missing);
    } catch (error) {
      // The server compares what it stored; a change that was taken back again may count as one there.
      const { code } = asProblem(error);
      if (code === "content_changed" && decision === "accept") return this.decide("fix", missing);
      throw error;
    }
  }

  /** Decides between reads, or hands the decision on. */
  async adjudicate(decision: "decide" | "escalate", reason: string, comment: string): Promise<Submitted> {
    const revision = await this.settled();
    return adjudicateTask(this.work.task.id, revision, {
      fence: this.work.task.fence,
      decision,
      reason,
      ...(comment ? { comment } : {}),
    });
  }

  /** Sends the read back; at a signing stage with the password. */
  async reject({ reason, comment, password, returnTo }: Rejection): Promise<Submitted | undefined> {
    const why = {
      reason,
      ...(comment ? { comment } : {}),
      ...(returnTo ? { return_to: returnTo } : {}),
    };
    if (this.mode === "sign") {
      await this.signature("reject", password, why);
      return undefined;
    }
    const revision = await this.settled();
    return reviewTask(this.work.task.id, revision, {
      fence: this.work.task.fence,
      decision: "reject",
      ...why,
      // An unanswered question stays unanswered: the evidence must not hold an answer that nobody gave.
      ...(this.missing ? { missing: this.missing } : {}),
    });
  }

  /** Hash of the content that a signature would be bound to. */
  get contentHash(): string | null {
    return this.work.subject?.contentHash ?? this.work.read?.contentHash ?? null;
  }

  sign(password: string): Promise<void> {
    return this.signature("sign", password, {});
  }

  giveBack(): Promise<void> {
    return giveBack(this.work.task.id, this.work.task.fence);
  }

  private async signature(
    decision: "sign" | "reject",
    password: string,
    why: { reason?: string; comment?: string; return_to?: ReturnTo },
  ): Promise<void> {
    await signTask(this.work.task.id, {
      fence: this.work.task.fence,
      password,
      content_hash: this.contentHash ?? "",
      decision,
      ...why,
    });
  }

  private decide(decision: "accept" | "fix", missing: "nothing" | "added"): Promise<Submitted> {
    return this.settled().then((revision) =>
      reviewTask(this.work.task.id, revision, { fence: this.work.task.fence, decision, missing }),
    );
  }

  private async settled(): Promise<number> {
    if (!this.autosave) return this.work.read?.revision ?? 0;
    if (await this.autosave.flush()) return this.autosave.revision;
    const state = this.autosave.state;
    if (state.kind === "refused") throw new Error(state.problem.message);
    throw new Error(
      "Your changes are kept on this machine but the server has not taken them yet. Try again when the connection is back.",
    );
  }

  private makeAutosave(read: string, revision: number, user: string): Autosave {
    const { fence } = this.work.task;
    const autosave = new Autosave({
      document: this.editor.document,
      revision,
      journal: openJournal(user, read),
      problemOf: (error) => {
        const problem = asProblem(error);
        return {
          code: problem.code,
          transient: problem.transient || problem.status === 401,
          message: problem.detail || problem.code,
        };
      },
      transport: {
        save: (at, changes) => saveAnnotations(read, at, { fence, changes: changes as Change[] }),
        load: async () => {
          const latest = await getRead(read);
          return { revision: latest.revision, annotations: latest.annotations.map(annotationFromWire) };
        },
      },
    });
    autosave.subscribe((state) => {
      if (state.kind === "merged") {
        const twice =
          state.overlapping > 0
            ? ` ${state.overlapping} of them had been changed there too; yours stay.`
            : "";
        this.say(
          `This read was saved elsewhere meanwhile. It was loaded again with your changes on top.${twice}`,
        );
      }
      this.tell("save");
    });
    return autosave;
  }

  private tell(event: SessionEvent): void {
    this.version += 1;
    for (const listener of [...this.listeners]) listener(event);
  }
}
