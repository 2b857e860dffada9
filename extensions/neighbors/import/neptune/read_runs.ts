// Reads what neptune-exporter wrote of runs at Neptune, which has ended:
//
//   data/PROJECT/RUN_part_0.parquet       a row for each parameter and each value of a series
//   files/PROJECT/…                       files, at the paths that these rows name
//
// Part 0 is written last. github.com/neptune-ai/neptune-exporter: model.py, storage/parquet_writer.py
import { parquetMetadataAsync, parquetReadObjects, snappyUncompress } from "npm:hyparquet@1.31.5";
import {
  corrupt,
  folderOf,
  isJsonObject,
  isRegistryError,
  iterableStream,
  joinPath,
  readAll,
  shown,
} from "../../../../core/kernel.ts";
import type { FileEntry } from "../../../../files/mod.ts";
import type { FileToSave } from "../../../../materializers/mod.ts";
import { filesOfRuns, GatheredRun } from "../gathered_run.ts";
import type { ImportRecord, ReadOptions } from "../records.ts";
import { below, reasonOf, type SourceFiles } from "../source_files.ts";

/** Rows of a group, bytes of it as it says, and of a page. */
const MOST = { rows: 2e6, bytes: 2 ** 30, page: 2 ** 26 };
/** Attributes that are tags of MLflow. */
const TAGS: ReadonlyMap<string, string> = new Map([
  ["sys/name", "mlflow.runName"],
  ["sys/description", "mlflow.note.content"],
  ["sys/owner", "mlflow.user"],
]);

type Row = Record<string, unknown>;

class Run extends GatheredRun {
  project = "";
  id = "";
  /** Paths of files and folders. */
  readonly paths = new Set<string>();

  add({ project_id, run_id, attribute_path, attribute_type: type, ...row }: Row): void {
    const tag = `${attribute_path}`, { timestamp: moment, file_value: file } = row;
    [this.project, this.id] = [`${project_id}`, `${run_id}`];
    // A decimal number has six digits.
    const step = Math.round(Number(row.step ?? 0) * 1e6) / 1e6;
    const at = { tag, step, timestamp: moment instanceof Date ? this.#seen(moment) : this.endedMs };
    if (type === "float_series") this.addPoint(Number(row.float_value ?? NaN), at);
    else if (type === "string_series") {
      this.addMedium({ _type: "text", text: row.string_value }, at);
    } else if (type === "histogram_series") {
      this.addMedium({ _type: "histogram", ...row.histogram_value as Row }, at);
    } else if (isJsonObject(file) && typeof file.path === "string") {
      const path = file.path.replaceAll("\\", "/"); // as on Windows
      this.paths.add(path);
      if (type === "file_series") this.addMedium({ _type: "file", path: pathHere(path) }, at);
    } else if (Object.hasOwn(row, `${type}_value`)) this.#addText(tag, row[`${type}_value`] ?? NaN);
    else this.refuse(`${shown(tag)} has values of type ${type}`);
  }

  #addText(tag: string, value: unknown): void {
    const text = value instanceof Date ? value.toISOString() : [value].flat().join(", ");
    if (!tag.startsWith("sys/")) return void this.params.set(tag, text);
    this.tags.set(TAGS.get(tag) ?? `neptune.${tag.slice(4)}`, text);
    if (tag === "sys/failed" && value === true) this.status = "FAILED";
    if (value instanceof Date && /_time$/.test(tag) && tag !== "sys/modification_time") {
      this.#seen(value);
    }
  }

  #seen(moment: Date): number {
    this.startedMs = Math.min(this.startedMs, moment.getTime());
    this.endedMs = Math.max(this.endedMs, moment.getTime());
    return moment.getTime();
  }
}

