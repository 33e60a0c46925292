/**
 * The shapes that the server speaks, written by hand from the contract. When `schema.ts` is generated from the
 * OpenAPI document, each type here becomes an alias of its schema; nothing else in the page names a shape.
 *
 * Ids are UUID strings. `..._at` are int64 microseconds since 1970 UTC. Lengths carry their unit in the name.
 */

export type Id = string;
/** Microseconds since 1970-01-01T00:00:00Z; below 2^53 until the year 2255. */
export type Micros = number;
export type Page<T> = { items: T[]; next: string | null };

export type Role =
  | "owner"
  | "privacy_officer"
  | "technician"
  | "annotator"
  | "reviewer"
  | "specialist"
  | "quality_engineer"
  | "data_scientist"
  | "auditor";

// ---- people -------------------------------------------------------------------------------------------------

export type User = { id: Id; login: string; printed_name: string; organization?: string };
export type MyGrant = { project: Id; project_name: string; role: Role };
export type Me = {
  user: User;
  system_roles: string[];
  must_change_password: boolean;
  grants: MyGrant[];
  session: { verified_at: Micros | null };
};
export type Account = {
  id: Id;
  login: string;
  printed_name: string;
  active: boolean;
  system_roles: string[];
  created_at: Micros;
};
export type CreatedAccount = { user: Account; one_time_password?: string | null };
export type Token = {
  id: Id;
  name: string;
  created_at: Micros;
  last_used_at?: Micros | null;
  /** Only in the answer that made it. */
  token?: string;
};
export type Grant = { id: Id; user: Id; login: string; printed_name: string; role: Role; created_at: Micros };
// ---- protocol -----------------------------------------------------------------------------------------------

export type ShapeKind = "box" | "polygon" | "cuboid" | "tag";
export type Industry = "healthcare" | "automotive" | "manufacturing";
export type ItemKind = "study" | "scene" | "part" | "image";
export type StageKind = "prelabel" | "read" | "review" | "sign";
export type AiVisibility = "never" | "after_own_read" | "on_request" | "always";
export type AttributeKind = "flag" | "number" | { choice: string[] };
export type Attribute = { id: string; name: string; kind: AttributeKind; required?: boolean };
export type OntologyClass = {
  id: string;
  name: string;
  /** `#rrggbb` */
  color: string;
  shapes: ShapeKind[];
  attributes?: Attribute[];
  retired?: boolean;
};
export type Stage = {
  id: string;
  title: string;
  kind: StageKind;
  role?: Role | null;
  ai_visibility?: AiVisibility;
  meaning?: string | null;
  lease_minutes?: number;
};
export type Protocol = {
  id: string;
  version: number;
  title: string;
  industry: Industry;
  item_kind: ItemKind;
  /** Markdown. */
  guideline: string;
  classes: OntologyClass[];
  stages: Stage[];
  rework_cap?: number;
};

// ---- projects -----------------------------------------------------------------------------------------------

export type ProtocolName = "radiology" | "driving" | "inspection" | "images";
export type ProjectSummary = {
  id: Id;
  name: string;
  kind: ItemKind;
  industry: Industry;
  protocol: { id: string; version: number };
  declared_public: boolean;
  roles: Role[];
};
export type Phase =
  | "erased"
  | "quarantined"
  | "cleared"
  | "queued"
  | "leased"
  | "accepted"
  | "released"
  | "rejected"
  | "restricted";
export type StageCount = { stage: string; title: string; ready: number; leased: number; done: number };
export type ProjectCounts = {
  by_phase: Partial<Record<Phase, number>>;
  by_stage: StageCount[];
  held: number;
  gate_open: number;
};
export type Project = Omit<ProjectSummary, "protocol"> & {
  protocol: Protocol;
  counts: ProjectCounts;
  declared_at?: Micros | null;
  created_at: Micros;
};
// ---- items --------------------------------------------------------------------------------------------------

