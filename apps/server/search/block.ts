// Blocks of the index: versions in the order of their names, newest first, as columns of JSON. A
// search reads the columns that its terms need. Metadata and labels have a column for each key of
// the top level; the shape of a version says which keys it has, in which order.
import { encodeName } from "../../../core/naming/names.ts";
import { parseVersion } from "../../../core/naming/versions.ts";
import type { SearchedVersion } from "./query.ts";

export interface IndexedVersion extends SearchedVersion {
  /** Bytes. */
  readonly size: number;
}

/** A version in the index. */
export interface Row {
  /** Names one write of the version. */
  readonly key: string;
  readonly found: IndexedVersion;
}

/** The versions of a name in a block. */
export interface Run {
  readonly name: string;
  /** May be empty. */
  readonly rows: readonly Row[];
  /**
   * Identifies the listing of the name when its versions were read; empty while some are missing.
   * Absent if the run goes on from the block before.
   */
  readonly print?: string;
}

/** Bytes of a block from `at` on. */
export interface Column {
  readonly path: string;
  readonly at: number;
  readonly length: number;
}

export interface EncodedBlock {
  readonly bytes: Uint8Array;
  readonly columns: readonly Column[];
}

export const RUNS = "runs";
const KEY = "key", SHAPE = "shape";
/** Members of a version that have a column of this name. */
const MEMBERS = ["version", "aliases", "kind", "createdAt", "by", "size", "notes"] as const;

type Members = Readonly<Record<string, unknown>>;

/** The keys of metadata, and those of labels if a version has some. */
type Shape = readonly [metadata: readonly string[], labels: readonly string[] | null];

const encoder = new TextEncoder();

/** Returns the place of a name among others. */
export function placeOfName(name: string): string {
  return `${encodeName(name)}/`;
}

/** Returns the place of a version among all others. */
export function placeOf({ name, version }: { name: string; version: string }): string {
  return placeOfName(name) + parseVersion(version).order;
}

export function encodeBlock(runs: readonly Run[]): EncodedBlock {
  const rows = runs.flatMap((run) => run.rows);
  const columns = new Map<string, unknown[]>();
  for (const member of MEMBERS) columns.set(member, rows.map(({ found }) => found[member] ?? null));
  columns.set(KEY, rows.map(({ key }) => key));
  addMembers(columns, rows);
  const listed = runs.map(({ name, rows, print }): ListedRun =>
    print === undefined ? [name, rows.length] : [name, rows.length, print]
  );
  const texts: [path: string, text: string][] = [[RUNS, JSON.stringify(listed)]];
  for (const [path, values] of columns) texts.push([path, encodeColumn(values)]);
  const bytes = encoder.encode(texts.map(([, text]) => text).join(""));
  let at = 0;
  const places = texts.map(([path, text]) => {
    const length = byteLength(text);
    at += length;
    return { path, at: at - length, length };
  });
  return { bytes, columns: places };
}

function byteLength(text: string): number {
  // deno-lint-ignore no-control-regex -- of ASCII, the length is known
  return /^[\x00-\x7f]*$/.test(text) ? text.length : encoder.encode(text).byteLength;
}

function shapeOf({ metadata, labels }: IndexedVersion): Shape {
  return [Object.keys(metadata), labels === undefined ? null : Object.keys(labels)];
}

/** A block whose versions have more different keys has one column for all of them. */
const MOST_KEYS = 256;

function addMembers(columns: Map<string, unknown[]>, rows: readonly Row[]): void {
  const ofKeys = new Map<string, unknown[]>();
  for (const { found: { metadata, labels = {} } } of rows) {
    for (const [of, values] of [["metadata", metadata], ["labels", labels]] as const) {
      for (const [key, value] of Object.entries(values)) {
        const path = `${of}.${key}`;
        const column = ofKeys.get(path);
        if (column === undefined) ofKeys.set(path, [value]);
        else column.push(value);
      }
    }
    if (ofKeys.size <= MOST_KEYS) continue;
    columns.set("metadata", rows.map(({ found }) => found.metadata));
    columns.set("labels", rows.map(({ found }) => found.labels ?? null));
    return;
  }
  columns.set(SHAPE, rows.map(({ found }) => shapeOf(found)));
  for (const [path, values] of ofKeys) columns.set(path, values);
}

/** A column with at most this many different values is a list of them, and a letter for each row. */
const MOST_LETTERS = 64;
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/** By the code of a letter. */
const LETTER_NUMBERS = new Uint8Array(128);
for (let number = 0; number < MOST_LETTERS; number++) {
  LETTER_NUMBERS[LETTERS.charCodeAt(number)] = number;
}

function encodeColumn(values: readonly unknown[]): string {
  const texts = values.map((value) => JSON.stringify(value));
  const letters = new Map<string, string>();
  let rows = "";
  for (const text of texts) {
    let letter = letters.get(text);
    if (letter === undefined) {
      if (letters.size === MOST_LETTERS) return `[${texts.join()}]`;
      letters.set(text, letter = LETTERS[letters.size]!);
    }
    rows += letter;
  }
  return `{"values":[${[...letters.keys()].join()}],"rows":"${rows}"}`;
}

