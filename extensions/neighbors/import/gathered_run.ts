// Values of a run, held until all of its source is read: points, and lines of `media.jsonl` with others.
import type { FileToSave } from "../../../materializers/mod.ts";
import { notFound, sha256 } from "../../../core/kernel.ts";
import { hasRunId } from "../../runs/mlflow/ids.ts";
import type { Metric } from "../../runs/mlflow/points.ts";
import type { Status } from "../../runs/mlflow/stored_run.ts";
import { countsOfFiles } from "./counts.ts";
import { changedEnd, type FoundRun, type OpenedRun } from "./records.ts";
import type { SourceFiles } from "./source_files.ts";

/** Limits of a run. Bytes are those of `media.jsonl`. */
const MOST = { points: 1e7, media: 1e6, bytes: 2 ** 28, problems: 100 };

/** The name, step and time of a value. */
export type At = Pick<Metric, "step" | "timestamp"> & { readonly tag: string };

/** Groups files by the runs in their paths. Links are not followed. Throws `NotFound` without a run. */
export async function filesOfRuns(
  files: SourceFiles,
  runIn: (path: string) => string | undefined,
  hint: string,
) {
  const links: string[] = [], entries = await files.walk("", links);
  const runs = Map.groupBy(entries, ({ path }) => runIn(path) ?? null);
  runs.delete(null);
  const state = links[0] ?? "no run is there";
  if (runs.size === 0) throw notFound("import from", files.store.location, state, { hint });
  return { links, runs: runs as Map<string, typeof entries> };
}

export class GatheredRun {
  readonly problems = new Set<string>();
  readonly params = new Map<string, string>();
  readonly tags = new Map<string, string>();
  files: readonly FileToSave[] = [];
  points: Metric[] = [];
  /** Lines of `media.jsonl`, and the files that they name. */
  media: { step: number; line: string; file?: FileToSave }[] = [];
  bytes = 0;
  status: Status = "FINISHED";
  startedMs = Infinity;
  endedMs = 0;

  refuse(problem: string): void {
    if (this.problems.size < MOST.problems) this.problems.add(problem);
  }

  addPoint(value: number, { tag: key, ...at }: At): void {
    if (this.points.length < MOST.points) this.points.push({ key, value, ...at });
    else this.refuse(`it has more than ${MOST.points} points`);
  }

  addMedium(values: Record<string, unknown>, { timestamp, ...at }: At, file?: FileToSave): void {
    const json = JSON.stringify(
      { ...at, _timestamp: timestamp / 1000, ...values },
      (_, value) => typeof value !== "number" || Number.isFinite(value) ? value : `${value}`,
    );
    this.bytes += json.length;
    if (this.media.length < MOST.media && this.bytes < MOST.bytes) {
      this.media.push({ step: at.step, line: `${json}\n`, file });
    } else this.refuse("images, histograms and texts are too many");
  }

  /** Returns the record of this run. A digest replaces an id that clients do not take. */
  found(name: string, id: string): FoundRun {
    const key = { name, id: hasRunId({ name, id }) ? id : sha256(id).slice(0, 32) };
    return {
      kind: "run",
      key,
      changed: (here) => changedEnd(this, here),
      open: () => Promise.resolve(this.#opened()),
    };
  }

  #opened(): OpenedRun {
    const { points, media } = this,
      problems = [...this.problems],
      isEmpty = this.startedMs === Infinity;
    const files = [...this.files, ...media.flatMap(({ file }) => file ?? [])];
    const content = new Blob(media.map(({ line }) => line));
    if (media.length > 0) files.push({ path: "media.jsonl", content });
    return {
      status: this.status,
      startedMs: isEmpty ? 0 : this.startedMs,
      endedMs: this.endedMs,
      params: this.params,
      tags: this.tags,
      points: ReadableStream.from(points),
      files,
      has: { points: points.length, params: this.params.size, ...countsOfFiles(files) },
      problems,
      ...isEmpty && this.params.size + problems.length === 0 && { left: "it has no values" },
    };
  }
}