export type Facts = {
  modality?: string;
  patient_position?: string;
  orientation?: number[];
  row_spacing_mm?: number;
  column_spacing_mm?: number;
  slice_thickness_mm?: number;
  ctdi_vol_mgy?: number;
  dlp_mgy_cm?: number;
  exposure_mas?: number;
  frames?: number;
  lot?: string;
  notes?: string[];
};
export type ItemRow = {
  id: Id;
  name: string;
  kind: ItemKind;
  phase: Phase;
  stage: number | null;
  held: boolean;
  facts: Facts;
  updated_at: Micros;
};
export type StreamKind = "dicom" | "camera" | "lidar" | "exposure" | "template" | "image";
export type Frame = { asset?: Id; part?: number; time_ns?: number | null; position_mm?: number | null };
export type Stream = {
  kind: StreamKind;
  name: string;
  frames: Frame[];
  /** Spacing, window presets, calibration, size in pixels: what the server knows of the whole stream. */
  properties?: Record<string, unknown>;
};
export type Author = { kind: "human"; user: Id } | { kind: "model"; name: string; version: string };
export type ReadStatus = "draft" | "submitted" | "returned" | "superseded" | "void";
export type ReadSummary = {
  id: Id;
  stage: number;
  kind: StageKind;
  author: Author;
  /** Printed name of the person, or name and version of the model. */
  author_name: string;
  status: ReadStatus;
  annotation_count: number;
  content_hash?: string | null;
  protocol_version: number;
  created_at: Micros;
  submitted_at?: Micros | null;
};
export type Signature = {
  id: Id;
  read: Id;
  user: Id;
  printed_name: string;
  meaning: string;
  content_hash: string;
  at: Micros;
  /** The content that was signed is still the content of the read. */
  valid: boolean;
};
export type Hold = {
  id: Id;
  item: Id;
  reason: string;
  opened_by?: Id | null;
  opened_at: Micros;
  lifted_at?: Micros | null;
  lift_reason?: string | null;
};
export type Item = {
  id: Id;
  project: Id;
  name: string;
  kind: ItemKind;
  phase: Phase;
  stage: number | null;
  held: boolean;
  facts: Facts;
  /** Empty until the gate has passed the item. */
  streams: Stream[];
  reads: ReadSummary[];
  signatures: Signature[];
  /** Open holds. */
  holds: Hold[];
  /** The caller may see its pixels or points. */
  may_view_pixels: boolean;
};
export type EvidenceEvent = {
  id: Id;
  /** Position in the log; null until it is sequenced (about a second). */
  log_index: number | null;
  at: Micros;
  actor_kind: string;
  actor_user?: Id | null;
  /** Printed name of a person. */
  actor?: string | null;
  action: string;
  object_kind: string;
  object_id?: Id | null;
  item?: Id | null;
  outcome: string;
  reason?: string | null;
};
export type Exposure = {
  user: Id;
  printed_name: string;
  asset: Id;
  zone: string;
  purpose: string;
  /** `erased subject #n` where whoever was shown is gone. */
  erased_subject?: string | null;
  at: Micros;
};
// ---- intake and gate ----------------------------------------------------------------------------------------

export type IngestRefusal = { name: string; code: string; message: string; offset?: number | null };
export type Ingest = {
  id: Id;
  state: string;
  started_at: Micros;
  finished_at?: Micros | null;
  files: number;
  stored: number;
  known: number;
  refused: number;
  bytes: number;
};
export type IngestResult = { ingest: Ingest; items: number; refusals: IngestRefusal[] };
export type IngestDetail = {
  ingest: Ingest;
  progress: { jobs_open: number; jobs_done: number };
  refusals: IngestRefusal[];
};

/** What de-identification did; values never appear, only what was done to which tag how often. */
export type GateReport = {
  profile: string;
  assets: number;
  actions: { tag: string; action: string; count: number }[];
  residual: string[];
  streams: Stream[];
};
export type GateEntry = {
  id: Id;
  project: Id;
  item: Id;
  name: string;
  kind: ItemKind;
  state: "open" | "cleared" | "rejected";
  /** Codes, explained in refusals.ts. */
  reasons: string[];
  frames: number;
  opened_at: Micros;
  decided_at?: Micros | null;
  decided_by?: string | null;
  reason?: string | null;
  report: GateReport;
};
// ---- work ---------------------------------------------------------------------------------------------------

export type FrameRef = { stream: number; index: number };
export type Shape =
  | { type: "box"; x: number; y: number; w: number; h: number }
  | { type: "polygon"; points: [number, number][] }
  | {
      type: "cuboid";
      center: [number, number, number];
      size: [number, number, number];
      rotation: [number, number, number, number];
    }
  | { type: "tag" };
