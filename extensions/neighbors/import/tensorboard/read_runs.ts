// Reads a folder or bucket with event files. As in TensorBoard, each folder that has some is a run:
//
//   train/events.out.tfevents.1700000000.host.1.0           one for each start of the program
//
// github.com/tensorflow/tensorboard: compat/proto/event.proto, summary.proto, tensor.proto,
// plugins/hparams/plugin_data.proto, backend/event_processing/event_accumulator.py
import { Buffer } from "node:buffer";
import type { FileToSave } from "../../../../materializers/mod.ts";
import {
  folderOf,
  isRegistryError,
  iterableStream,
  nameOf,
  shown,
} from "../../../../core/kernel.ts";
import type { FileEntry } from "../../../../files/mod.ts";
import { type At, filesOfRuns, GatheredRun } from "../gathered_run.ts";
import {
  floatsOf,
  integerOf,
  type Message,
  messageIn,
  messagesOf,
  textOf,
  textsOf,
} from "../protobuf.ts";
import type { ImportRecord, ReadOptions } from "../records.ts";
import { reasonOf, type SourceFiles } from "../source_files.ts";
import { recordsIn } from "./event_file.ts";

/** Fields of events, and of the values of their summaries. */
const EVENT = { time: 1, step: 2, graph: 4, summary: 5, session: 7 } as const;
const VALUE = { tag: 1, tensor: 8, metadata: 9 } as const;
const SCALAR = 2, IMAGE = 4, HISTOGRAM = 5;
const KINDS = Object.entries({ scalars: SCALAR, images: IMAGE, histograms: HISTOGRAM, audio: 6 });
const HISTOGRAM_FIELDS = ["min", "max", "num", "sum", "sum_squares", "bucket_limit", "bucket"];
/** Tags of a run, and characters of a tag. */
const MOST = { tags: 1e5, tag: 1000 };

/** A tag, and the plugin of its values. */
type Known = { readonly tag: string; readonly kind: string };
/** Returns a part of an event as the content of a file. */
type Source = (bytes: Uint8Array) => FileToSave["content"];

/** A run, as far as its events are read. */
class Run extends GatheredRun {
  /** The plugins of tags: only the first value of a tag has the name. */
  readonly known = new Map<string, Known>();
  readonly others = new Set<string>();
  readonly #paths = new Map<string, number>();

  add(event: Message, source: Source): void {
    const [seconds = 0] = floatsOf(event, EVENT.time, 8), step = integerOf(event, EVENT.step) ?? 0;
    const timestamp = Math.round(seconds * 1000);
    if (!(Math.abs(timestamp) <= 8.64e15) || !Number.isSafeInteger(step)) {
      return this.refuse(`an event has the step ${step} and the time ${seconds}`);
    }
    this.startedMs = Math.min(this.startedMs, timestamp);
    this.endedMs = Math.max(this.endedMs, timestamp);
    if (event.has(EVENT.graph)) this.others.add("graphs");
    // A program that starts again after a crash repeats steps.
    if (integerOf(messagesOf(event, EVENT.session)[0], 1) === 1) {
      this.points = this.points.filter((point) => point.step < step);
      this.media = this.media.filter((medium) => medium.step < step);
    }
    for (const value of messagesOf(event, EVENT.summary).flatMap((each) => messagesOf(each, 1))) {
      const key = textOf(value, VALUE.tag);
      const [own] = KINDS.find(([, field]) => value.has(field)) ?? [];
      const [plugin] = messagesOf(messagesOf(value, VALUE.metadata)[0], 1);
      const known = this.known.get(key) ?? { tag: key, kind: own ?? textOf(plugin, 1) };
      if (key.length > MOST.tag || this.known.size > MOST.tags) {
        return this.refuse("tags are too long, or too many");
      }
      this.known.set(known.tag, known);
      if (known.kind === "hparams") this.#addSession(messagesOf(plugin, 2)[0]);
      else this.#addValue(value, { ...known, ...own && { kind: own }, step, timestamp, source });
    }
  }

