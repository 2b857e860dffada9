// A step that several processes share: each does a part of it, and whoever sees that all parts are
// there commits what they wrote.
//
// What is there of a step lies in drafts, which belong to what it does (its effect), whatever run
// and process did it. A shard adds what it wrote to the draft of each output, as a part named by
// this attempt, and then its record to the draft of `<pipeline>:shards:<step>`: from then on the
// shard is done. That draft is committed first, once: so it also decides which attempt of each
// shard counts, where there were several.
import type { Artifact } from "../../../core/artifact.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { fault, isRegistryError, type RegistryError } from "../../../core/errors.ts";
import type { FileSource, FileToSave } from "../../../core/materializer.ts";
import { shown } from "../../../core/naming/names.ts";
import type { Shard } from "../../../core/work/shards.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import type { Draft, DraftInfo } from "../../../core/registry/draft.ts";
import type { ArtifactInput } from "../../../core/record.ts";
import { isJsonObject, parseJson } from "../../../core/text/json_text.ts";
import type { PlainValue } from "../../../core/text/plain_value.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { localPath } from "../../../materializers/mod.ts";
import { recordNames } from "../records/names.ts";
import type { SavedOutput, StepRecord } from "../records/step_record.ts";
import type { RunContext } from "../run_context.ts";
import { joinLogs } from "./shard_logs.ts";
import { WHOLE_OUTPUT } from "../../output_keys.ts";
import { fileOf, type WrittenOutput } from "../step/publish_outputs.ts";

export interface ShardRecord {
  kind: "shard";
  shard: Shard;
  run: string;
  /** Which attempt it was, from 1. */
  attempt: number;
  /** When it began, ISO 8601. */
  startedAt: string;
  /** How long it took, milliseconds. */
  durationMs: number;
  usage?: Record<string, PlainValue>;
  /** By output: the part of its draft that this attempt wrote, and the name of an output that is one file. */
  outputs: Record<string, { part: string; file?: string }>;
}

export interface EndedShard extends Omit<ShardRecord, "kind" | "shard" | "run" | "outputs"> {
  outputs: readonly WrittenOutput[];
  beside: readonly FileToSave[];
}

type WrittenPart = ShardRecord["outputs"][string];

export async function openSharedStep(
  context: RunContext,
  step: PipelineStep,
  { effect, forced }: { effect: string; forced: boolean },
): Promise<SharedStep> {
  const { outputs, shards: count } = step;
  // Other places for outputs, or a forced step, need all shards anew.
  const first = sha256(JSON.stringify([effect, outputs, count, forced ? context.run : null]));
  return new SharedStep(context, step, await openRecords(context, step, first));
}

interface CommitOptions {
  inputs: ArtifactInput[];
  metadata: Record<string, unknown>;
}

interface Records {
  id: string;
  records: Draft;
  /** Has a part where the shards in `records` are to be done anew. */
  givenUp: Draft;
  done: ReadonlySet<number>;
}

/** The first draft of records that shards can be added to, or that is complete. */
async function openRecords(
  { registry, pipeline, signal }: RunContext,
  { id: step, shards }: PipelineStep,
  first: string,
): Promise<Records> {
  const name = recordNames(pipeline.id).shards(step);
  for (let generation = 0;; generation++) {
    const id = `${first} ${generation}`;
    const givenUp = await registry.openDraft(name, { id: `${id} given up` });
    const records = await registry.openDraft(name, { id });
    const { state, done } = await doneIn(records, shards, signal);
    // One that nobody completed for days may be being collected: the shards in it count no more.
    if (state === "abandoned" || state === "discarded") continue;
    if ((await givenUp.info({ signal })).parts.length === 0) {
      return { id, records, givenUp, done };
    }
  }
}

/** A step whose shards are done by several processes. */
export class SharedStep {
  readonly #context: RunContext;
  readonly #step: PipelineStep;
  readonly #records: Records;
  /** Where each output goes. */
  readonly #places: Readonly<Record<string, string>>;
  readonly #drafts = new Map<string, Promise<Draft>>();