function decodeColumn(text: string): unknown[] {
  const column = JSON.parse(text) as unknown[] | { values: unknown[]; rows: string };
  if (Array.isArray(column)) return column;
  const { values, rows } = column;
  const all = new Array<unknown>(rows.length);
  for (let at = 0; at < rows.length; at++) all[at] = values[LETTER_NUMBERS[rows.charCodeAt(at)]!];
  return all;
}

/** The runs of a block without their versions. */
export type ListedRun = readonly [name: string, count: number, print?: string];

/** Returns the runs of the text of their column. */
export function decodeRuns(text: string): ListedRun[] {
  return JSON.parse(text);
}

/** Returns the versions of a block, as far as their columns are given. */
export function decodeRows(
  runs: readonly ListedRun[],
  texts: ReadonlyMap<string, string>,
): Row[] {
  const column = (path: string) => {
    const text = texts.get(path);
    return text === undefined ? undefined : decodeColumn(text);
  };
  const [version, aliases, kind, createdAt, by, size, notes] = MEMBERS.map(column);
  const keys = column(KEY);
  const shapes = column(SHAPE) as Shape[] | undefined;
  const metadata = new Values("metadata", texts), labels = new Values("labels", texts);
  const wholeMetadata = column("metadata"), wholeLabels = column("labels");
  const rows: Row[] = [];
  let at = 0;
  for (const [name, count] of runs) {
    for (let left = count; left > 0; left--, at++) {
      const [metadataKeys = [], labelKeys = null] = shapes?.[at] ?? [];
      rows.push({
        key: keys?.[at] as string ?? "",
        found: {
          name,
          version: version?.[at] as string ?? "",
          aliases: aliases?.[at] as string[] ?? [],
          metadata: wholeMetadata?.[at] as Members | undefined ?? metadata.next(metadataKeys),
          labels: wholeLabels?.[at] as Members | null ??
            (labelKeys === null ? undefined : labels.next(labelKeys)),
          notes: notes?.[at] as string | null ?? undefined,
          kind: kind?.[at] as string ?? "",
          createdAt: createdAt?.[at] as string ?? "",
          size: size?.[at] as number ?? 0,
          by: by?.[at] as string | null ?? undefined,
        },
      });
    }
  }
  return rows;
}

/** The columns of metadata or labels, whose values are taken in order. */
class Values {
  readonly #columns = new Map<string, { values: unknown[]; next: number }>();

  constructor(of: "metadata" | "labels", texts: ReadonlyMap<string, string>) {
    for (const [path, text] of texts) {
      if (!path.startsWith(`${of}.`)) continue;
      this.#columns.set(path.slice(of.length + 1), { values: decodeColumn(text), next: 0 });
    }
  }

  /** Returns the values of the next version, of those keys whose column is there. */
  next(keys: readonly string[]): Record<string, unknown> {
    const members: Record<string, unknown> = {};
    for (const key of keys) {
      const column = this.#columns.get(key);
      if (column === undefined) continue;
      const value = column.values[column.next++];
      if (key === "__proto__") Object.defineProperty(members, key, { ...OWN, value });
      else members[key] = value;
    }
    return members;
  }
}

const OWN = { enumerable: true, configurable: true, writable: true };

/** The parts of versions that a search needs. */
export interface Needs {
  /** Fields that are compared, such as `kind` and `metadata.data.rows`. */
  readonly fields: readonly string[];
  /** Words in lowercase, all of which must be part of the text of a version. */
  readonly words: readonly string[];
}

/** Returns a test of columns: true if the needs cannot be judged without it. */
export function columnsFor({ fields, words }: Needs): (path: string) => boolean {
  if (words.length > 0) return () => true;
  const members = new Set<string>([RUNS]);
  const nested: string[] = [];
  for (const field of fields) {
    if (field.includes(".")) nested.push(field);
    else if (field === "state") nested.push("metadata.run", "metadata.pipeline", "metadata.end");
    else members.add(COLUMN_OF_FIELD[field] ?? field);
  }
  if (nested.length > 0) members.add(SHAPE);
  return (path) =>
    members.has(path) || nested.some((field) => field === path || field.startsWith(`${path}.`));
}

const COLUMN_OF_FIELD: Readonly<Record<string, string>> = {
  alias: "aliases",
  created: "createdAt",
};

/** Returns false if no version of a block can have all words. */
export function mayHave(words: readonly string[], textOfBlock: () => string): boolean {
  const plain = words.filter((word) => VERBATIM.test(word));
  if (plain.length === 0) return true;
  const text = textOfBlock().toLowerCase();
  return plain.every((word) => text.includes(word));
}

/** Words that JSON has as they are in strings, and that no upper case of other letters changes. */
const VERBATIM = /^[ !\x23-\x5b\x5d-\x7e]+$/;