export type Annotation = {
  id: Id;
  version: number;
  class: string;
  frame?: FrameRef;
  shape: Shape;
  attributes?: Record<string, unknown>;
  author: Author;
  score?: number;
};
export type Read = {
  id: Id;
  revision: number;
  annotations: Annotation[];
  base?: Id | null;
  status?: ReadStatus;
  author?: Author;
  author_name?: string;
  content_hash?: string | null;
};
export type Task = {
  id: Id;
  item: Id;
  item_name: string;
  project: Id;
  stage: number;
  stage_id: string;
  title: string;
  kind: StageKind;
  /** Send it with every act on the task. */
  fence: number;
  lease_until: Micros | null;
};

export type ReviewNote = {
  decision?: "accept" | "fix" | "reject";
  reason?: string | null;
  comment?: string | null;
  at?: Micros;
};
export type Work = {
  task: Task;
  item: Item;
  /** The caller's own draft; absent at a sign stage, where nothing is drawn. */
  read: Read | null;
  /** The read under review or to be signed. */
  subject: Read | null;
  /** The model's draft, where this stage shows it. */
  draft: Read | null;
  /** There is a draft that the caller may ask for. */
  draft_on_request: boolean;
  /** Why the read came back, in a round after the first. */
  returned: ReviewNote | null;
  /** What a signature at this stage says. */
  meaning: string | null;
  protocol: Protocol;
};
export type Change = { op: "put"; annotation: Annotation } | { op: "remove"; id: Id };
export type Saved = { revision: number; annotations_versions: Record<Id, number> };
export type Submitted = {
  phase: Phase;
  stage: number | null;
  content_hash: string;
  signature?: Id | null;
};
// ---- people behind the data ---------------------------------------------------------------------------------

export type Subject = {
  id: Id;
  /** Number within the project; it stays when everything else is gone. */
  number: number;
  kind: "patient" | "drive" | "lot" | "project";
  /** What stands for a patient, once the gate has named it. */
  pseudonym?: string | null;
  state: "live" | "erased";
  created_at: Micros;
  erased_at?: Micros | null;
  items: number;
  files: number;
  bytes: number;
};
export type PrivacyRequest = {
  id: Id;
  project: Id;
  kind: "erasure" | "reidentification";
  subject: Id;
  subject_name: string;
  item?: Id | null;
  state: "open" | "approved" | "refused" | "done";
  reason: string;
  requested_by: Id;
  requested_by_name: string;
  requested_at: Micros;
  decided_by_name?: string | null;
  decided_at?: Micros | null;
  decision_reason?: string | null;
  expires_at?: Micros | null;
  done_at?: Micros | null;
  /** There is a certificate to download. */
  certified: boolean;
  may_decide: boolean;
  may_reveal: boolean;
};
export type Revealed = {
  item: Id;
  pseudonym: string;
  patient_id?: string | null;
  issuer?: string | null;
  uids: { source: string; project: string }[];
  date_offset_days?: number | null;
};
export type VaultStatus = { vault_online: boolean; keyring_online: boolean; jobs_waiting: number };

// ---- releases, log, home ------------------------------------------------------------------------------------

export type Release = {
  id: Id;
  project: Id;
  name: string;
  state: "building" | "done" | "failed" | "recalled";
  root?: string | null;
  manifest_hash?: string | null;
  items: number;
  annotations: number;
  bytes?: number | null;
  /** Name of the package when it is downloaded. */
  file_name: string;
  certificate?: Record<string, unknown> | null;
  created_by?: Id | null;
  created_at: Micros;
};
export type HomeCard = {
  role: Role;
  project: Id;
  project_name: string;
  /** `continue`, `claim`, `gate`, `holds`, `release`, `ingest`, `evidence`, `manage`, `vault` or `requests`. */
  kind: string;
  count: number;
  /** What the button says. */
  title: string;
  href: string;
};
export type LiveEvent = {
  project: Id | null;
  item: Id | null;
  /** What was done; `queue.changed` (something moved) and `resync` (events were missed) are no events of the log. */
  action: string;
  object_kind: string;
  object_id: Id | null;
  at: Micros;
};