  constructor(context: RunContext, step: PipelineStep, records: Records) {
    const { id, outputs } = step;
    this.#context = context;
    this.#step = step;
    this.#records = records;
    this.#places = Object.keys(outputs).length > 0
      ? outputs
      : { [WHOLE_OUTPUT]: `registry:${recordNames(context.pipeline.id).output(id)}` };
  }

  get done(): ReadonlySet<number> {
    return this.#records.done;
  }

  /** Keeps what a shard wrote: the shard is done. Of two deliveries of one shard the first counts, whole. */
  async add(shard: EndedShard): Promise<void> {
    try {
      await this.#addShard(shard);
    } catch (error) {
      // This process may have been held up while another one did this shard and the last one.
      const { signal } = this.#context;
      const isLate = isRegistryError(error, "Conflict") &&
        isDecided((await this.#records.records.info({ signal })).state);
      if (!isLate) throw error;
    }
  }

  /**
   * Saves the outputs where all shards are done; undefined where some are not.
   *
   * @returns the outputs, the ref of the shards' records, and what all of them said
   * @throws {RegistryError} `Invalid` where two shards wrote the same file: then all of them are to be done again
   */
  async commit(
    given: CommitOptions,
  ): Promise<Required<Pick<StepRecord, "outputs" | "shards">> & { log?: FileSource } | undefined> {
    const { registry, signal } = this.#context;
    const { records, givenUp } = this.#records;
    const count = this.#step.shards;
    const { state, done } = await doneIn(records, count, signal);
    const indexes = [...Array(count).keys()];
    if (!indexes.every((index) => done.has(index))) return undefined;
    try {
      if (state === "open") await this.#checkWritten();
      const options = { ...given, signal };
      const saved = await records.commit({ ...options, parts: indexes.map(String) });
      const shards = `${saved.name}@${saved.version}`;
      const artifact = await registry.open(shards, { signal });
      const written = new Map<string, WrittenPart[]>();
      for (const { outputs } of await readRecords(artifact, indexes)) {
        for (const [output, part] of Object.entries(outputs)) {
          written.set(output, [...written.get(output) ?? [], part]);
        }
      }
      const outputs: Record<string, SavedOutput> = {};
      for (const [output, parts] of written) {
        outputs[output] = await this.#commitOutput(output, parts, options);
      }
      return { outputs, shards, log: joinLogs(artifact, count) };
    } catch (error) {
      // These would be thrown the same again: all shards are to be done anew.
      if (isRegistryError(error, "Invalid", "NotFound", "Conflict", "Corrupt", "TaskFailed")) {
        await givenUp.addPart("given up", [], { signal });
        await records.discard({ signal });
      }
      throw error;
    }
  }

  async #addShard({ outputs, beside, ...ended }: EndedShard): Promise<void> {
    const { run, system, signal } = this.#context;
    const shard = this.#context.shard!;
    const part = `${shard.index}/${system.id()}`;
    const added: ShardRecord["outputs"] = {};
    for (const { name: output, to, from } of outputs) {
      const draft = await this.#draftOf(output, to);
      await draft.addPart(part, localPath(from, { all: true }), { signal });
      added[output] = { part, ...fileOf(from) };
    }
    const record: ShardRecord = { kind: "shard", shard, run, ...ended, outputs: added };
    const files = [
      { path: RECORD_FILE, content: encoder.encode(`${JSON.stringify(record)}\n`) },
      ...beside,
    ];
    const inFolder = files.map((file) => ({ ...file, path: `${shard.index}/${file.path}` }));
    await this.#records.records.addPart(String(shard.index), inFolder, { signal });
  }

  async #commitOutput(
    output: string,
    written: readonly WrittenPart[],
    { metadata, ...options }: CommitOptions & { signal: AbortSignal },
  ): Promise<SavedOutput> {
    const to = this.#places[output];
    const draft = await this.#draftOf(output, to);
    const [, version] = refOf(to).split("@");
    const saved = await draft.commit({
      ...options,
      parts: written.map(({ part }) => part),
      metadata: { ...metadata, output },
      version,
    });
    const { file } = written[0];
    return {
      to,
      ref: `${saved.name}@${saved.version}`,
      ...(file === undefined ? {} : { file }),
      digest: saved.digest,
      size: saved.size,
    };
  }

