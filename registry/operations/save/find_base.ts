// The version that a save shares files with.
import { isRegistryError } from "../../../core/errors.ts";
import { parseRef } from "../../../core/naming/refs.ts";
import { readHead } from "../../cell/heads.ts";
import type { Operation } from "../../cell/operation.ts";
import { cellOf } from "../../format/layout.ts";
import { type Base, createBase, isStaleView } from "../../payload/base.ts";
import type { Context } from "../context.ts";
import { payloadSource } from "../load.ts";
import { locate, tryLocate } from "../resolve.ts";

/** The version whose files may be shared: the one that is asked for, else the latest of the name. */
export async function loadBase(
  context: Context,
  operation: Operation,
  name: string,
  ref: string | null | undefined,
): Promise<Base | undefined> {
  if (ref === null) return undefined;
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
    return createBase(context, located.found, files, { name, signal });
  } catch (error) {
    if (ref !== undefined || !isRegistryError(error, "Corrupt", "Unsupported", "Conflict")) {
      throw error;
    }
    context.logger.warn(
      `${operation.action}: shares nothing with the latest version: ${error.message}`,
    );
    return undefined; // a damaged version must not keep anybody from saving the next
  }
}

/** Whether a base still counts, as a look at it says that is not too old. */
export async function isLive(context: Context, operation: Operation, base: Base): Promise<boolean> {
  if (!isStaleView(operation, "base")) return true;
  const seenAt = operation.moment();
  const head = await readHead(context, cellOf(base.key), operation.signal);
  if (head?.key !== base.key) return false;
  operation.views.base = seenAt;
  return true;
}
