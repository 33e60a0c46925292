import { api, path } from "@/api/client";
import { asProblem } from "@/api/problem";
import {
  adjudicateTask,
  getRead,
  giveBack,
  mergedMark,
  renewLease,
  requestDraft,
  reviewTask,
  saveAnnotations,
  signTask,
  submitTask,
} from "@/api/tasks";
import type { Change, MarkAnswer, ReturnTo, Submitted, Work } from "@/api/types";
import { isAnswer } from "@/canvas/answers";
import { Editor } from "@/canvas/editor";
import type { Annotation, ClassDef, RelationType } from "@/canvas/types";
import { asSigned, type Components } from "@/parts/SigningFields";
import { problemText } from "@/refusals";
import { Arbitration } from "./arbitration";
import { Autosave, type SaveState } from "./autosave";
import { clickModelOf } from "./click-model";
import type { Reasoned, Rejection } from "./dialogs";
import { openJournal } from "./journal";
import { LeaseKeeper, type LeaseState, leaseState } from "./lease";
import {
  annotationFromWire,
  differsFrom,
  markAnswers,
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
  /** Objects that the reviewer says are wrong. */
  readonly wrong = new Set<string>();
  /** The reviewer says that all marks which they did not answer one by one are right. */
  allRight = false;
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
      relations: (work.protocol.relations ?? []) as RelationType[],
      user,
      readOnly,
      frames: (stream) => work.item.streams[stream]?.frames.length ?? 1,
      spacing: (stream) => spacingOf(work.item, stream),
      say: (text) => this.say(text),
      clickModel: clickModelOf(work),
    });
    this.editor.document.load(shown?.annotations ?? []);
    this.draft = work.draft;
    this.arbitration = work.dispute
      ? new Arbitration(
          work.dispute,
          this.editor,
          () => this.tell("dispute"),
          (marks) => mergedMark(work.task.id, marks),
        )
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
      this.wrong.delete(id);
    }
    this.tell("review");
  }

  /** Says that marks are wrong, or takes that back. A mark that the reviewer corrects or removes is answered by that. */
  toggleWrong(ids: readonly string[]): void {
    const all = ids.every((id) => this.wrong.has(id));
    for (const id of ids) {
      if (all) this.wrong.delete(id);
      else this.wrong.add(id);
      this.checked.delete(id);
    }
    this.tell("review");
  }

  /** Marks that are said to be wrong and that stand as they were handed in. */
  get stillWrong(): string[] {
    return this.answers()
      .filter((answer) => answer.verdict === "wrong" && this.editor.document.get(answer.annotation))
      .map((answer) => answer.annotation);
  }

  /** The answers to "is each mark right?", for the marks that were handed in. */
  answers(): MarkAnswer[] {
    const subject = this.work.subject?.annotations ?? [];
    return markAnswers(subject, this.editor.document.all(), this.checked, this.wrong);
  }

  /** Marks that were handed in and that nobody said anything of. That something cannot be assessed is no mark. */
  get silent(): string[] {
    const answered = new Set(this.answers().map((answer) => answer.annotation));
    const marks = (this.work.subject?.annotations ?? []).filter((mark) => !isAnswer(mark));
    return marks.map((mark) => mark.id).filter((id) => !answered.has(id));
  }

  /** Whether the first question of a review still waits for an answer. */
  get marksUnanswered(): boolean {
    return this.silent.length > 0 && !this.allRight;
  }

  setAllRight(value: boolean): void {
    this.allRight = value;
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

  /** Asks once more what the model drafted: it may have been stopped, or let draft again, since the task was opened. */
  async refreshDraft(): Promise<void> {
    const work = await api.get<Work>(path`/tasks/${this.work.task.id}`);
    const shown = this.draftShown;
    this.draft = work.draft ? readInfo(work.draft) : null;
    this.work.draftOnRequest = work.draft_on_request;
    this.showDraft(shown);
  }

  /** One's own marks that a model drew and nobody changed. */
  get modelMarks(): Annotation[] {
    return this.editor.document.all().filter((mark) => mark.author?.kind === "model");
  }

  /** Rejects everything that a model drew on the item, as one step that can be undone. */
  rejectModel(): void {
    this.showDraft(false);
    const marks = this.modelMarks;
    if (marks.length > 0) this.editor.remove(marks);
    this.tell("draft");
  }

  /** Takes the marks of several readers of a disputed finding over as one; why it cannot be is said. */
  async mergeSides(index: number, readers: readonly number[]): Promise<void> {
    try {
      await this.arbitration?.merge(index, readers);
    } catch (error) {
      const { title, advice } = problemText(asProblem(error));
      this.say(`${title}. ${advice}`);
    }
  }

  // --- decisions: everything is saved first, so that the decision is about what the person sees

  async submit(): Promise<Submitted> {
    const revision = await this.settled();
    return submitTask(this.work.task.id, revision, { fence: this.work.task.fence });
  }

  /** Accepts what was handed in, as it was. Where the server has a change, it refuses with `content_changed`. */
  accept(): Promise<Submitted> {
    return this.decide("accept", {});
  }

  /** Accepts it with the reviewer's corrections, which say why. */
  fix({ reason, comment }: Reasoned): Promise<Submitted> {
    return this.decide("fix", { reason, ...(comment ? { comment } : {}) });
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
  async reject({ reason, comment, components, returnTo }: Rejection): Promise<Submitted | undefined> {
    const why = {
      reason,
      ...(comment ? { comment } : {}),
      ...(returnTo ? { return_to: returnTo } : {}),
    };
    if (this.mode === "sign") {
      await this.signature("reject", components, why);
      return undefined;
    }
    const revision = await this.settled();
    return reviewTask(this.work.task.id, revision, {
      fence: this.work.task.fence,
      decision: "reject",
      ...why,
      marks: this.answers(),
      // An unanswered question stays unanswered: the evidence must not hold an answer that nobody gave.
      ...(this.missing ? { missing: this.missing } : {}),
    });
  }

  /** Hash of the content that a signature would be bound to. */
  get contentHash(): string | null {
    return this.work.subject?.contentHash ?? this.work.read?.contentHash ?? null;
  }

  sign(components: Components): Promise<void> {
    return this.signature("sign", components, {});
  }

  giveBack(): Promise<void> {
    return giveBack(this.work.task.id, this.work.task.fence);
  }

  private async signature(
    decision: "sign" | "reject",
    components: Components,
    why: { reason?: string; comment?: string; return_to?: ReturnTo },
  ): Promise<void> {
    await signTask(this.work.task.id, {
      fence: this.work.task.fence,
      ...asSigned(components),
      content_hash: this.contentHash ?? "",
      decision,
      ...why,
    });
  }

  private async decide(
    decision: "accept" | "fix",
    why: { reason?: string; comment?: string },
  ): Promise<Submitted> {
    const revision = await this.settled();
    return reviewTask(this.work.task.id, revision, {
      fence: this.work.task.fence,
      decision,
      missing: this.missing ?? "nothing",
      ...why,
      marks: this.answers(),
      all_right: this.allRight,
    });
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
