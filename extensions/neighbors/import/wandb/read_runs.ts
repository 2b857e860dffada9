// Reads a folder or bucket `wandb`, with a folder for each run, online or offline:
//
//   run-TIME-ID/run-ID.wandb, files/…           offline-run-TIME-ID/run-ID.wandb, files/…
import { Buffer } from "node:buffer";
import type { FileToSave } from "../../../../materializers/mod.ts";
import { isRegistryError, joinPath, nameOf, notFound, shown } from "../../../../core/kernel.ts";
import type { Metric } from "../../../runs/mlflow/points.ts";
import { changedEnd, type ImportRecord, type OpenedRun, type ReadOptions } from "../records.ts";
import { reasonOf, type SourceFiles } from "../source_files.ts";
import { type Artifacts, factsOf } from "./artifacts.ts";
import { integerOf, type Message, messagesOf, textOf, textsOf } from "../protobuf.ts";
import { recordsIn } from "./run_file.ts";
import {
  isOwnKey,
  metricsIn,
  numbersIn,
  paramsOf,
  summaryBeside,
  tagsText,
  valueOf,
} from "../../../runs/wandb/values.ts";

/** Fields of records. */
const RECORD = {
  history: 2,
  summary: 3,
  config: 5,
  files: 6,
  stats: 7,
  artifact: 8,
  run: 17,
  exit: 18,
} as const;
const ITEM = { key: 1, nested: 2, json: 16 } as const;
/** Bytes of the list of artifacts in the metadata; a longer one is a file. */
const MOST_ARTIFACTS = 8 * 1024;
/** Records before that of the run. */
const MOST_BEFORE = 1000;

/** Everything of a run but its points. */
class Facts {
  readonly config = new Map<string, unknown>();
  readonly summary = new Map<string, unknown>();
  /** The last points of all metrics. */
  readonly last = new Map<string, Metric>();
  readonly artifacts: Record<string, unknown>[] = [];
  /** Paths of files that the run has noted. */
  readonly files = new Set<string>();
  run: Message | undefined;
  exit: Message | undefined;
  lastMs = 0;
  lastStep = 0;

  get startedMs(): number {
    return startOf(this.run);
  }

  get endedMs(): number {
    const seconds = integerOf(this.exit, 2) ?? 0;
    return Math.max(this.startedMs + seconds * 1000, this.lastMs);
  }

  add(record: Message): void {
    for (const run of messagesOf(record, RECORD.run)) {
      this.run = run;
      for (const config of messagesOf(run, 4)) change(this.config, config, { isWritten: true });
    }
    for (const config of messagesOf(record, RECORD.config)) {
      change(this.config, config, { isWritten: true });
    }
    for (const summary of messagesOf(record, RECORD.summary)) change(this.summary, summary);
    for (const metric of metricsOf(record, { startedMs: 0, problems: [] })) {
      this.last.set(metric.key, metric);
      this.lastMs = Math.max(this.lastMs, metric.timestamp);
      this.lastStep = Math.max(this.lastStep, metric.step);
    }
    for (const artifact of messagesOf(record, RECORD.artifact)) {
      this.artifacts.push(factsOf(artifact));
    }
    for (const files of messagesOf(record, RECORD.files)) {
      for (const file of messagesOf(files, 1)) this.files.add(textOf(file, 1));
    }
    this.exit = messagesOf(record, RECORD.exit)[0] ?? this.exit;
  }
}

export class WandbReader {
  readonly #files: SourceFiles;
  readonly #options: ReadOptions;
  readonly #artifacts: Artifacts | undefined;
  /** Names of the artifacts of the runs that were read. */
  readonly #logged = new Set<string>();

  constructor(files: SourceFiles, options: ReadOptions, artifacts?: Artifacts) {
    this.#files = files;
    this.#options = options;
    this.#artifacts = artifacts;
  }

  async *records(): AsyncGenerator<ImportRecord> {
    const folders = (await this.#files.folders("")).filter((path) =>
      /^(offline-)?run-/.test(nameOf(path))
    ).sort((one, other) => timeIn(one) < timeIn(other) ? -1 : 1);
    if (folders.length === 0) {
      throw notFound("import runs of W&B from", this.#files.store.location, "no run is there", {
        hint:
          "Pass the folder that has a folder run-… or offline-run-… for each run: wandb. For runs on " +
          "W&B's server, use the script in docs/migrating.md; tables in CSV or Parquet are not read.",
      });
    }
    yield { kind: "total", count: folders.length };
    const ids = new Set<string>();
    for (const folder of folders) {
      const id = idIn(folder), what = `run ${id}`;
      if (ids.has(id)) {
        const reason = `it goes on in ${shown(folder)}, which is not imported`;
        yield { kind: "left", what, reason };
        continue;
      }
      ids.add(id);
      try {
        const record = await this.#found(folder, id);
        if (record !== undefined) yield record;
      } catch (error) {
        if (!isRegistryError(error, "Corrupt")) throw error;
        yield { kind: "failed", what, reason: reasonOf(error) };
      }
    }
    if (this.#artifacts === undefined) {
      const reason = "pass --artifacts with W&B's cache: docs/migrating.md";
      if (this.#logged.size > 0) yield { kind: "left", what: artifactsOf(this.#logged), reason };
      return;
    }
    for (const folder of folders) await this.#addArtifacts(folder, this.#artifacts);
    yield* this.#artifacts.models;
  }

