// What a mirror left in an immutable registry and what does not count: its create was held up until
// its payload was gone.
import { isPrefix } from "../../core/backend.ts";
import type { Origin } from "../../core/record/record.ts";
import { readRecord } from "../cell/heads.ts";
import { isVoid } from "../cell/voids.ts";
import type { Context } from "../opening/context.ts";
import { parseCellKey } from "../layout.ts";

/**
 * The newest generation of a cell that holds nothing but void records of mirrors of one version; undefined for any other
 * cell. Above that generation this version may be written, also where nothing is ever replaced: nobody ever saw a value
 * there, nobody else has used the number, and what is void once is void for ever.
 */
export async function newestOwnVoid(
  context: Context,
  cell: string,
  { origin, signal }: { origin: Origin; signal?: AbortSignal },
): Promise<number | undefined> {
  let newest: number | undefined;
  for await (const entry of context.backend.list(cell, { signal })) {
    const key = isPrefix(entry) ? undefined : parseCellKey(entry.key);
    if (isPrefix(entry) || key === undefined) continue;
    const found = await readRecord(context, entry.key, signal);
    if (found?.record.kind !== "version" || !isSame(found.record.origin, origin)) return undefined;
    if (!await isVoid(context, found, signal)) return undefined;
    newest ??= key.generation;
  }
  return newest;
}

function isSame(a: Origin | undefined, b: Origin): boolean {
  return a?.registry === b.registry && a.commit === b.commit;
}
