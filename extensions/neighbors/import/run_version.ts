// A run as the version that it has here: the same as if it had been logged to `serve --mlflow`.
import { Buffer } from "node:buffer";
import type { FileToSave } from "../../../materializers/mod.ts";
import { curvesWith, freeCurvePath } from "../../runs/curve_file.ts";
import { LastValues } from "../../runs/last_values.ts";
import { runIdOf, type RunKey } from "../../runs/mlflow/ids.ts";
import { LastMetrics, lineOf, type Metric, pointsOf } from "../../runs/mlflow/points.ts";
import { metadataOf } from "../../runs/mlflow/stored_run.ts";
import { type Counts, countsOfFiles } from "./counts.ts";
import type { OpenedRun } from "./records.ts";

/** Points that are sorted by time at once: those of more are in several sorted parts. */
const MOST_SORTED = 200_000;
/** Bytes of the JSON of parameters and tags, as in runs. */
const MOST_BYTES = { params: 32 * 1024, tags: 8 * 1024 } as const;
/** A folder of files that clients do not see. */
const OWN_FOLDER = ".mlflow";

interface RunVersion {
  metadata: Record<string, unknown>;
  files: FileToSave[];
  /** Counts of what is in it of the source. */
  counts: Counts;
  /** Parameters, tags and metrics that are only in a file, because metadata has no room for them. */
  moved: string[];
}

/** Reads all points of a run, and returns its version. */
export async function versionOfRun(
  key: RunKey,
  { params, tags, points, summary = new Map(), files, ...run }: OpenedRun,
): Promise<RunVersion> {
  const curve = new Curve(run.startedMs);
  await curve.addAll(points);
  const facts = {
    params: fitting(params, MOST_BYTES.params),
    tags: fitting(tags, MOST_BYTES.tags),
  };
  const { metrics, isCut } = curve.values.toMetrics();
  const { status, startedMs, endedMs } = run;
  const stored = metadataOf({
    key,
    status,
    startedMs,
    endedMs,
    params: facts.params.kept,
    tags: facts.tags.kept,
    metrics: curve.last.all,
  });
  const last: Record<string, unknown> = { ...metrics, ...stored.metrics as typeof metrics };
  const { moved: unshown, kept } = summarized(last, summary);
  const moved = {
    params: Object.fromEntries(facts.params.moved),
    tags: Object.fromEntries(facts.tags.moved),
    ...Object.keys(unshown).length > 0 && { metrics: unshown },
  };
  const names = Object.values(moved).flatMap((texts) => Object.keys(texts));
  const all = [...files];
  if (names.length > 0) all.push(fileOf(`${OWN_FOLDER}/long.json`, moved));
  if (all.length === 0 && curve.lines === 0) {
    all.push(fileOf(`${OWN_FOLDER}/run.json`, { run_id: runIdOf(key), status: run.status }));
  }
  const { step } = curve.values;
  const metadata: Record<string, unknown> = {
    ...run.metadata,
    ...stored,
    run: {
      ...stored.run as Record<string, unknown>,
      points: curve.lines,
      ...(step !== undefined && { step }),
      ...(isCut && { metricsLeftOut: true }),
    },
  };
  if (curve.lines > 0) {
    const path = freeCurvePath(new Set(all.map(({ path }) => path.replace(/\/[^]*/, ""))));
    all.push({ path, content: curve.content });
    metadata.curves = curvesWith(path, undefined);
    metadata.metrics = kept;
  }
  const counts = {
    points: curve.points,
    params: params.size,
    tags: tags.size,
    ...countsOfFiles(files),
  };
  return { metadata, files: all, counts, moved: names };
}

/** Returns metrics with the values of a summary, and those for which the metadata has no room. */
function summarized(last: Record<string, unknown>, summary: ReadonlyMap<string, number>) {
  const kept = { ...last }, moved: Record<string, unknown> = {};
  for (const [key, value] of summary) {
    // Metadata has no -0, NaN and infinities.
    const own = Number.isFinite(value) ? value + 0 : `${value}`;
    if (Object.hasOwn(kept, key)) kept[key] = own;
    else moved[key] = own;
  }
  return { kept, moved };
}

/** The lines of a curve, in the order of their time, and the last values. */
class Curve {
  readonly last = new LastMetrics();
  readonly values = new LastValues();
  lines = 0;
  points = 0;
  readonly #startedMs: number;
  readonly #chunks: Uint8Array[] = [];

  constructor(startedMs: number) {
    this.#startedMs = startedMs;
  }

  async addAll(points: AsyncIterable<Metric>): Promise<void> {
    const held: Metric[] = [];
    for await (const metric of points) {
      held.push(metric);
      if (held.length === MOST_SORTED) this.#add(held.splice(0));
    }
    this.#add(held);
  }

  #add(metrics: Metric[]): void {
    metrics.sort((one, other) => one.timestamp - other.timestamp || one.step - other.step);
    let text = "";
    for (const point of pointsOf(metrics, this.#startedMs)) {
      const line = lineOf(point);
      this.values.add(line);
      text += `${line}\n`;
      this.lines++;
    }
    for (const metric of metrics) this.last.add(metric);
    this.points += metrics.length;
    if (text !== "") this.#chunks.push(Buffer.from(text));
  }

  get content() {
    const chunks = this.#chunks;
    const size = chunks.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return { size, stream: () => ReadableStream.from(chunks) };
  }
}

function fileOf(path: string, value: unknown): FileToSave {
  return { path, content: Buffer.from(JSON.stringify(value)) };
}

/** Splits texts, of which the longest are moved until the others fit. */
function fitting(texts: ReadonlyMap<string, string>, most: number) {
  const kept = new Map(texts), moved: [string, string][] = [];
  const sizeOf = ([name, value]: [string, string]) =>
    Buffer.byteLength(JSON.stringify(name)) + Buffer.byteLength(JSON.stringify(value)) + 2;
  const longest = [...texts].sort((one, other) => sizeOf(other) - sizeOf(one));
  let size = longest.reduce((sum, text) => sum + sizeOf(text), 2);
  for (const text of longest) {
    if (size <= most) break;
    size -= sizeOf(text);
    kept.delete(text[0]);
    moved.push(text);
  }
  return { kept, moved };
}
