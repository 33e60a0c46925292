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
export type Account = User & {
  active: boolean;
  must_change_password?: boolean;
  system_roles?: string[];
  locked_until?: Micros | null;
  created_at?: Micros;
};
export type CreatedAccount = { user?: Account; one_time_password?: string } & Partial<Account>;
export type Token = {
  id: Id;
  name: string;
  created_at: Micros;
  last_used_at?: Micros | null;
  /** Only in the answer that made it. */
  token?: string;
};
export type Grant = {
  id: Id;
  user: Id;
  login?: string;
  printed_name?: string;
  role: Role;
  created_at: Micros;
};

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
  declared_by?: string | null;
  created_at?: Micros;
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
  stage: number | string | null;
  held: boolean;
  facts: Facts;
  frames?: number;
  updated_at: Micros;
  thumbnail: boolean;
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
export type Author =
  | { kind: "human"; user: Id; printed_name?: string }
  | { kind: "model"; name: string; version: string };
export type ReadStatus = "draft" | "submitted" | "returned" | "superseded" | "void";
export type ReadSummary = {
  id: Id;
  stage: number | string;
  kind: StageKind;
  author: Author;
  status: ReadStatus;
  annotation_count: number;
  content_hash?: string | null;
  protocol_version?: number;
  created_at: Micros;
  submitted_at?: Micros | null;
};
export type Signature = {
  id: Id;
  printed_name: string;
  meaning: string;
  content_hash: string;
  at: Micros;
  read?: Id;
};
export type Hold = {
  id: Id;
  reason: string;
  opened_by: string;
  opened_at: Micros;
  lifted_by?: string | null;
  lifted_at?: Micros | null;
  lift_reason?: string | null;
};
export type Item = {
  id: Id;
  project: Id;
  name: string;
  kind: ItemKind;
  phase: Phase;
  stage: number | string | null;
  held: boolean;
  facts: Facts;
  streams: Stream[];
  reads: ReadSummary[];
  signatures: Signature[];
  holds?: Hold[];
};
export type EvidenceEvent = {
  id: Id;
  at: Micros;
  /** Printed name where the caller may know it, otherwise the kind of actor. */
  actor?: string | null;
  actor_kind?: string;
  action: string;
  object_kind: string;
  object_id: Id;
  outcome?: string;
  reason?: string | null;
  /** Position in the log; null until it is sequenced (about a second). */
  log_index: number | null;
};
export type Exposure = {
  id: Id;
  user?: Id;
  printed_name: string;
  stream?: string;
  asset?: Id;
  purpose: string;
  zone?: string;
  at: Micros;
  log_index?: number | null;
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
  user?: string;
};
export type IngestResult = { ingest: Ingest; refusals: IngestRefusal[] };
export type IngestDetail = Ingest & {
  progress?: { stored: number; known: number; refused: number; jobs_open: number; jobs_done: number };
  refusals: IngestRefusal[];
};
export type GateReason = string | { code: string; message?: string };
export type GateEntry = {
  id: Id;
  item: Id;
  name: string;
  state: "open" | "cleared" | "rejected";
  reasons: GateReason[];
  frames: number;
  opened_at: Micros;
  decided_at?: Micros | null;
  decided_by?: string | null;
  reason?: string | null;
};
/** What de-identification did to one asset; values never appear, only what was done to which tag. */
export type DeidReport = {
  profile?: string;
  version?: string;
  actions?: { tag: string; name?: string; action: string; count?: number }[];
  residual?: string[];
  [key: string]: unknown;
};
export type GateDetail = GateEntry & { facts?: Facts; report: DeidReport | null };

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
};
export type Task = {
  id: Id;
  project?: Id;
  item?: Id;
  stage: number | string;
  kind: StageKind;
  title: string;
  fence: number;
  lease_until: Micros | null;
};
export type MyTask = Task & { project: Id; project_name?: string; item: Id; item_name?: string };
export type ReviewNote = {
  decision: "accept" | "fix" | "reject";
  reason?: string | null;
  comment?: string | null;
  at?: Micros;
};
export type Work = {
  task: Task;
  item: Item;
  read: Read;
  protocol: Protocol;
  subject?: {
    read: Read & { author?: Author };
    reviews: ReviewNote[];
    previous_reason?: string | null;
  } | null;
};
export type Change = { op: "put"; annotation: Annotation } | { op: "remove"; id: Id };
export type Saved = { revision: number; annotations_versions: Record<Id, number> };
export type Submitted = { phase: Phase; stage: number | string | null; content_hash: string };

// ---- releases, log, home ------------------------------------------------------------------------------------

export type Release = {
  id: Id;
  project?: Id;
  name: string;
  state: string;
  root?: string | null;
  manifest_hash?: string | null;
  items: number;
  annotations: number;
  bytes?: number | null;
  certificate?: Record<string, unknown> | null;
  created_by?: string | null;
  created_at: Micros;
};
export type HomeCard = {
  role: Role;
  project: Id | null;
  project_name?: string;
  kind: "continue" | "claim" | "gate" | "holds" | "release" | "ingest" | string;
  count: number;
  title: string;
  href: string;
};
export type LiveEvent = {
  project: Id | null;
  item: Id | null;
  action: string;
  object_kind: string;
  object_id: Id;
  at: Micros;
};
