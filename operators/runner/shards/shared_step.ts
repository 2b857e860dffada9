// A step that several processes share. Each does one shard; the one that finds all shards done
// commits the outputs.
//
// The state is kept in drafts, identified by the step's effect, independent of run and process. A
// shard adds its output to the draft of each output, as a part with a unique name, and then its
// record to the draft of `<pipeline>:shards:<step>`, which makes the shard done. That draft is
// committed first, once: this decides which attempt of each shard counts.
import type { ArtifactInput } from "../../../registry/mod.ts";
import {
  corrupt,
  fault,
  forEachAtOnce,
  isRegistryError,
  parsedJson,
  sha256,
  shown,
} from "../../../core/kernel.ts";
import type { Artifact, ErrorCode } from "../../../mod.ts";
import type { RegistryError, Shard } from "../../../core/kernel.ts";
import type { FileSource, FileToSave } from "../../../materializers/mod.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import type { Draft, DraftInfo } from "../../../extensions/transfers/mod.ts";
import { localPath } from "../../../materializers/path.ts";
import { fileOf } from "../digest_of_path.ts";
import type { PinnedInput } from "../pin_inputs.ts";
import type { FoundRecord, SavedOutput, StepFacts, StepRecord } from "../records/files.ts";
import { recordNames } from "../records/names.ts";
import { recordProblem } from "../records/record_shape.ts";
import type { RunContext } from "../run_context.ts";
import { joinLogs } from "./joined_log.ts";
import { WHOLE_OUTPUT } from "../../output_keys.ts";
import type { StepState } from "../reasons.ts";
import { addSuccess, lineageOf, metadataOf, withCode } from "../success.ts";
import { mergeMetrics, type Metrics } from "../metrics/metrics_table.ts";
import type { WrittenOutput } from "../step/publish_outputs.ts";
import { pipelineReasons } from "../../contract/reasons.ts";

interface ShardRecord
  extends Pick<StepFacts, "run" | "attempt" | "startedAt" | "durationMs" | "usage" | "metrics"> {
  kind: "shard";
  shard: Shard;
  /** Its code, if the files of its command changed during the run. */
  code?: string;
  /** By output: the part of its draft, and the name of an output that is a single file. */
  outputs: Record<string, { part: string; file?: string }>;
}

interface EndedShard extends Omit<ShardRecord, "kind" | "shard" | "run" | "outputs"> {
  outputs: readonly WrittenOutput[];
  beside: readonly FileToSave[];
}

type CommittedShards =
  & Required<Pick<StepRecord, "fingerprint" | "outputs" | "shards">>
  & Pick<StepRecord, "metrics">
  & { log?: FileSource };

type WrittenPart = ShardRecord["outputs"][string];

/** Opens the shared step of an effect. `whole` is true if this process executes all its shards. */
export async function openSharedStep(
  context: RunContext,
  step: PipelineStep,
  { effect, forced, whole }: { effect: string; forced: boolean; whole: boolean },
): Promise<SharedStep> {
  const { outputs, shards: count } = step;
  // Other destinations, and a forced step, need new shards.
  const first = sha256(JSON.stringify([effect, outputs, count, forced ? context.run : null]));
  return new SharedStep(context, step, { ...await openRecords(context, step, first), whole });
}

/** Saves the outputs and adds the success if all shards are done; undefined if some are not. */
export async function endShared(
  context: RunContext,
  shared: SharedStep,
  { state, inputs, facts }: {
    state: StepState;
    inputs: Record<string, PinnedInput>;
    facts: StepFacts;
  },
): Promise<FoundRecord<StepRecord> | undefined> {
  const lineage = await lineageOf(inputs, context, { step: facts.step, effect: state.effect });
  const committed = await shared.commit({ inputs: lineage, facts });
  if (committed === undefined) return undefined;
  const { log, ...saved } = committed;
  const record: StepRecord = { kind: "step", ...facts, ...saved };
  const beside: Record<string, FileSource> = log === undefined ? {} : { "log.txt": log };
  return await addSuccess(record, state.last, context, { inputs: lineage, beside });
}

interface CommitOptions {
  inputs: ArtifactInput[];
  facts: StepFacts;
}

interface Records {
  id: string;
  /** True if this process executes all shards. */
  whole?: boolean;
  records: Draft;
  /** Has a part if the shards in `records` must be repeated. */
  rejected: Draft;
  done: ReadonlySet<number>;
}

