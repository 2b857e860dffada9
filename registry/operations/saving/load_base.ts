// The base of a save: the version whose unchanged files it shares.
import { isRegistryError } from "../../../core/errors.ts";
import { parseRef } from "../../../core/naming/refs.ts";
import type { SaveOptions } from "../../../core/registry.ts";
import { readHead } from "../../cell/heads.ts";
import type { Operation } from "../../cell/operation.ts";
import { cellOf } from "../../format/layout.ts";
import { type Base, createBase, isStaleView } from "../../payload/base.ts";
import type { Context } from "../context.ts";
import { payloadSource } from "../load.ts";
import { locate, tryLocate } from "../resolve.ts";

/** Returns the version whose files can be shared or equal: the given one, else the latest. */
export async function loadBase(
  context: Context,
  operation: Operation,
  name: string,
  { base: ref, share, skipIfUnchanged: expectsEqual = false }: SaveOptions,
): Promise<Base | undefined> {
  if (share === "none" && !expectsEqual) return undefined;
  operation.checkSend();
  const seenAt = operation.moment();
  const { signal } = operation;
  try {
    const located = ref === undefined
      ? await tryLocate(context, parseRef(name), signal)
      : await locate(context, parseRef(ref), signal);
    if (located === undefined) return undefined;
    const { files } = await payloadSource(context, located, signal);
    operation.views.base = seenAt;
    return await createBase(context, located.found, files, { name, expectsEqual, signal });
  } catch (error) {
    if (ref !== undefined || !isRegistryError(error, "Corrupt", "Unsupported", "Conflict")) {
      throw error;
    }
    const state = `shares nothing with the latest version: ${error.message}`;
    context.logger.warn(`${operation.action}: ${state}`);
    return undefined; // a damaged version must not prevent the next save
  }
}

/** True if a base still counts, by a recent lookup. */
export async function isLive(context: Context, operation: Operation, base: Base): Promise<boolean> {
  if (!isStaleView(operation, "base")) return true;
  const seenAt = operation.moment();
  const head = await readHead(context, cellOf(base.key), operation.signal);
  // After a deletion the collector may have put the tombstone in the place of the record.
  if (head?.key !== base.key || head.dead) return false;
  operation.views.base = seenAt;
  return true;
}

/**
 * Returns what later versions may share with a saved one. It does not depend on whether the save
 * itself shares anything.
 */
export function cutting(context: Context, { share }: SaveOptions): "bytes" | "files" {
  return share === undefined || share === "none" ? context.share : share;
}
