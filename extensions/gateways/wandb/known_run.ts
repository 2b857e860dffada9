// Runs as clients resume them, from their draft or their version.
import type { FileToSave } from "../../../materializers/mod.ts";
import type { System } from "../../../mod.ts";
import { isJsonObject, orMissing } from "../../../core/kernel.ts";
import type { Access, ReadablePages } from "../../../apps/gateways.ts";
import { countOf, type RunLook } from "../../runs/look_at_run.ts";
import type * as found from "../../runs/mlflow/find_run.ts";
import type { RunKey } from "../../runs/mlflow/ids.ts";
import type { StoredFacts } from "../../runs/run_facts.ts";
import { mayHave } from "../../runs/mlflow/file_parts.ts";
import { runIn, type Status, type StoredRun } from "../../runs/mlflow/stored_run.ts";
import {
  CONSOLE_FILE,
  EVENTS_FILE,
  STREAM,
  SUMMARY_FILE,
} from "../../runs/wandb/streamed_files.ts";
import { objectIn } from "./names.ts";
import { clientIn, lastLine, type Lines } from "./points.ts";

export const CONFIG_FILE = ".wandb/config.json";
const encoder = new TextEncoder(), decoder = new TextDecoder();

/** A run that goes on, in its draft. */
export interface OpenRun extends found.OpenRun {
  readonly params: ReadonlyMap<string, string>;
  readonly tags: ReadonlyMap<string, string>;
  readonly startedMs: number;
  /** When it began here: later than that if it was synced. */
  readonly begunMs: number;
  readonly opened?: undefined;
}

/** A run that has ended, with its opened version. */
export interface EndedRun extends found.EndedRun {
  readonly opened: ReadablePages;
}

export type ReadableRun = EndedRun | OpenRun;
export type FoundRun = ReadableRun | { readonly state: "discarded"; readonly opened?: undefined };

/** The tag by which somebody stops a run. */
export const STOP_TAG = "wandb.stop";

/** True if a run was discarded, or has the tag by which somebody stops it. */
export function isStopped(run: FoundRun | undefined): boolean {
  return run?.state === "discarded" || run?.state === "open" && run.tags.has(STOP_TAG);
}

export interface Sent {
  /** The program, if others share the run. */
  readonly writer?: string;
  readonly history?: Lines;
  readonly system?: Lines;
  readonly console?: Lines;
  readonly summary?: string;
  /** True if the machine of the run is about to be taken away. */
  readonly preempting?: boolean;
}

/** A run in a list. It is silent if it goes on, and its client has sent nothing for minutes. */
export interface ListedRun extends StoredRun {
  readonly isSilent?: boolean;
}

/** A run as clients resume and read it. */
export interface KnownRun {
  readonly status: Status;
  readonly isSilent?: boolean;
  readonly startedMs: number;
  readonly tags: ReadonlyMap<string, string>;
  readonly config: string;
  readonly summary: string;
  readonly history: number;
  readonly console: number;
  readonly system: number;
  /** The last point. */
  readonly last: Record<string, unknown>;
}

/** Facts of W&B's clients in the metadata of versions. */
export interface WandbFacts {
  /** The digest of the request that ended the run, and the program that sent it, if others share it. */
  readonly request?: string;
  readonly writer?: string;
  readonly history?: number;
  readonly system?: number;
  readonly console?: number;
  readonly runtime?: number;
}

/** The tag of a run whose client said that its machine is about to be taken away. */
export const PREEMPTING_TAG = "wandb.preempting";

/** Returns the state of a run, in the words of W&B. */
export function stateOf(
  { status, isSilent, tags }: Pick<ListedRun, "status" | "isSilent" | "tags">,
): string {
  if (tags.get(PREEMPTING_TAG) === "true") {
    if (isSilent || status === "FAILED") return "preempted";
    if (status === "RUNNING") return "preempting";
  }
  if (isSilent) return "crashed";
  return status === "SCHEDULED" ? "pending" : status.toLowerCase();
}

/** Returns the facts of W&B's clients of a run that has ended. */
export function wandbIn({ opened }: Pick<EndedRun, "opened">): WandbFacts {
  const { wandb } = opened.info.metadata;
  return isJsonObject(wandb) ? wandb : {};
}

/** True if a program that shares a run is the one that ends it: only that one describes its machine. */
function isPrimary(writer: string, config: string | undefined): boolean {
  const { e: machines } = clientIn(config);
  return isJsonObject(machines) && Object.hasOwn(machines, writer);
}

/** True if a program begins a run again that it shares with others, which go on until it ends. */
export function beginsAgain(
  run: FoundRun | undefined,
  writer: string | undefined,
  config: string | undefined,
): boolean {
  const isNew = run?.state !== "ended" || wandbIn(run).writer !== writer;
  return writer !== undefined && isNew && isPrimary(writer, config);
}

