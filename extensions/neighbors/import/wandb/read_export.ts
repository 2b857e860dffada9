// Reads runs that were on W&B's server, as the script of docs/migrating.md writes them:
//
//   RUN/run.json         id, project, state, config, summary, …; artifacts: [{ name, digest, … }]
//   RUN/history.jsonl    an object for each step
//   RUN/files/…          RUN/artifacts/0/…
//
// run.json is written last: a folder without it is not complete.
import { Buffer } from "node:buffer";
import type { FileToSave } from "../../../../materializers/mod.ts";
import { isJsonObject, joinPath, mapAtOnce, nameOf, shown } from "../../../../core/kernel.ts";
import type { Metric } from "../../../runs/mlflow/points.ts";
import type { Status } from "../../../runs/mlflow/stored_run.ts";
import { type Json, objectsIn } from "../answers.ts";
import { checkedFile } from "../dvc/cache.ts";
import {
  changedEnd,
  type ImportRecord,
  type OpenedRun,
  type OpenedVersion,
  type ReadOptions,
} from "../records.ts";
import type { Counts } from "../counts.ts";
import type { SourceFiles } from "../source_files.ts";
import { type ArtifactFacts, ArtifactList } from "./artifact_list.ts";
import {
  isOwnKey,
  metricsIn,
  numbersIn,
  paramsOf,
  summaryBeside,
  tagsText,
  valueOf,
} from "../../../runs/wandb/values.ts";

const FACTS = "run.json", HISTORY = "history.jsonl";
const MOST_BYTES = 64 * 1024 * 1024;
const STATUS: ReadonlyMap<string, Status> = new Map([
  ["finished", "FINISHED"],
  ["failed", "FAILED"],
  ["crashed", "KILLED"],
  ["killed", "KILLED"],
  ["preempted", "KILLED"],
]);

interface ListedRun {
  readonly folder: string;
  readonly name: string;
  readonly id: string;
  readonly facts: Json;
  /** Its configuration, with numbers as they are written. */
  readonly config: Json;
}

/** Returns the folders of exported runs. */
export async function exportedRuns(files: SourceFiles): Promise<string[]> {
  const folders = await files.folders("");
  const others = folders.filter((path) => !/^(offline-)?run-\d{8}_\d{6}-/.test(nameOf(path)));
  const isRun = await Array.fromAsync(mapAtOnce(others, async (folder) => {
    for (const part of [FACTS, HISTORY]) {
      if ((await files.stat(joinPath(folder, part)))?.kind === "file") return true;
    }
    return false;
  }));
  return others.filter((_, i) => isRun[i]);
}

export class ExportReader {
  readonly #files: SourceFiles;
  readonly #options: ReadOptions;

  constructor(files: SourceFiles, options: ReadOptions) {
    this.#files = files;
    this.#options = options;
  }

  async *records(folders: readonly string[]): AsyncGenerator<ImportRecord> {
    const runs: ListedRun[] = [], models = new ArtifactList(this.#options);
    for (const folder of folders) {
      this.#options.signal?.throwIfAborted();
      const run = await this.#run(folder);
      if ("kind" in run) yield run;
      else {
        const name = this.#options.nameOf(textIn(run.facts.project) ?? "uncategorized");
        if (name !== undefined) runs.push({ ...run, name });
        this.#addArtifacts(models, run);
      }
    }
    runs.sort((one, other) => timesIn(one.facts).endedMs - timesIn(other.facts).endedMs);
    yield { kind: "total", count: runs.length };
    for (const run of runs) {
      const { name, id, facts } = run;
      yield {
        kind: "run",
        key: { name, id },
        changed: (here) =>
          here.status === "KILLED" && statusIn(facts) !== "KILLED"
            ? changedEnd(timesIn(facts), here)
            : undefined,
        open: () => this.#open(run),
      };
    }
    yield* models.all;
  }

  async #run(folder: string) {
    const problems: string[] = [], path = joinPath(folder, FACTS);
    const failed = (reason: string) =>
      ({ kind: "failed", what: `run ${nameOf(folder)}`, reason }) as const;
    const entry = await this.#files.look(path, problems);
    if (entry?.kind !== "file") {
      return failed(
        `${shown(path)} is ${entry?.kind ?? "missing"}: run the script of the export again`,
      );
    }
    const text = await this.#files.text(entry, problems, MOST_BYTES);
    const facts = text === undefined ? undefined : valueOf(text);
    if (!isJsonObject(facts)) {
      return failed(problems[0] ?? `${shown(path)} is not an object in JSON`);
    }
    const id = textIn(facts.id);
    if (id === undefined) return failed(`${shown(path)} has no id`);
    const { config } = objectIn(valueOf(text ?? "", { isWritten: true }));
    return { folder, id, facts, config: objectIn(config) };
  }