/** Yields the runs of a folder. */
export async function* runsIn(
  source: SourceFiles,
  { signal, nameOf: as }: ReadOptions,
): AsyncGenerator<ImportRecord> {
  const runIn = (path: string) => /^([^]*)_part_\d+\.parquet$/.exec(path)?.[1];
  const hint = "Pass the folder `exports` of neptune-exporter.";
  const { links, runs } = await filesOfRuns(source, runIn, hint);
  for (const reason of links) yield { kind: "left", what: "exports", reason };
  yield { kind: "total", count: runs.size };
  for (const [path, parts] of runs) {
    const what = shown(path), isModel = /(^|\/)model(_version)?s\/[^/]*$/.test(path);
    const run = isModel ? undefined : await readRun(source, { path, parts, signal });
    const name = as(run?.project ?? "");
    if (run === undefined) yield { kind: "left", what, reason: "models are not imported" };
    else if (run.project === "") {
      yield { kind: "failed", what, reason: [...run.problems][0] ?? "it has no rows" };
    } else if (name !== undefined) yield run.found(name, run.id);
  }
}

/** Reads the parts of a run, and finds its files. */
async function readRun(
  files: SourceFiles,
  { path, parts, signal }: { path: string; parts: readonly FileEntry[]; signal?: AbortSignal },
): Promise<Run> {
  const run = new Run(), problems: string[] = [], found: FileToSave[] = [];
  const byPath = new Map(parts.map((part) => [part.path, part]));
  for (const i of parts.keys()) {
    const entry = byPath.get(`${path}_part_${i}.parquet`);
    if (entry === undefined) problems.push(`part ${i} is missing`);
    else for await (const row of rowsIn(files, entry, { problems, signal })) run.add(row);
  }
  const root = folderOf(path).replace(/(^|\/)data(?=\/[^/]*$)/, "$1files");
  for (const each of run.paths) {
    const at = joinPath(root, each), entry = await files.look(at, problems);
    const own = entry?.kind === "folder" ? await files.walk(at, problems) : entry ? [entry] : [];
    if (own.length === 0) problems.push(`${shown(at)} is missing`);
    for (const { kind, ...file } of own) {
      if (kind === "file") {
        found.push(files.fileToSave({ kind, ...file }, pathHere(below(file.path, root))));
      } else problems.push(`${shown(at)} is a ${kind}`);
    }
  }
  run.files = found;
  for (const problem of problems) run.refuse(problem);
  return run;
}

/** Returns a path without its first part: the run. */
function pathHere(path: string): string {
  return path.replace(/^[^/]+\/(?=.)/, "");
}

/** Yields rows, a group at a time. Tables of the library have neither lists nor decimal numbers. */
async function* rowsIn(
  files: SourceFiles,
  { path, size }: FileEntry,
  { problems, signal }: { problems: string[]; signal?: AbortSignal },
): AsyncGenerator<Row> {
  const file = {
    byteLength: size,
    async slice(offset: number, end = size) {
      const stream = iterableStream(files.chunks(path, { offset, length: end - offset }));
      return (await readAll(stream)).slice().buffer;
    },
  };
  const SNAPPY = (packed: Uint8Array, length: number) => {
    if (length > MOST.page) throw corrupt("read", "a page", `it has ${length} bytes`);
    const page = new Uint8Array(length);
    snappyUncompress(packed, page);
    return page;
  };
  try {
    const metadata = await parquetMetadataAsync(file);
    let rowStart = 0;
    for (const { num_rows, total_byte_size } of metadata.row_groups) {
      const rowEnd = rowStart + Number(num_rows), place = { file, metadata, rowStart, rowEnd };
      if (num_rows > MOST.rows || total_byte_size > MOST.bytes) {
        throw corrupt("read", "a group", `it has ${num_rows} rows and ${total_byte_size} bytes`);
      }
      yield* await parquetReadObjects({ ...place, compressors: { SNAPPY } });
      signal?.throwIfAborted();
      rowStart = rowEnd;
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (isRegistryError(error, "Unavailable")) throw error;
    problems.push(`${shown(path)}: ${reasonOf(error)}`);
  }
}
