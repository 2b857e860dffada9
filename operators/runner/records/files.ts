// Records as versions in a registry: `record.json`, with other files beside it.
import type { Reason, SignalOptions } from "../../../registry/mod.ts";
import type {
  ArtifactInfo,
  ErrorCode,
  Registry,
  SavedArtifact,
  SaveOptions,
} from "../../../mod.ts";
import { defineMaterializer } from "../../../core/kernel.ts";
import { fault, isRegistryError, messageOf, parseJson, sha256 } from "../../../core/kernel.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import type { FileSource, FileToSave, PlainValue } from "../../../materializers/mod.ts";
import type { ExitCode, ExitName } from "../../contract/operator.ts";
import { type RecordKind, recordProblem } from "./record_shape.ts";
import { pipelineReasons } from "../../contract/reasons.ts";

const RECORD_FILE = "record.json";

interface RecordFiles {
  record: unknown;
  beside: Readonly<Record<string, string | FileSource>>;
}

const encoder = new TextEncoder();

function jsonFile(path: string, content: string | FileSource): FileToSave {
  return {
    path,
    content: typeof content === "string" ? encoder.encode(content) : content,
    mediaType: path.endsWith(".json") ? "application/json" : "text/plain;charset=utf-8",
  };
}

const recordFiles = defineMaterializer<RecordFiles>({
  id: "holdfast/pipeline-record",
  save: ({ record, beside }) => [
    jsonFile(RECORD_FILE, `${JSON.stringify(record)}\n`),
    ...Object.entries(beside).map(([path, content]) => jsonFile(path, content)),
  ],
  load: async (artifact) => ({
    record: parseJson(textOf(await artifact.file(RECORD_FILE).bytes())),
    beside: {},
  }),
});

export interface SaveRecordOptions
  extends Pick<SaveOptions, "version" | "metadata" | "inputs" | "idempotencyKey" | "signal"> {
  /** Strings and files beside the record, by name. @default none */
  beside?: RecordFiles["beside"];
}

/** Saves a record as a version. Throws `AlreadyExists` if the version exists. */
export async function saveRecord(
  registry: Registry,
  { name, record }: { name: string; record: object },
  { beside = {}, ...options }: SaveRecordOptions = {},
): Promise<SavedArtifact> {
  // A base would be read for nothing: records have no common content.
  const more = { as: recordFiles, share: "none" } as const;
  return await registry.save(name, { record, beside }, { ...options, ...more });
}

/** Saves once for a key, and again under another one if that version was deleted. */
export async function saveOnce(
  registry: Registry,
  name: string,
  value: unknown,
  { idempotencyKey, ...options }: SaveOptions & { idempotencyKey: string },
): Promise<SavedArtifact> {
  try {
    return await registry.save(name, value, { ...options, idempotencyKey });
  } catch (error) {
    if (!isRegistryError(error, "Conflict") || error.commit === undefined) throw error;
    const next = sha256(`${idempotencyKey} ${error.commit}`);
    return await saveOnce(registry, name, value, { ...options, idempotencyKey: next });
  }
}

export interface FoundRecord<T> {
  record: T;
  info: Pick<ArtifactInfo, "name" | "version" | "commit" | "createdAt">;
}

interface ReadRecordOptions extends SignalOptions {
  kind: RecordKind;
}

/** Reads a record, the latest without a version; undefined if it does not exist. */
export async function readRecord<T extends object>(
  registry: Registry,
  ref: string,
  { kind, signal }: ReadRecordOptions,
): Promise<FoundRecord<T> | undefined> {
  const exact = ref.includes("@") ? ref : await latestOf(registry, ref, signal);
  if (exact === undefined) return undefined;
  try {
    return await readExact<T>(registry, exact, { kind, signal });
  } catch (error) {
    if (!isRegistryError(error, "NotFound")) throw error;
    if (!await registry.has(exact, { signal })) return undefined;
    return await readExact<T>(registry, exact, { kind, signal }); // it was just created
  }
}