  async #open({ folder, facts, config }: ListedRun): Promise<OpenedRun> {
    const problems: string[] = [], times = timesIn(facts);
    const path = joinPath(folder, HISTORY);
    const history = await this.#files.look(path, problems);
    if (history?.kind !== "file" && problems.length === 0) {
      problems.push(`${shown(path)} is ${history?.kind ?? "missing"}`);
    }
    const { params, count } = paramsOf(Object.entries(config), problems);
    const has: Counts = { params: count }, summary = new Map<string, number>();
    const files = await this.#files.filesBelow(joinPath(folder, "files"), problems);
    countFiles(facts, { folder, files, has, problems });
    return {
      status: statusIn(facts),
      ...times,
      params,
      tags: tagsOf(facts),
      points: this.#points(history?.kind === "file" ? path : undefined, {
        facts,
        summary,
        problems,
      }),
      summary,
      files,
      has,
      problems,
    };
  }

  async *#points(
    path: string | undefined,
    { facts, summary, problems }: {
      facts: Json;
      summary: Map<string, number>;
      problems: string[];
    },
  ): AsyncGenerator<Metric> {
    const { startedMs, endedMs } = timesIn(facts), last = new Map<string, Metric>();
    let lastStep = 0, number = 0, rows = 0;
    for await (const line of path === undefined ? [] : this.#files.lines(path)) {
      number++;
      if (line.trim() === "") continue;
      const values = valueOf(line);
      rows++;
      if (!isJsonObject(values)) {
        if (problems.length < 100) {
          problems.push(`line ${number} of ${shown(path ?? "")} is not JSON`);
        }
        continue;
      }
      const numbers = numbersIn(Object.entries(values), problems);
      for (const metric of metricsIn(numbers, { startedMs })) {
        last.set(metric.key, metric);
        lastStep = Math.max(lastStep, metric.step);
        yield metric;
      }
    }
    if (typeof facts.rows === "number" && facts.rows !== rows) {
      problems.push(`${shown(path ?? HISTORY)} has ${rows} of its ${facts.rows} lines`);
    }
    const values = numbersIn(Object.entries(objectIn(facts.summary)), problems);
    for (const [key, value] of values) {
      if (last.has(key) || isOwnKey(key)) continue;
      yield { key, value, timestamp: endedMs, step: lastStep };
    }
    for (const [key, value] of summaryBeside(values, last)) summary.set(key, value);
  }

  #addArtifacts(models: ArtifactList, { folder, id, facts }: Omit<ListedRun, "name">): void {
    objectsIn(facts.artifacts).forEach((each, i) => {
      const name = textIn(each.name) ?? "",
        [, own = name, number] = /^([^]*):v(\d+)$/.exec(name) ?? [];
      const artifact: ArtifactFacts = {
        type: textIn(each.type) ?? "",
        name: own,
        digest: textIn(each.digest) ?? "",
        aliases: Array.isArray(each.aliases) ? each.aliases.map(String) : [],
        notes: textIn(each.description),
        number: Number(number ?? 0),
        open: () => this.#openArtifact(joinPath(folder, `artifacts/${i}`), each),
      };
      models.add(artifact, { project: textIn(facts.project) ?? "uncategorized", run: id });
    });
  }

  async #openArtifact(folder: string, facts: Json): Promise<OpenedVersion> {
    const problems: string[] = [], files: FileToSave[] = [];
    const described = Object.entries(objectIn(facts.files)), has = { files: described.length };
    const entries = await this.#files.walk(folder, problems);
    const found = new Map(entries.map((entry) => [entry.path.slice(folder.length + 1), entry]));
    const isMd5 = !String(facts.digest_algorithm).includes("XXH");
    for (const [path, digest] of described) {
      const entry = found.get(path);
      if (digest === null) problems.push(`${shown(path)} is a reference`);
      else if (entry === undefined) problems.push(`${shown(joinPath(folder, path))} is missing`);
      else if (isMd5) {
        const md5 = Buffer.from(String(digest), "base64").toString("hex");
        const read = () => this.#files.chunks(entry.path);
        files.push(checkedFile({ path, md5, isLegacy: false }, entry.size, read));
      } else files.push(this.#files.fileToSave(entry, path));
    }
    return { files, problems, has };
  }
}

function statusIn(facts: Json): Status {
  return STATUS.get(String(facts.state)) ?? "RUNNING";
}

function timesIn(facts: Json) {
  const startedMs = timeOf(facts.created_at) ?? 0;
  const seconds = objectIn(facts.summary)._runtime;
  const endedMs = timeOf(facts.heartbeat_at) ??
    startedMs + (typeof seconds === "number" ? Math.round(seconds * 1000) : 0);
  return { startedMs, endedMs: Math.max(startedMs, endedMs) };
}

/** Returns a time of W&B, which is UTC also without `Z`. */
function timeOf(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const time = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(value) ? value : `${value}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** Notes the files that the server had, if the export says so. Those that are missing are problems. */
function countFiles(
  { sizes }: Json,
  { folder, files, has, problems }: {
    folder: string;
    files: readonly FileToSave[];
    has: Counts;
    problems: string[];
  },
): void {
  if (!isJsonObject(sizes)) return;
  const found = new Set(files.map(({ path }) => path));
  for (const path of Object.keys(sizes)) {
    if (!found.has(path)) problems.push(`${shown(joinPath(folder, `files/${path}`))} is missing`);
  }
  const all = Object.values(sizes).map(Number);
  has.files = all.length;
  has.bytes = all.reduce((sum, size) => sum + size, 0);
}

function tagsOf(facts: Json): Map<string, string> {
  const texts: [string, unknown][] = [
    ["mlflow.runName", facts.name],
    ["mlflow.note.content", facts.notes],
    ["mlflow.user", facts.user],
    ["wandb.tags", Array.isArray(facts.tags) ? tagsText(facts.tags.map(String)) : ""],
    ["wandb.group", facts.group],
    ["wandb.job_type", facts.job_type],
    ["wandb.sweep", facts.sweep_name],
  ];
  return new Map(texts.flatMap(([tag, value]): [string, string][] => {
    const text = textIn(value);
    return text === undefined ? [] : [[tag, text]];
  }));
}

function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function objectIn(value: unknown): Json {
  return isJsonObject(value) ? value : {};
}
