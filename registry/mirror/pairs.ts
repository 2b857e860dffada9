// The cells of a name in source and target, side by side. They are listed in parts: a name may have
// more deleted versions than fit into memory.
import type { Context } from "../opening/context.ts";
import { listPart, PART } from "./cells.ts";
import type { MirrorCell } from "./cells.ts";
import { persist } from "./run.ts";
import type { MirrorRun, NamePair } from "./run.ts";

/** The cells of one path, of which at least one exists. */
export interface ListedPair {
  source?: MirrorCell;
  there?: MirrorCell;
}

/** Lists the cells of versions and aliases of a name in both registries, in the order of their paths. */
export async function* listPairs(
  run: MirrorRun,
  { name, target }: NamePair,
): AsyncGenerator<ListedPair> {
  const sources = listCells(run, run.from, name), theirs = listCells(run, run.to, target);
  let [source, there] = await Promise.all([sources.next(), theirs.next()]);
  while (!source.done || !there.done) {
    const isSource = !source.done && (there.done || source.value.path <= there.value.path);
    const isThere = !there.done && (source.done || there.value.path <= source.value.path);
    yield {
      ...(isSource && { source: source.value as MirrorCell }),
      ...(isThere && { there: there.value as MirrorCell }),
    };
    if (isSource) source = await sources.next();
    if (isThere) there = await theirs.next();
  }
}

async function* listCells(
  run: MirrorRun,
  context: Context,
  name: string,
): AsyncGenerator<MirrorCell, undefined> {
  let last: string | undefined;
  do {
    const cells = await persist(run, () => listPart(context, name, last, run.signal));
    yield* cells;
    last = cells.length < PART ? undefined : cells.at(-1)!.cell;
  } while (last !== undefined);
}