  /** Adds the artifacts of a run. Its other problems are those of the run. */
  async #addArtifacts(folder: string, artifacts: Artifacts): Promise<void> {
    const run = idIn(folder), path = recordsPath(folder);
    if ((await this.#files.look(path, []))?.kind !== "file") return;
    let project = "uncategorized";
    try {
      for await (const record of recordsIn(this.#files.chunks(path), [])) {
        this.#options.signal?.throwIfAborted();
        const [own] = record.has(RECORD.run) ? messagesOf(record, RECORD.run) : [];
        project = textOf(own, 3) || project;
        for (const artifact of messagesOf(record, RECORD.artifact)) {
          artifacts.add(artifact, { project, run });
        }
      }
    } catch (error) {
      if (!isRegistryError(error, "Corrupt")) throw error;
    }
  }

  async #found(folder: string, id: string): Promise<ImportRecord | undefined> {
    const path = recordsPath(folder);
    const failed = (reason: string) => ({ kind: "failed", what: `run ${id}`, reason } as const);
    const entry = await this.#files.stat(path);
    if (entry?.kind !== "file") return failed(`${shown(path)} is ${entry?.kind ?? "missing"}`);
    const problems: string[] = [];
    let before = 0;
    for await (const record of recordsIn(this.#files.chunks(path), problems)) {
      const [run] = record.has(RECORD.run) ? messagesOf(record, RECORD.run) : [];
      if (run !== undefined) {
        const name = this.#options.nameOf(textOf(run, 3) || "uncategorized");
        if (name === undefined) return undefined;
        return {
          kind: "run",
          key: { name, id },
          changed: async (here) =>
            here.status === "KILLED" ? changedEnd(await this.#endOf(path), here) : undefined,
          open: () => this.#open(folder, path),
        };
      }
      if (++before > MOST_BEFORE) break;
    }
    return failed(problems[0] ?? "it has no record of a run");
  }

  async #facts(path: string, problems: string[]): Promise<Facts> {
    const facts = new Facts();
    for await (const record of recordsIn(this.#files.chunks(path), problems)) {
      this.#options.signal?.throwIfAborted();
      facts.add(record);
    }
    return facts;
  }

  /** Returns the end of a run that was without one. */
  async #endOf(path: string): Promise<{ endedMs?: number }> {
    const facts = await this.#facts(path, []);
    return facts.exit === undefined ? {} : { endedMs: facts.endedMs };
  }

  async #open(folder: string, path: string): Promise<OpenedRun> {
    const problems: string[] = [], facts = await this.#facts(path, problems);
    const { run, exit, config, artifacts, startedMs, endedMs } = facts;
    const ended = (integerOf(exit, 1) ?? 0) === 0 ? "FINISHED" : "FAILED";
    for (const { name } of artifacts) this.#logged.add(`${name}`);
    const { params, count } = paramsOf(config, problems), summary = new Map<string, number>();
    const values = numbersIn(withoutMedia([...facts.summary]), problems);
    for (const [key, value] of summaryBeside(values, facts.last)) summary.set(key, value);
    const list = Buffer.from(JSON.stringify(artifacts)), fits = list.length <= MOST_ARTIFACTS;
    const isDamaged = problems.length > 0;
    return {
      status: exit !== undefined ? ended : isDamaged ? "KILLED" : "RUNNING",
      startedMs,
      endedMs,
      params,
      tags: tagsOf(run),
      points: this.#points(path, { facts, values, problems }),
      summary,
      has: { params: count },
      files: [
        ...await this.#filesOf(joinPath(folder, "files"), { facts, problems }),
        ...fits ? [] : [{ path: ".mlflow/artifacts.json", content: list }],
      ],
      problems,
      ...artifacts.length > 0 && fits && { metadata: { wandb: { artifacts } } },
    };
  }

  /** Returns the files of a run. Those that a run has noted that ended, and lost, are problems. */
  async #filesOf(
    folder: string,
    { facts, problems }: { facts: Facts; problems: string[] },
  ): Promise<FileToSave[]> {
    const found = await this.#files.filesBelow(folder, problems);
    const paths = new Set(found.map(({ path }) => path));
    for (const path of facts.exit === undefined ? [] : facts.files) {
      if (paths.has(path) || path === "" || /[*?[\]\\]|^\/|(^|\/)\.\.?(\/|$)/.test(path)) continue;
      const at = joinPath(folder, path);
      if (await this.#files.look(at, []) === undefined) problems.push(`${shown(at)} is missing`);
    }
    return found;
  }

  async *#points(
    path: string,
    { facts, values, problems }: {
      facts: Facts;
      values: ReadonlyMap<string, number>;
      problems: string[];
    },
  ): AsyncGenerator<Metric> {
    const { startedMs, endedMs: timestamp, lastStep, last } = facts;
    let step = 0;
    for await (const record of recordsIn(this.#files.chunks(path), [])) {
      for (const metric of metricsOf(record, { startedMs, problems })) {
        step = metric.step;
        yield metric;
      }
      for (const stats of messagesOf(record, RECORD.stats)) {
        yield* systemMetricsOf(stats, { step, problems });
      }
    }
    for (const [key, value] of values) {
      if (!last.has(key) && !isOwnKey(key)) yield { key, value, timestamp, step: lastStep };
    }
  }
}

/** Yields the numbers of a step. */
function* metricsOf(
  record: Message,
  { startedMs, problems }: { startedMs: number; problems: string[] },
): Generator<Metric> {
  for (const history of messagesOf(record, RECORD.history)) {
    const values = numbersIn(
      withoutMedia(
        messagesOf(history, 1).map((item) => [keyOf(item), valueOf(textOf(item, ITEM.json))]),
      ),
      problems,
    );
    const [at] = messagesOf(history, 2);
    yield* metricsIn(values, { step: integerOf(at, 1), startedMs });
  }
}

/** Yields the numbers of a sample of the machine, at the step that the run had reached. */
function* systemMetricsOf(
  stats: Message,
  { step, problems }: { step: number; problems: string[] },
): Generator<Metric> {
  const timestamp = msOf(messagesOf(stats, 2)[0]);
  const values = messagesOf(stats, 3).map((item) =>
    [`system/${textOf(item, ITEM.key)}`, valueOf(textOf(item, ITEM.json))] as const
  );
  for (const [key, value] of numbersIn(values, problems)) yield { key, value, timestamp, step };
}

/** Adds and removes values of a configuration or a summary. */
function change(
  values: Map<string, unknown>,
  record: Message,
  options?: { isWritten: boolean },
): void {
  for (const item of messagesOf(record, 1)) {
    values.set(keyOf(item), valueOf(textOf(item, ITEM.json), options));
  }
  for (const item of messagesOf(record, 2)) values.delete(keyOf(item));
}

/** Leaves out the members of media, such as the width of an image, which are values of their own. */
function withoutMedia(values: [string, unknown][]): [string, unknown][] {
  const media = values.filter(([key]) => key.endsWith("._type")).map(([key]) => key.slice(0, -5));
  return media.length === 0
    ? values
    : values.filter(([key]) => !media.some((each) => key.startsWith(each)));
}

function keyOf(item: Message): string {
  const nested = textsOf(item, ITEM.nested);
  return nested.length > 0 ? nested.join(".") : textOf(item, ITEM.key);
}

function tagsOf(run: Message | undefined): Map<string, string> {
  const texts: [string, string][] = [
    ["mlflow.runName", textOf(run, 8)],
    ["mlflow.note.content", textOf(run, 9)],
    ["mlflow.user", textOf(run, 2)],
    ["wandb.tags", tagsText(textsOf(run, 10))],
    ["wandb.group", textOf(run, 6)],
    ["wandb.job_type", textOf(run, 7)],
    ["wandb.sweep", textOf(run, 12)],
    ["wandb.host", textOf(run, 13)],
  ];
  return new Map(texts.filter(([, text]) => text !== ""));
}

function startOf(run: Message | undefined): number {
  return msOf(messagesOf(run, 17)[0]);
}

/** Returns the milliseconds of a time of protocol buffers. */
function msOf(time: Message | undefined): number {
  return (integerOf(time, 1) ?? 0) * 1000 + Math.floor((integerOf(time, 2) ?? 0) / 1e6);
}

/** Returns the id of the run in the name of a folder. */
function idIn(folder: string): string {
  return /-([^-]+)$/.exec(folder)?.[1] ?? "";
}

function recordsPath(folder: string): string {
  return joinPath(folder, `run-${idIn(folder)}.wandb`);
}

/** Returns the time in the name of a folder. */
function timeIn(folder: string): string {
  return nameOf(folder).replace(/^(offline-)?run-/, "");
}

/** Returns artifacts in the words of a report. */
function artifactsOf(names: ReadonlySet<string>): string {
  const [first = "", ...more] = names;
  return `artifact ${shown(first)}${more.length > 0 ? ` and ${more.length} more` : ""}`;
}
