// Whether a collector is alone: what frees a key for good must not meet another one.
import { isPrefix } from "../../../core/backend.ts";
import { isMark, SCRATCH } from "../../layout.ts";
import type { Collection } from "../collection.ts";

/**
 * The mark of another collector that may be under way. Having listed what is to go before this one, and acting on that
 * after somebody has used the freed key again, it would remove or overwrite what was acknowledged. Every collector takes
 * its mark before it looks, so of two at once at most one finds no other.
 */
export async function otherMark(
  { context, signal, isOld, markKey }: Collection,
): Promise<string | undefined> {
  for await (const entry of context.backend.list(SCRATCH, { signal })) {
    if (
      !isPrefix(entry) && isMark(entry.key) && entry.key !== markKey && !isOld(entry.modifiedAt)
    ) return entry.key;
  }
}