/** Returns a run that has ended. */
export async function endedRun(version: ReadablePages): Promise<KnownRun> {
  const { metadata } = version.info, { params, tags, status, startedMs } = runIn(version.info);
  const wandb = wandbIn({ opened: version });
  const own = isJsonObject(metadata.run) ? metadata.run : {};
  return {
    status,
    startedMs,
    tags,
    config: await textOf(version, CONFIG_FILE) ?? configOf(params),
    summary: await textOf(version, SUMMARY_FILE) ?? JSON.stringify(metadata.metrics ?? {}),
    history: Number(wandb.history ?? own.points ?? 0),
    system: Number(wandb.system ?? 0),
    console: Number(wandb.console ?? 0),
    last: { step: own.step, _time: wandb.runtime ?? 0 },
  };
}

export async function textOf(version: ReadablePages, path: string): Promise<string | undefined> {
  const bytes = await orMissing((async () => (await version.file(path)).bytes())());
  return bytes && decoder.decode(bytes);
}

async function linesOfText(version: ReadablePages, path: string): Promise<string[]> {
  const text = (await textOf(version, path) ?? "").replace(/\n$/, "");
  return text === "" ? [] : text.split("\n");
}

/** A time, with which lines of the console are sent: without it, that of a program would be cut. */
const NO_TIME = "1970-01-01T00:00:00.000 ";

/** Returns the part with the console and system metrics of the version that a run goes on from. */
export async function earlierPart(version: ReadablePages) {
  const log = await linesOfText(version, CONSOLE_FILE);
  const events = await linesOfText(version, EVENTS_FILE);
  const files = [
    { path: CONSOLE_FILE, content: log.map((line) => NO_TIME + line) },
    { path: EVENTS_FILE, content: events },
  ].filter(({ content }) => content.length > 0)
    .map(({ path, content }) => ({ path, content: linesContent({ offset: 0, content }) }));
  const part = `stream-${"0".repeat(15)}-${log.length}-${events.length}-c-before`;
  return files.length === 0 ? undefined : { part, files };
}

function linesContent(lines: Lines & { writer?: string }): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify(lines));
}

/** Returns a run that goes on. */
export async function openedRun({ look, params, tags, startedMs }: OpenRun): Promise<KnownRun> {
  const last = await lastLine(look);
  const summary = [...look.draft.parts.keys()].sort()
    .findLast((part) => STREAM.exec(part)?.[3] === "s");
  return {
    status: "RUNNING",
    startedMs,
    tags,
    config: await configIn(look) ?? configOf(params),
    summary: await textIn(look, summary, SUMMARY_FILE) ?? "{}",
    history: countOf(look.points),
    ...linesIn(look),
    last: objectIn(last),
  };
}

/** Returns the text of the last configuration of a run. */
export async function configIn(look: RunLook): Promise<string | undefined> {
  const parts = [...look.draft.parts.keys()].filter((part) => mayHave(part, CONFIG_FILE));
  return await textIn(look, parts.sort().at(-1), CONFIG_FILE);
}

async function textIn(look: RunLook, name: string | undefined, path: string) {
  const part = name === undefined ? undefined : await look.draft.read(name);
  const file = part?.note.files.find((each) => each.path === path);
  return file && decoder.decode(await look.draft.open(part!, file).bytes());
}

/** Returns the numbers of lines of the console and of system metrics. */
export function linesIn({ draft }: RunLook): { console: number; system: number } {
  let console = 0, system = 0;
  for (const part of draft.parts.keys()) {
    const [, ofConsole, ofSystem] = (STREAM.exec(part) ?? []).map(Number);
    console = Math.max(console, ofConsole ?? 0);
    system = Math.max(system, ofSystem ?? 0);
  }
  return { console, system };
}

/** Returns the part with the console, system metrics and a summary, whose files come at the end. */
export function streamPart(
  look: RunLook,
  { writer, console, system, summary }: Sent,
  clock: System,
) {
  const known = linesIn(look);
  const endOf = (before: number, { offset, content }: Lines = { offset: 0, content: [] }) =>
    writer === undefined ? Math.max(before, offset + content.length) : before + content.length;
  const files: FileToSave[] = ([[CONSOLE_FILE, console], [EVENTS_FILE, system]] as const)
    .flatMap(([path, lines]) =>
      lines?.content.length ? [{ path, content: linesContent({ ...lines, writer }) }] : []
    );
  if (summary !== undefined) files.push({ path: SUMMARY_FILE, content: encoder.encode(summary) });
  // Parts of one millisecond are in the order of their requests, too.
  const times = [...look.draft.parts.keys()].filter((part) => STREAM.test(part))
    .map((part) => Number(part.split("-")[1]));
  const time = String(times.reduce((most, each) => Math.max(most, each + 1), clock.now()))
    .padStart(15, "0");
  const ends = `${endOf(known.console, console)}-${endOf(known.system, system)}`;
  const kind = summary === undefined ? "c" : "s";
  const part = `stream-${time}-${ends}-${kind}-${clock.id().slice(-12)}`;
  return files.length === 0 ? undefined : { part, files };
}

function configOf(params: ReadonlyMap<string, string>): string {
  const entries = [...params].map(([key, value]) => [key, { value, desc: null }]);
  return JSON.stringify(Object.fromEntries(entries));
}

/** Throws `Denied` unless a token began a run, or may read its name. */
export function checkOwn(by: StoredFacts["by"], { name }: RunKey, access: Access): void {
  if (by?.token === undefined || by.token !== access.token) access.check("read", name);
}
