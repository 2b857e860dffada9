// The parts of a run. A run `7` of a name is its draft `run:7`, and each program that opens it is a
// writer with its number and a UUID, so parts are listed in the order of writers and points, also if
// the clocks of their machines differ:
//
//   begun-<writer>                    run.json: the start
//   meta-<n>                          meta.json: a change of parameters and tags
//   points-<writer>-<first>-<count>   history.jsonl: points as lines of JSON
//   failed-<writer>                   failed.json: why it failed
//   value-<UUID>-<format>-<id>        the files of a value, and the materializer that loads them
//   curve-<UUID>                      all points, as one call of `finish` added them
import type { RegistryError } from "../../core/kernel.ts";
import type { Materializer } from "../../mod.ts";
import type { RunName } from "../../core/registry/run.ts";
import {
  checkName,
  checkNewName,
  conflict,
  invalid,
  nameProblem,
  shown,
} from "../../core/kernel.ts";
import { RUN_PREFIX, spokenDraft } from "../../core/naming/draft_ids.ts";

/** Returns the id of the draft of a run. */
export function draftIdOf({ name, id }: RunName): string {
  checkNewName(name);
  checkName(id, "the id of a run");
  return `${RUN_PREFIX}${id}`;
}

export function spokenRun({ name, id }: RunName): string {
  return spokenDraft({ name, id: `${RUN_PREFIX}${id}` });
}

export type RunPart =
  | { kind: "begun" | "failed"; writer: string }
  | { kind: "meta" }
  | { kind: "points"; writer: string; first: number; count: number };

const META = /^meta-[0-9]{5}$/;
const PART =
  /^(begun|failed|meta|points)-([0-9]{5}-[0-9a-f-]{36})(?:-([0-9]{10,15})-([0-9]{1,15}))?$/;

/** Returns what a part of a run has; undefined for files of a version, and foreign parts. */
export function parseRunPart(part: string): RunPart | undefined {
  const [, kind, writer = "", first, count] = PART.exec(part) ?? [];
  if (kind === "points") {
    return first === undefined
      ? undefined
      : { kind, writer, first: Number(first), count: Number(count) };
  }
  if (META.test(part)) return { kind: "meta" };
  if (first !== undefined || (kind !== "begun" && kind !== "failed")) return undefined;
  return { kind, writer };
}

/** Returns the id of the writer after those that are known. */
export function writerId(known: readonly string[], id: string): string {
  const last = known.at(-1)?.slice(0, 5) ?? "0";
  return `${String(Number(last) + 1).padStart(5, "0")}-${id}`;
}

export function begunPart(writer: string): string {
  return `begun-${writer}`;
}

/** In a beginning that early programs added to a run. It belongs to no writer. */
export const FIRST_AGAIN = "00000-00000000-0000-0000-0000-000000000000";

export function failedPart(writer: string): string {
  return `failed-${writer}`;
}

/** Returns the part of the `n`th change of parameters and tags. */
export function metaPart(n: number): string {
  return `meta-${String(n).padStart(5, "0")}`;
}

/** Returns the number of the change after those of these parts. */
export function numberAfter(changes: readonly string[]): number {
  return Number(changes.at(-1)?.slice("meta-".length) ?? 0) + 1;
}

type Loader = Pick<Materializer, "id" | "formatVersion">;

/** Returns the part of a value. Its name has the materializer unless that is too long. */
export function valuePart({ id, formatVersion }: Loader, unique: string): string {
  const part = `value-${unique}-${formatVersion}-${id}`;
  return nameProblem(part) === undefined ? part : `value-${unique}`;
}

/** Returns the materializer of the value in these parts; undefined if none names it. */
export function loaderOf(parts: readonly string[]): Loader | undefined {
  for (const part of parts) {
    const [, formatVersion, id] = /^value-[0-9a-f-]{36}-([1-9][0-9]*)-(.+)$/.exec(part) ?? [];
    if (id !== undefined) return { id, formatVersion: Number(formatVersion) };
  }
}

export function isValuePart(part: string): boolean {
  return part.startsWith("value-");
}

export function curvePart(unique: string): string {
  return `curve-${unique}`;
}

export function isCurvePart(part: string): boolean {
  return part.startsWith("curve-");
}

/** Characters of a part with points. */
export const PART_CHARACTERS = 4 * 1024 * 1024;

/** `first` counts the points of this writer, from 0. */
export function pointsPart(writer: string, first: number, count: number): string {
  return `points-${writer}-${String(first).padStart(10, "0")}-${count}`;
}

/** Returns how many points of each writer are read, from the `next` of a page. */
export function parseCursor(after: string): Map<string, number> {
  const read = new Map<string, number>();
  for (const entry of after === "" ? [] : after.split("~")) {
    const [, writer, count] = /^([0-9]{5}-[0-9a-f-]{36})\.([0-9]{1,15})$/.exec(entry) ?? [];
    if (writer === undefined) {
      const hint = "Pass the `next` of the page before, or start from the beginning.";
      throw invalid("continue after", shown(after), "not a `next` of this list", { hint });
    }
    read.set(writer, Number(count));
  }
  return read;
}

export function cursorOf(read: ReadonlyMap<string, number>): string {
  return [...read].map(([writer, count]) => `${writer}.${count}`).join("~");
}

export function alreadyFinished(run: RunName, version: string): RegistryError {
  return conflict("open", spokenRun(run), `it was finished as ${version}`, {
    hint: `Load "${run.name}@${version}", or open a run with another id.`,
  });
}