  #addValue(
    value: Message,
    { kind, source, ...at }: At & Pick<Known, "kind"> & { source: Source },
  ): void {
    const [tensor] = messagesOf(value, VALUE.tensor);
    if (kind === "scalars") {
      const numbers = tensor ? numbersOf(tensor) : floatsOf(value, SCALAR, 4);
      if (numbers !== undefined) this.addPoint(numbers[0] ?? 0, at);
      else this.refuse(`${shown(at.tag)} has values of another type`);
    } else if (kind === "images") {
      // A tensor has the width and the height before its images.
      const all = messagesOf(value, IMAGE)[0]?.get(4) ?? tensor?.get(8)?.slice(2) ?? [];
      for (const bytes of all) {
        if (bytes instanceof Uint8Array) this.#addImage(bytes, source(bytes), at);
      }
    } else if (kind === "histograms") {
      this.addMedium({ _type: "histogram", ...histogramOf(value, tensor) }, at);
    } else if (kind === "text") this.addMedium({ _type: "text", text: textsOf(tensor, 8) }, at);
    else this.others.add(kind || "tensors");
  }

  #addImage(bytes: Uint8Array, content: FileToSave["content"], at: At): void {
    const head = Buffer.from(bytes.subarray(0, 4)).toString("latin1");
    const ending = head === "GIF8" ? "gif" : head.startsWith("\xff\xd8") ? "jpg" : "png";
    const parts = at.tag.slice(0, 200).replaceAll(/[^\p{L}\p{N}_./-]/gu, "_").split("/");
    const folder = parts.map((part) => part.replace(/^\.*$/, "_")).join("/");
    const place = `media/images/${folder}/${at.step}`, count = this.#paths.get(place) ?? 0;
    const path = `${place}${count > 0 ? `.${count}` : ""}.${ending}`;
    this.#paths.set(place, count + 1);
    this.addMedium({ _type: "image-file", path }, at, { path, content });
  }

  /** Adds the start and the end of a session of the plugin `hparams`. */
  #addSession(session: Message | undefined): void {
    for (const entry of messagesOf(session, 3).flatMap((start) => messagesOf(start, 1))) {
      const [value] = messagesOf(entry, 2), [number] = floatsOf(value, 2, 8);
      const text = value?.has(4) ? `${integerOf(value, 4) === 1}` : textOf(value, 3);
      this.params.set(textOf(entry, 1), number === undefined ? text : `${number}`);
    }
    if (integerOf(messagesOf(session, 4)[0], 1) === 2) this.status = "FAILED";
  }
}

/** Yields the runs of a folder. */
export async function* runsIn(
  files: SourceFiles,
  { signal, nameOf: as }: ReadOptions,
  folderName: string,
): AsyncGenerator<ImportRecord> {
  const runIn = (path: string) =>
    /tfevents(?!.*\.profile-empty$)/.test(nameOf(path)) ? folderOf(path) : undefined;
  const hint =
    "Pass the folder for `tensorboard --logdir`. Its files have tfevents in their names.";
  const { links, runs } = await filesOfRuns(files, runIn, hint);
  for (const reason of links) yield { kind: "left", what: folderName, reason };
  const began = ([, [first]]: [string, FileEntry[]]) => nameOf(first?.path ?? "");
  const name = as(folderName);
  if (name === undefined) return;
  yield { kind: "total", count: runs.size };
  const sorted = [...runs].sort((one, other) => began(one) < began(other) ? -1 : 1);
  for (const [folder, entries] of sorted) {
    const run = await readRun(files, entries, signal);
    run.tags.set("mlflow.runName", folder || ".");
    yield run.found(name, folder);
    const reason = `not imported: ${[...run.others].join(", ")}`;
    if (run.others.size > 0) yield { kind: "left", what: `run ${folder || "."}`, reason };
  }
}

/** Reads each file up to its first damage, as TensorBoard does. */
async function readRun(
  files: SourceFiles,
  entries: readonly FileEntry[],
  signal?: AbortSignal,
): Promise<Run> {
  const run = new Run();
  for (const { path } of entries) {
    try {
      for await (const { data, offset, isCut } of recordsIn(path, files.chunks(path))) {
        signal?.throwIfAborted();
        const source = ({ byteOffset, length }: Uint8Array) =>
          contentOf(files, path, { offset: offset + byteOffset - data.byteOffset, length });
        if (!isCut) run.add(messageIn(data), source);
        else if (path === entries.at(-1)?.path) run.status = "KILLED";
      }
    } catch (error) {
      if (!isRegistryError(error, "Corrupt")) throw error;
      run.refuse(reasonOf(error));
    }
  }
  return run;
}

function contentOf(files: SourceFiles, path: string, range: { offset: number; length: number }) {
  return { size: range.length, stream: () => iterableStream(files.chunks(path, range)) };
}

/** Returns the numbers of a message `TensorProto`; undefined for another type. */
function numbersOf(tensor: Message): number[] | undefined {
  const type = integerOf(tensor, 1), field = tensor.has(4) ? 4 : type === 1 ? 5 : 6;
  return type === 1 || type === 2 ? floatsOf(tensor, field, type === 1 ? 4 : 8) : undefined;
}

/** Returns the fields of a message `HistogramProto`, or the rows of a tensor. */
function histogramOf(value: Message, tensor: Message | undefined): Record<string, unknown> {
  const [old] = messagesOf(value, HISTOGRAM), numbers = tensor && numbersOf(tensor) || [];
  const rows = numbers.flatMap((_, i) => i % 3 === 0 ? [numbers.slice(i, i + 3)] : []);
  if (old === undefined) return { buckets: rows };
  const lists = HISTOGRAM_FIELDS.map((name, i) => [name, floatsOf(old, i + 1, 8)] as const);
  return Object.fromEntries(lists.map(([name, list], i) => [name, i < 5 ? list[0] ?? 0 : list]));
}