/** Opens the first draft of records that is open or complete. */
async function openRecords(
  { registry, pipeline, signal }: RunContext,
  { id: step, shards }: PipelineStep,
  first: string,
): Promise<Records> {
  const name = recordNames(pipeline.id).shards(step);
  for (let generation = 0;; generation++) {
    const id = `${first} ${generation}`;
    const rejected = await registry.openDraft(name, { id: `${id} given up` });
    const records = await registry.openDraft(name, { id });
    const { state, done } = await doneIn(records, shards, signal);
    // An abandoned draft may be being collected: its shards do not count.
    if (state === "abandoned" || state === "discarded") continue;
    if ((await rejected.info({ signal })).parts.length === 0) {
      return { id, records, rejected, done };
    }
  }
}

/** A step whose shards several processes execute. */
export class SharedStep {
  readonly #context: RunContext;
  readonly #step: PipelineStep;
  readonly #records: Records;
  /** Destination of each output. */
  readonly #places: Readonly<Record<string, string>>;
  readonly #drafts = new Map<string, Promise<Draft>>();
  /** Shards that are done, as far as this process knows without listing them. */
  readonly #done: Set<number>;

  constructor(context: RunContext, step: PipelineStep, records: Records) {
    const { id, outputs } = step;
    this.#context = context;
    this.#step = step;
    this.#records = records;
    this.#done = new Set(records.done);
    this.#places = Object.keys(outputs).length > 0
      ? outputs
      : { [WHOLE_OUTPUT]: `registry:${recordNames(context.pipeline.id).output(id)}` };
  }

  get done(): ReadonlySet<number> {
    return this.#records.done;
  }

