// One pass over all names: a list of their records, cut into ranges that are listed at once.
import type { ObjectInfo } from "../../core/backend.ts";
import type { RegistryError } from "../../core/errors.ts";
import { decodeName } from "../../core/naming/names.ts";
import type { SignalOptions } from "../../core/registry.ts";
import { eitherSignal } from "../../core/work/until_aborted.ts";
import { NAMES, namesPrefix } from "../format/layout.ts";
import type { Context } from "../operations/context.ts";
import { listReadable } from "./readable.ts";
import { findCut, type KeyRange } from "./cut.ts";

/** A name as the store listed it. */
export interface ListedName {
  /** Encoded. */
  readonly name: string;
  /** All objects of its folder, in order. */
  readonly entries: readonly ObjectInfo[];
}

/**
 * Options of a pass over the names of a registry.
 *
 * @internal
 */
export interface RecordsPass extends SignalOptions {
  /** Only names that begin with it. @default all */
  prefix?: string;
  /**
   * Receives places that cannot be listed, and the encoded name that each belongs to; undefined if
   * it may be any name. The pass skips these names. By default their failure is thrown.
   */
  onFailure?(error: RegistryError, name: string | undefined): void;
  /**
   * Lists the names of this folder, of records or payload, in the order of their keys. It cannot be
   * cut into ranges, so it takes longer. @default all records, in any order
   */
  folder?: string;
}

type PassOptions = Omit<RecordsPass, "folder">;

/** Ranges that are listed at once. */
const MOST_RANGES = 16;
/** Entries of a list in one request to a bucket. */
const PAGE = 1000;
/** Cutting a range costs a request, so the pass reads some pages of it first. */
const PAGES_BEFORE_CUT = 4;

/**
 * Yields every name that has a record, in any order, with one list for each 1,000 records, and at
 * most one more for four. Holds a few pages of each range, and all entries of the name that it
 * reads. A list that fails ends the others.
 */
export async function* passNames(
  context: Context,
  { prefix = "", signal, onFailure }: PassOptions = {},
): AsyncGenerator<ListedName> {
  const stopped = new AbortController();
  const pass: Pass = {
    context,
    top: NAMES,
    signal: eitherSignal(stopped.signal, signal),
    onFailure,
    failed: new Set(),
    cuts: [],
    mayCut: () =>
      context.backend.disk === undefined && reading.size + pass.cuts.length < MOST_RANGES,
  };
  const reading = new Map<AsyncGenerator<ListedName[]>, Promise<Step>>();
  const read = (batches: AsyncGenerator<ListedName[]>) => {
    const step = batches.next().then((result): Step => ({ batches, result }));
    step.catch(() => {}); // thrown when its turn comes
    reading.set(batches, step);
  };
  const after = namesPrefix(prefix);
  read(namesIn(pass, { after, ...prefix !== "" && { end: `${after}\x7f` } })); // keys are ASCII
  try {
    while (reading.size > 0) {
      const { batches, result } = await Promise.race(reading.values());
      reading.delete(batches); // `race` prefers the first: the others have their turn now
      if (!result.done) read(batches);
      for (const range of pass.cuts.splice(0)) read(namesIn(pass, range));
      if (!result.done) yield* result.value;
    }
  } finally {
    stopped.abort();
    await Promise.allSettled([...reading.keys()].map((batches) => batches.return(undefined)));
  }
}

interface Step {
  batches: AsyncGenerator<ListedName[]>;
  result: IteratorResult<ListedName[]>;
}

interface Pass extends Omit<PassOptions, "prefix"> {
  context: Context;
  top: string;
  /** Names that cannot be listed as a whole. */
  failed: Set<string>;
  /** Ranges that were cut off and wait to be read. */
  cuts: KeyRange[];
  mayCut(): boolean;
}

/** Yields the names below `top`, `names/` or `objects/`, in the order of their keys. */
export async function* listInOrder(
  context: Context,
  top: string,
  { signal, onFailure }: Omit<PassOptions, "prefix"> = {},
): AsyncGenerator<ListedName> {
  const pass = { context, top, signal, onFailure, failed: new Set<string>(), cuts: [] };
  const batches = namesIn({ ...pass, mayCut: () => false }, { after: top });
  for await (const names of batches) yield* names;
}

/** Yields the names of a range, after each page those that it completed. */
async function* namesIn(pass: Pass, range: KeyRange): AsyncGenerator<ListedName[]> {
  const { context, top, signal, failed } = pass;
  let complete: ListedName[] = [];
  let name = "", entries: ObjectInfo[] = [];
  const endName = () => {
    const isWhole = entries.length > 0 && !failed.has(name) && decodeName(name) !== undefined;
    if (isWhole) complete.push({ name, entries });
    entries = [];
  };
  const onFailure = (error: RegistryError, key: string) => {
    if (pass.onFailure === undefined) throw error;
    const [failing = ""] = key.slice(top.length).split("/");
    const isOne = decodeName(failing) !== undefined;
    if (isOne) failed.add(failing);
    pass.onFailure(error, isOne ? failing : undefined);
  };
  let count = 0, first: string | undefined;
  for await (
    const entry of listReadable(context, top, { after: range.after, signal, onFailure })
  ) {
    const { key } = entry;
    if (range.end !== undefined && key >= range.end) break;
    const folder = key.slice(top.length, Math.max(top.length, key.indexOf("/", top.length)));
    first ??= key;
    if (folder !== name) endName();
    name = folder;
    if (name !== "") entries.push(entry); // else a foreign file
    if (++count % PAGE !== 0) continue;
    if (complete.length > 0) yield complete;
    complete = [];
    if (count % (PAGES_BEFORE_CUT * PAGE) !== 0 || !pass.mayCut()) continue;
    const cut = await findCut(context, range, { first, last: key, signal });
    if (cut === undefined) continue;
    pass.cuts.push({ after: cut, end: range.end });
    range.end = cut;
  }
  endName();
  if (complete.length > 0) yield complete;
}