  #draftOf(output: string, to: string): Promise<Draft> {
    const known = this.#drafts.get(output);
    if (known !== undefined) return known;
    const [name] = refOf(to).split("@");
    const id = sha256(`${this.#records.id} ${output}`);
    const opened = this.#context.registry.openDraft(name, { id });
    this.#drafts.set(output, opened);
    return opened;
  }

  /** Throws unless some shard wrote each output, and no two shards wrote the same file of it. */
  async #checkWritten(): Promise<void> {
    const { signal } = this.#context;
    const { id: step, outputs } = this.#step;
    for (const [output, to] of Object.entries(this.#places)) {
      const draft = await this.#draftOf(output, to);
      const isAsked = Object.hasOwn(outputs, output);
      if (isAsked && (await draft.info({ signal })).parts.length === 0) {
        throw notWritten(step, output);
      }
      const owners = new Map<string, string>();
      for (const { path, part } of await draft.files({ signal })) {
        const index = part.split("/")[0];
        const other = owners.get(path) ?? index;
        owners.set(path, index);
        if (other === index) continue;
        throw samePath(step, { output, path, indexes: [other, index] });
      }
    }
  }
}

/** Returns the shards that are done: all of them once a commit has begun, as `gc` may have removed its parts. */
async function doneIn(
  records: Draft,
  count: number,
  signal: AbortSignal,
): Promise<{ state: DraftInfo["state"]; done: Set<number> }> {
  const { state, parts } = await records.info({ signal });
  const done = isDecided(state) ? Array(count).keys() : parts.map(({ part }) => Number(part));
  return { state, done: new Set(done) };
}

async function readRecords(
  artifact: Artifact,
  indexes: readonly number[],
): Promise<ShardRecord[]> {
  const found: ShardRecord[] = [];
  await forEachAtOnce(indexes.entries(), async ([at, index]) => {
    const text = new TextDecoder().decode(await artifact.file(`${index}/${RECORD_FILE}`).bytes());
    const record = parseJson(text);
    if (!isJsonObject(record) || record.kind !== "shard") throw noRecord(artifact, index);
    found[at] = record as unknown as ShardRecord;
  });
  return found;
}

/** Whether a commit has begun. Commits name all shards, so no shard is needed after that. */
function isDecided(state: DraftInfo["state"]): boolean {
  return state === "committing" || state === "committed";
}

const RECORD_FILE = "record.json";
const encoder = new TextEncoder();

/** `registry:data:clean@1.0.0` without its beginning; other places are refused before anything runs. */
function refOf(to: string): string {
  return to.slice("registry:".length);
}

function notWritten(step: string, output: string): RegistryError {
  return fault({
    code: "TaskFailed",
    action: "save output",
    subject: `${shown(output)} of step ${shown(step)}`,
    state: "no shard wrote it",
    hint: 'Use the path of a written file or folder as the key, or "." for all of OUTPUT_ROOT.',
  });
}

function samePath(
  step: string,
  { output, path, indexes }: { output: string; path: string; indexes: string[] },
): RegistryError {
  return fault({
    code: "Invalid",
    action: "save output",
    subject: `${shown(output)} of step ${shown(step)}`,
    state: `shards ${indexes.join(" and ")} both wrote ${shown(path)}`,
    hint:
      "Put the shard into the names of the files, as part-0.csv: it is context.shard.index, or HOLDFAST_SHARD.",
  });
}

function noRecord({ info: { name, version } }: Artifact, index: number): RegistryError {
  return fault({
    code: "Corrupt",
    action: "read what shard",
    subject: `${index} left in ${name}@${version}`,
    state: "it holds no record",
    hint:
      "Nothing but a pipeline writes there. Delete that version where it is wrong, and run the step by --force.",
  });
}
