// Records as versions in a registry: `record.json`, and what belongs to it as files beside it.
import { fault, isRegistryError, type RegistryError } from "../../../core/errors.ts";
import { defineMaterializer, type FileSource } from "../../../core/materializer.ts";
import type { ArtifactInfo } from "../../../core/artifact.ts";
import type {
  Registry,
  SavedArtifact,
  SaveOptions,
  SignalOptions,
} from "../../../core/registry.ts";
import { isJsonObject, parseJson } from "../../../core/text/json_text.ts";
import type { StepRecord } from "./step_record.ts";

const RECORD_FILE = "record.json";

interface RecordFiles {
  record: unknown;
  beside: Readonly<Record<string, string | FileSource>>;
}

const encoder = new TextEncoder();

const recordFiles = defineMaterializer<RecordFiles>({
  id: "holdfast/pipeline-record",
  save: ({ record, beside }) => [
    {
      path: RECORD_FILE,
      content: encoder.encode(`${JSON.stringify(record)}\n`),
      mediaType: "application/json",
    },
    ...Object.entries(beside).map(([path, content]) => ({
      path,
      content: typeof content === "string" ? encoder.encode(content) : content,
      mediaType: path.endsWith(".json") ? "application/json" : "text/plain;charset=utf-8",
    })),
  ],
  load: async (artifact) => ({
    record: parseJson(textOf(await artifact.file(RECORD_FILE).bytes())),
    beside: {},
  }),
});

/** Options of {@linkcode saveRecord}. */
export interface SaveRecordOptions
  extends Pick<SaveOptions, "version" | "metadata" | "inputs" | "idempotencyKey" | "signal"> {
  /** Texts and files beside the record, by name. @default none */
  beside?: RecordFiles["beside"];
}

/** Saves a record as a version. A version that is there is `AlreadyExists`. */
export async function saveRecord(
  registry: Registry,
  { name, record }: { name: string; record: object },
  { beside = {}, ...options }: SaveRecordOptions = {},
): Promise<SavedArtifact> {
  // Records share nothing with one another: without a base none is read.
  return await registry.save(name, { record, beside }, {
    ...options,
    materializer: recordFiles,
    base: null,
  });
}

export interface FoundRecord<T> {
  record: T;
  info: Pick<ArtifactInfo, "name" | "version" | "commit" | "createdAt">;
}

/** Options of {@linkcode readRecord}. */
export interface ReadRecordOptions extends SignalOptions {
  kind: keyof typeof MEMBERS;
}

const isText = (value: unknown) => typeof value === "string";

/** What each kind of record must have to be worked with. */
const MEMBERS = {
  plan: { pipeline: isText, configuration: isText, steps: Array.isArray },
  result: { run: isText, end: isText, steps: isJsonObject },
  step: { effect: isText, fingerprint: isJsonObject, outputs: isJsonObject },
  failure: { effect: isText, error: isJsonObject },
} satisfies Record<string, Readonly<Record<string, (value: unknown) => boolean>>>;

/**
 * Reads a record, the latest where the ref names no version; undefined where there is none.
 *
 * @throws {RegistryError} `Corrupt` where it is no such record, `Unsupported` where a newer version wrote it
 */
export async function readRecord<T extends object>(
  registry: Registry,
  ref: string,
  { kind, signal }: ReadRecordOptions,
): Promise<FoundRecord<T> | undefined> {
  const exact = ref.includes("@") ? ref : await latestOf(registry, ref, signal);
  if (exact === undefined) return undefined;
  const read = async () => {
    try {
      return await readThere<T>(registry, exact, { kind, signal });
    } catch (error) {
      throw error instanceof SyntaxError ? corrupt(exact, error.message) : error;
    }
  };
  return await read().catch(async (error) => {
    if (!isRegistryError(error, "NotFound")) throw error;
    return await registry.has(exact, { signal }) ? await read() : undefined; // it may have come since
  });
}

/** Reads a success of a step, the last one where the ref names no version. */
export async function readSuccess(
  registry: Registry,
  ref: string,
  signal?: AbortSignal,
): Promise<FoundRecord<StepRecord> | undefined> {
  return await readRecord<StepRecord>(registry, ref, { kind: "step", signal });
}

async function readThere<T extends object>(
  registry: Registry,
  exact: string,
  { kind, signal }: ReadRecordOptions,
): Promise<FoundRecord<T>> {
  const artifact = await registry.open(exact, { signal });
  const { id, formatVersion } = artifact.info.materializer;
  if (id === recordFiles.id && formatVersion > recordFiles.formatVersion) throw newer(exact);
  if (artifact.info.files.every(({ path }) => path !== RECORD_FILE)) {
    throw corrupt(exact, `it has no ${RECORD_FILE}`);
  }
  const record = parseJson(textOf(await artifact.file(RECORD_FILE).bytes()));
  const problem = recordProblem(kind, record);
  if (problem !== undefined) throw corrupt(exact, problem);
  return { record: record as T, info: artifact.info };
}

function recordProblem(kind: keyof typeof MEMBERS, record: unknown): string | undefined {
  if (!isJsonObject(record)) return "it holds no object";
  if (record.kind !== kind) return `it is no record of a ${kind}`;
  const wrong = Object.entries(MEMBERS[kind]).find(([name, isRight]) => !isRight(record[name]));
  if (wrong !== undefined) return `its member ${wrong[0]} is missing or wrong`;
  const { fingerprint, outputs = {} } = record;
  if (isJsonObject(fingerprint) && !isJsonObject(fingerprint.inputs)) {
    return "its fingerprint has no inputs";
  }
  const isOutput = (value: unknown) => isJsonObject(value) && typeof value.digest === "string";
  if (!Object.values(outputs as object).every(isOutput)) return "one of its outputs has no digest";
}

/** The latest version of a name, which is no prerelease: a listing costs less than the error of a name without any. */
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

function newer(ref: string): RegistryError {
  return fault({
    code: "Unsupported",
    action: "read the record",
    subject: ref,
    state: "a newer version of Holdfast wrote it",
    hint: "Use that version, or a newer one.",
  });
}

function corrupt(ref: string, state: string): RegistryError {
  return fault({
    code: "Corrupt",
    action: "read the record",
    subject: ref,
    state,
    hint:
      `Nothing but a pipeline writes there. Look at it with holdfast cat ${ref} record.json; delete it where it is wrong.`,
  });
}
