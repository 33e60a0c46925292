/**
 * The shapes that the server speaks, under the names that the page uses. They are aliases of `schema.ts`, which is made
 * from the server's OpenAPI document (`npm run generate`); nothing else in the page names a shape.
 *
 * Ids are UUID strings. `..._at` are int64 microseconds since 1970 UTC. Lengths carry their unit in the name.
 */
import type { components } from "./schema";

type Schemas = components["schemas"];

/** By hand: each kind of id has a schema of its own, and all of them are UUID strings. */
export type Id = string;
/** Microseconds since 1970-01-01T00:00:00Z; below 2^53 until the year 2255. */
export type Micros = Schemas["Instant"];
/** By hand: a schema has no type parameters, so the document holds one page type for each kind of entry. */
export type Page<T> = Omit<Schemas["Page_ItemSummary"], "items"> & { items: T[] };

export type Role = Schemas["Role"];

// ---- people -------------------------------------------------------------------------------------------------

export type User = Schemas["MyAccount"];
export type MyGrant = Schemas["MyGrant"];
export type Me = Schemas["Me"];
export type Account = Schemas["User"];
export type CreatedAccount = Schemas["NewUser"];
export type Token = Schemas["ApiToken"];
export type SigningState = Schemas["SigningState"];
export type AccessAlert = Schemas["AccessAlert"];
export type Grant = Schemas["GrantView"];

// ---- protocol -----------------------------------------------------------------------------------------------

export type ShapeKind = Schemas["ShapeKind"];
export type Industry = Schemas["Industry"];
export type ItemKind = Schemas["ItemKind"];
export type StageKind = Schemas["StageKind"];
export type AiVisibility = Schemas["AiVisibility"];
export type AttributeKind = Schemas["AttributeKind"];
export type Attribute = Schemas["Attribute"];
export type OntologyClass = Schemas["Class"];
export type RelationType = Schemas["RelationType"];
export type Stage = Schemas["Stage"];
export type Protocol = Schemas["Protocol"];
export type DeidPlan = Schemas["DeidPlan"];
export type GateProposal = Schemas["Proposal"];

// ---- projects -----------------------------------------------------------------------------------------------

/** By hand: the names of the protocols that ship are data of the server, not part of its interface. */
export type ProtocolName = "radiology" | "radiology_double" | "driving" | "inspection" | "images";
export type ProjectSummary = Schemas["ProjectSummary"];
export type Phase = Schemas["Phase"];
export type StageCount = Schemas["StageCounts"];
export type ProtocolDocument = Schemas["ProtocolDocument"];
export type ProtocolImpact = Schemas["ProtocolImpact"];
export type ProtocolVersion = Schemas["VersionView"];
export type ProtocolChange = Schemas["ProtocolChange"];
export type ProtocolFault = Schemas["Fault"];
export type CheckedDraft = Schemas["CheckedDraft"];
export type ProtocolFlow = Schemas["ProtocolFlow"];
export type StageFlow = Schemas["StageFlow"];
export type ProtocolTemplate = Schemas["Template"];
export type ProjectCounts = Schemas["Counts"];
export type Project = Schemas["ProjectDetail"];

// ---- items --------------------------------------------------------------------------------------------------

export type Facts = Schemas["Facts"];
export type ItemRow = Schemas["ItemSummary"];
export type StreamKind = Schemas["StreamKind"];
export type Frame = Schemas["Frame"];
export type Stream = Schemas["Stream"];
export type Author = Schemas["Author"];
export type ReadStatus = Schemas["ReadStatus"];
export type ReadSummary = Schemas["ReadSummary"];
export type Signature = Schemas["SignatureView"];
export type Hold = Schemas["HoldView"];
export type Item = Schemas["ItemDetail"];
export type EvidenceEvent = Schemas["EventView"];
export type Exposure = Schemas["ExposureView"];
export type Health = Schemas["Health"];
export type EvidenceLight = Schemas["EvidenceLight"];

// ---- intake and gate ----------------------------------------------------------------------------------------

export type IngestRefusal = Schemas["RefusalView"];
export type Ingest = Schemas["IngestView"];
export type IngestResult = Schemas["IngestReport"];
export type IngestDetail = Schemas["IngestDetail"];
/** What de-identification did; values never appear, only what was done to which tag how often. */
export type GateReport = Schemas["GateReport"];
export type RecordFile = Schemas["RecordFileView"];
export type RecordsPlan = Schemas["RecordsPlan"];
export type ColumnRule = Schemas["ColumnRule"];
export type ItemRecord = Schemas["ItemRecord"];
export type GateChoice = Schemas["GateChoice"];
export type GateEntry = Schemas["GateEntryView"];
export type GateSummary = Schemas["GateSummary"];
export type MaskRect = Schemas["MaskRect"];
export type GateMask = Schemas["MaskView"];
export type MaskDraft = Schemas["MaskDraft"];
export type GateMasks = Schemas["Masks"];
export type TagChange = Schemas["TagChange"];
export type GatePreview = Schemas["Preview"];

// ---- work ---------------------------------------------------------------------------------------------------

export type FrameRef = Schemas["FrameRef"];
export type Shape = Schemas["Shape"];
export type Annotation = Schemas["Annotation"];
export type Read = Schemas["ReadView"];
export type AnnotationHistory = Schemas["AnnotationHistory"];
export type RemovedAnnotation = Schemas["RemovedAnnotation"];
export type RemovedAnnotations = Schemas["RemovedAnnotations"];
export type AnnotationVersion = Schemas["AnnotationVersion"];
export type Task = Schemas["WorkTask"];
export type ReviewNote = Schemas["Returned"];
export type Work = Schemas["Work"];
export type Clicks = Schemas["Clicks"];
export type Segmented = Schemas["Segmented"];
export type Change = Schemas["Change"];
export type Saved = Schemas["Saved"];
export type Submitted = Schemas["Standing"];
export type Lease = Schemas["Lease"];
export type Submission = Schemas["Submission"];
export type Review = Schemas["Review"];
export type MarkAnswer = Schemas["MarkAnswer"];
export type Signing = Schemas["Signing"];
export type ReturnTo = Schemas["ReturnTo"];
export type Adjudication = Schemas["Adjudication"];
export type Dispute = Schemas["Dispute"];
export type DisputedFinding = Schemas["DisputedFinding"];
export type DisputedSide = Schemas["Side"];
export type RulesToPut = Schemas["RulesToPut"];
export type OverdueEntry = Schemas["OverdueEntry"];
export type MergedMark = Schemas["MergedMark"];
export type Difference = Schemas["Difference"];
export type Comparison = Schemas["ComparisonView"];

// ---- people behind the data ---------------------------------------------------------------------------------

export type Subject = Schemas["SubjectView"];
export type PrivacyRequest = Schemas["PrivacyRequestView"];
export type Revealed = Schemas["Revealed"];
export type VaultStatus = Schemas["VaultStatus"];

// ---- releases, log, home ------------------------------------------------------------------------------------

export type Release = Schemas["ReleaseView"];
export type HomeCard = Schemas["HomeCard"];
export type LiveEvent = Schemas["LiveEvent"];
export type BreachReport = Schemas["BreachReport"];
export type BreachLine = Schemas["BreachLine"];
export type LogStanding = Schemas["LogStanding"];
export type Witness = Schemas["LogWitness"];
export type KeptCheckpoint = Schemas["CheckpointView"];
