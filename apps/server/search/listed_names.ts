// Names whose versions an index may not have as they are. Where the store can be listed, one list of
// its records shows them: a name is read again if anything about its records has changed. A registry
// without a store, such as another service, has all its names read again.
import { type Backend, isPrefix, type ObjectInfo } from "../../../core/backend.ts";
import { decodeName } from "../../../core/naming/names.ts";
import type { Registry } from "../../../mod.ts";
import { inStep } from "../../../core/work/in_step.ts";
import { Fingerprint } from "../../../core/bytes/fingerprint.ts";
import { placeOfName } from "./block.ts";
import type { BlockStore } from "./block_store.ts";
import type { Block } from "./stored_block.ts";

/** A name that must be read, or that is gone. */
export interface ChangedName {
  readonly name: string;
  /** Identifies its listing; empty if that is not known. Absent if the name is gone. */
  readonly print?: string;
  /** Versions that the index has; of a long name, only the first ones count. @default none */
  readonly count?: number;
  /** The records of a new name, if they are few. */
  readonly entries?: readonly ObjectInfo[];
}

interface ListedName extends ChangedName {
  readonly print: string;
}

/** Names from `from` on and before `to`, and the blocks that have them. */
export interface IndexPart {
  readonly from: string;
  readonly to?: string;
  readonly blocks: readonly Block[];
}

const NAMES = "names/";
const MOST_PARTS = 64;
const BLOCKS_OF_PART = 4;
/** Records of a name that are kept, to read it without listing them again. */
const MOST_ENTRIES = 32;

/** Cuts an index between names, so that its parts can be compared at the same time. */
export function partsOf(registry: Registry, blocks: readonly Block[]): IndexPart[] {
  const { backend } = registry;
  // On a disk, each list would read the folder of all names.
  const isWhole = backend === undefined || backend.disk !== undefined;
  const size = isWhole ? Infinity : Math.max(BLOCKS_OF_PART, Math.ceil(blocks.length / MOST_PARTS));
  const parts: { from: string; to?: string; blocks: Block[] }[] = [{ from: "", blocks: [] }];
  for (const block of blocks) {
    const part = parts.at(-1)!;
    const isNewName = block.first.endsWith("/");
    if (part.blocks.length >= size && isNewName) {
      part.to = block.first;
      parts.push({ from: block.first, blocks: [block] });
    } else part.blocks.push(block);
  }
  return parts;
}

/** Yields the names of a part that have changed, in order. */
export async function* changedNames(
  registry: Registry,
  store: BlockStore,
  { part, signal }: { part: IndexPart; signal: AbortSignal },
): AsyncGenerator<ChangedName> {
  const listed = registry.backend === undefined
    ? namesOfRegistry(registry, signal)
    : namesOfStore(registry.backend, part, signal);
  const indexed = namesOfIndex(store, part.blocks);
  for await (const [there, known] of inStep(listed, indexed, compareNames)) {
    if (there === undefined) yield { name: known!.name };
    else if (known === undefined) yield there;
    else if (there.print === "" || there.print !== known.print) {
      yield { name: there.name, print: there.print, count: known.count };
    }
  }
}

function compareNames(a: ListedName, b: ListedName): number {
  const left = placeOfName(a.name), right = placeOfName(b.name);
  return left < right ? -1 : left > right ? 1 : 0;
}

async function* namesOfIndex(
  store: BlockStore,
  blocks: readonly Block[],
): AsyncGenerator<ListedName> {
  for (const block of blocks) {
    for (const [name, count, print] of await store.listedRuns(block)) {
      if (print !== undefined) yield { name, print, count };
    }
  }
}

async function* namesOfRegistry(
  registry: Registry,
  signal: AbortSignal,
): AsyncGenerator<ListedName> {
  const names = await Array.fromAsync(registry.names({ signal }));
  const inOrder = names.map((name) => ({ name, place: placeOfName(name) }))
    .sort((a, b) => a.place < b.place ? -1 : 1);
  for (const { name } of inOrder) yield { name, print: "" };
}

async function* namesOfStore(
  backend: Backend,
  { from, to }: IndexPart,
  signal: AbortSignal,
): AsyncGenerator<ListedName> {
  const after = NAMES + from, end = to === undefined ? undefined : NAMES + to;
  let folder = "", print: Fingerprint | undefined, entries: ObjectInfo[] | undefined;
  const listed = (): ListedName[] => {
    const name = print && decodeName(folder);
    return name === undefined ? [] : [{ name, print: print!.digest(), entries }];
  };
  for await (const entry of backend.list(NAMES, { after, signal })) {
    if (isPrefix(entry)) continue;
    const { key } = entry;
    if (end !== undefined && key >= end) break;
    const within = key.slice(NAMES.length, Math.max(NAMES.length, key.indexOf("/", NAMES.length)));
    if (within === "") continue; // a foreign file
    if (within !== folder) {
      yield* listed();
      folder = within;
      print = new Fingerprint();
      entries = [];
    }
    print!.add(entry);
    if (entries !== undefined && entries.push(entry) > MOST_ENTRIES) entries = undefined;
  }
  yield* listed();
}