  /** Adds the output of a shard, which makes it done. Of two deliveries, the first one counts. */
  async add(shard: Shard, ended: EndedShard): Promise<void> {
    try {
      await this.#addShard(shard, ended);
      this.#done.add(shard.index);
    } catch (error) {
      // Another process may have done this shard and the last one meanwhile.
      const { signal } = this.#context;
      const isLate = isRegistryError(error, "Conflict") &&
        isDecided((await this.#records.records.info({ signal })).state);
      if (!isLate) throw error;
      this.#done.add(shard.index);
    }
  }

  /**
   * Saves the outputs if all shards are done; undefined if some are not.
   *
   * @returns the outputs and metrics, the ref of the shards' records, and their joined logs
   * @throws {RegistryError} `Invalid` if two shards wrote the same file: all shards must be
   * repeated
   */
  async commit(
    { inputs, facts }: CommitOptions,
  ): Promise<CommittedShards | undefined> {
    const { registry, signal } = this.#context;
    const { records, rejected } = this.#records;
    const count = this.#step.shards;
    // Listing all shards after each one would take the square of their number.
    if (this.#records.whole && this.#done.size < count) return undefined;
    const { state, done } = await doneIn(records, count, signal);
    const indexes = [...Array(count).keys()];
    if (!indexes.every((index) => done.has(index))) return undefined;
    try {
      if (state === "open") await this.#checkWritten();
      const metadata = metadataOf(facts);
      const parts = indexes.map(String);
      const saved = await records.commit({ inputs, metadata, parts, signal });
      const shards = `${saved.name}@${saved.version}`;
      const artifact = await registry.open(shards, { signal });
      const written = new Map<string, WrittenPart[]>();
      const ended = await readRecords(artifact, indexes);
      const metrics = this.#mergedMetrics(ended);
      const known = withCode(facts, ended.find(({ code }) => code !== undefined)?.code);
      for (const { outputs } of ended) {
        for (const [output, part] of Object.entries(outputs)) {
          written.set(output, [...written.get(output) ?? [], part]);
        }
      }
      const outputs: Record<string, SavedOutput> = {};
      for (const [output, parts] of written) {
        const options = { inputs, metadata: metadataOf({ ...known, metrics }), signal };
        outputs[output] = await this.#commitOutput(output, parts, options);
      }
      const saves = { fingerprint: known.fingerprint, outputs, ...metrics && { metrics } };
      return { ...saves, shards, log: joinLogs(artifact, count) };
    } catch (error) {
      // A retry would fail the same way: all shards must be repeated.
      if (isRegistryError(error, "Invalid", "NotFound", "Conflict", "Corrupt", "TaskFailed")) {
        await rejected.addPart("given up", [], { signal });
        await records.discard({ signal });
      }
      throw error;
    }
  }

  /** Refuses metrics that no shard wrote, and a key of two shards. */
  #mergedMetrics(ended: readonly ShardRecord[]): Metrics | undefined {
    const { id: step, metrics: named } = this.#step;
    if (named === undefined) return undefined;
    const refuse = (state: string, hint?: string) => {
      const subject = `${shown(named.join(", "))} of step ${shown(step)}`;
      return fault({ code: "Invalid", action: "read metrics", subject, state, hint });
    };
    const parts = ended.flatMap(({ shard, metrics }) =>
      metrics === undefined ? [] : [{ metrics, from: `shard ${shard.index}` }]
    );
    if (parts.length === 0) throw refuse("no shard wrote them", "Write the file in one shard.");
    return mergeMetrics(parts, refuse);
  }

  async #addShard(shard: Shard, { outputs, beside, ...ended }: EndedShard): Promise<void> {
    const { run, system, signal } = this.#context;
    const part = `${shard.index}/${system.id()}`;
    const added: ShardRecord["outputs"] = {};
    for (const { name: output, to, from } of outputs) {
      const draft = await this.#draftOf(output, to);
      await draft.addPart(part, localPath(from, { all: true }), { signal });
      added[output] = { part, file: fileOf(from) };
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
    { metadata, ...options }: {
      inputs: ArtifactInput[];
      metadata: Record<string, unknown>;
      signal: AbortSignal;
    },
  ): Promise<SavedOutput> {
    const to = this.#places[output]!;
    const draft = await this.#draftOf(output, to);
    const [, version] = refOf(to).split("@");
    const saved = await draft.commit({
      ...options,
      parts: written.map(({ part }) => part),
      metadata: { ...metadata, output },
      version,
    });
    const file = written[0]?.file;
    const ref = `${saved.name}@${saved.version}`;
    return { to, ref, file, digest: saved.digest, size: saved.size };
  }

  #draftOf(output: string, to: string): Promise<Draft> {
    const known = this.#drafts.get(output);
    if (known !== undefined) return known;
    const [name = ""] = refOf(to).split("@");
    const id = sha256(`${this.#records.id} ${output}`);
    const opened = this.#context.registry.openDraft(name, { id });
    this.#drafts.set(output, opened);
    return opened;
  }

  /** Refuses an output that no shard wrote, and a file that two shards wrote. */
  async #checkWritten(): Promise<void> {
    const { signal } = this.#context;
    const { id: step, outputs } = this.#step;
    for (const [output, to] of Object.entries(this.#places)) {
      const draft = await this.#draftOf(output, to);
      const isRequired = Object.hasOwn(outputs, output);
      if (isRequired && (await draft.info({ signal })).parts.length === 0) {
        throw outputError("TaskFailed", { step, output }, {
          state: "no shard wrote it",
          hint:
            'In `outputs`, use the path of a written file or folder as the key, or "." for all output.',
        });
      }
      const owners = new Map<string, string>();
      for (const { path, part } of await draft.files({ signal })) {
        const [index = ""] = part.split("/");
        const other = owners.get(path) ?? index;
        owners.set(path, index);
        if (other === index) continue;
        throw outputError("Invalid", { step, output }, {
          state: `shards ${other} and ${index} both wrote ${shown(path)}`,
          hint: "Include the shard index (context.shard.index, HOLDFAST_SHARD) in file names.",
        });
      }
    }
  }
}

/** Returns the shards that are done: all after a commit has begun, as `gc` may remove parts. */
async function doneIn(
  records: Draft,
  count: number,
  signal: AbortSignal,
): Promise<{ state: DraftInfo["state"]; done: Set<number> }> {
  const { state, parts } = await records.info({ signal });
  const done = isDecided(state) ? Array(count).keys() : parts.map(({ part }) => Number(part));
  return { state, done: new Set(done) };
}

async function readRecords(artifact: Artifact, indexes: readonly number[]): Promise<ShardRecord[]> {
  const shardRecords: ShardRecord[] = [];
  await forEachAtOnce(indexes.entries(), async ([at, index]) => {
    const text = new TextDecoder().decode(await artifact.file(`${index}/${RECORD_FILE}`).bytes());
    const record = parsedJson(text);
    const problem = recordProblem("shard", record);
    if (problem !== undefined) {
      const { name, version } = artifact.info;
      const action = "read the record of shard";
      throw corrupt(action, `${index} in ${name}@${version}`, problem, {
        hint:
          "If only this pipeline should write there, delete that version and run with force: true.",
        reason: pipelineReasons.of("shard_record_damaged"),
      });
    }
    shardRecords[at] = record as unknown as ShardRecord;
  });
  return shardRecords;
}

/** Returns whether a commit has begun. It names all shards, so no other shard is needed. */
function isDecided(state: DraftInfo["state"]): boolean {
  return state === "committing" || state === "committed";
}

const RECORD_FILE = "record.json";
const encoder = new TextEncoder();

/** Returns the ref of a destination: `data:clean@1.0.0`. Steps with shards have no other ones. */
function refOf(to: string): string {
  return to.slice("registry:".length);
}

function outputError(
  code: ErrorCode,
  { step, output }: { step: string; output: string },
  { state, hint }: { state: string; hint: string },
): RegistryError {
  const subject = `${shown(output)} of step ${shown(step)}`;
  return fault({ code, action: "save output", subject, state, hint });
}