/** Reads a success of a step, the latest if the ref has no version. */
export async function readSuccess(
  registry: Registry,
  ref: string,
  signal?: AbortSignal,
): Promise<FoundRecord<StepRecord> | undefined> {
  return await readRecord<StepRecord>(registry, ref, { kind: "step", signal });
}

async function readExact<T extends object>(
  registry: Registry,
  exact: string,
  { kind, signal }: ReadRecordOptions,
): Promise<FoundRecord<T>> {
  const artifact = await registry.open(exact, { signal });
  const { id, formatVersion } = artifact.info.materializer;
  if (id === recordFiles.id && formatVersion > recordFiles.formatVersion) {
    throw unreadable(exact, {
      code: "Unsupported",
      state: "it was written by a newer version of Holdfast",
      hint: "Upgrade Holdfast.",
    });
  }
  if (artifact.info.files.every(({ path }) => path !== RECORD_FILE)) {
    throw corrupt(exact, `it has no ${RECORD_FILE}`);
  }
  const text = textOf(await artifact.file(RECORD_FILE).bytes());
  let record: unknown;
  try {
    record = parseJson(text);
  } catch (error) {
    throw corrupt(exact, messageOf(error));
  }
  const problem = recordProblem(kind, record);
  if (problem !== undefined) throw corrupt(exact, problem);
  return { record: record as T, info: artifact.info };
}

/** Returns the latest version. Listing costs less than the error for a new name. */
async function latestOf(
  registry: Registry,
  name: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  for await (const { version } of registry.versions(name, { range: ">=0", limit: 1, signal })) {
    return `${name}@${version}`;
  }
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function corrupt(ref: string, state: string): RegistryError {
  const hint = `Inspect the file record.json of ${ref}. Delete the version if only a pipeline ` +
    "should write there.";
  return unreadable(ref, {
    code: "Corrupt",
    state,
    hint,
    reason: pipelineReasons.of("run_record_damaged", { ref }),
  });
}

function unreadable(
  subject: string,
  fields: { code: ErrorCode; state: string; hint: string; reason?: Reason },
): RegistryError {
  return fault({ ...fields, action: "read the record", subject });
}

/** The sources of a step's outputs: equal fingerprints give equal outputs. */
export interface Fingerprint {
  inputs: Record<string, string>;
  /** Parameters, without secrets. */
  params: PlainValue;
  /** Variables, without secrets. @default none */
  env?: PlainValue;
  code: string;
}

/** An output of a step, and its location. */
export interface SavedOutput {
  /** Destination in the configuration: `registry:data:clean`, a URL, a path. */
  to: string;
  ref?: string;
  path?: string;
  file?: string;
  files?: string[];
  /** SHA-256 of its content; of objects in a bucket, of their sizes and tags. */
  digest: string;
  /** Bytes. */
  size: number;
}

/** Members of every record of a step. */
export interface StepFacts {
  run: string;
  step: string;
  node: string;
  operator: string;
  fingerprint: Fingerprint;
  /** Identifies the effect: pipeline, step, fingerprint and previous success. */
  effect: string;
  /** From 1. */
  attempt: number;
  /** ISO 8601. */
  startedAt: string;
  /** Milliseconds. */
  durationMs: number;
  usage?: Record<string, PlainValue>;
  git?: { repo: string; tag?: string };
  /** Values of the files in `metrics`. Absent if the configuration names none. */
  metrics?: Record<string, PlainValue>;
}

/** A success of a step. Its existence means that the step is done. */
export interface StepRecord extends StepFacts {
  kind: "step";
  /** Its outputs, by key: a path below the output root, or `.`. */
  outputs: Record<string, SavedOutput>;
  /** Ref of the records and logs of its shards, if several processes shared it. */
  shards?: string;
}

export interface FailureRecord extends StepFacts {
  kind: "failure";
  /** 1 to 5. */
  exitCode: ExitCode;
  exit: ExitName;
  /** True if it is retried. If not, the step has failed in this run. */
  again: boolean;
  error: { code?: string; message: string; hint?: string; reason?: Reason };
}
