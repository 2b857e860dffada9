// Continues past unreadable places of a store, such as a link or a pipe among its files, or a
// denied name.
import { type Backend, isPrefix, type ObjectInfo } from "../../core/backend.ts";
import { isRegistryError, type RegistryError } from "../../core/errors.ts";
import { readHead, readRecord } from "../cell/heads.ts";
import type { Context } from "../operations/context.ts";
import { afterFolder, SETTINGS } from "../format/layout.ts";

/** Returns the failure of one place. Throws others, and if the settings are unreadable too. */
export async function asPartial(
  context: Context,
  error: unknown,
  signal?: AbortSignal,
): Promise<RegistryError> {
  if (!isRegistryError(error, "Corrupt", "Unsupported", "Invalid", "Denied", "Unavailable")) {
    throw error;
  }
  if (isRegistryError(error, "Denied", "Unavailable")) await checkAnswers(context.backend, signal);
  return error;
}

/** Reads the settings. Throws if the store does not return them either. */
export async function checkAnswers(backend: Backend, signal?: AbortSignal): Promise<void> {
  const head = await readHead({ backend }, SETTINGS, signal);
  if (head !== undefined) await readRecord({ backend }, head, signal);
}

/** Lists the objects below a prefix. Reports places that cannot be listed, and skips them. */
export async function* listReadable(
  context: Context,
  prefix: string,
  { after: from, signal, onFailure }: {
    /** A key to begin after. */
    after?: string;
    signal?: AbortSignal;
    onFailure(error: RegistryError, key: string): void | Promise<void>;
  },
): AsyncGenerator<ObjectInfo> {
  for (let after = from;;) {
    try {
      for await (const entry of context.backend.list(prefix, { after, signal })) {
        if (!isPrefix(entry)) yield entry;
      }
      return;
    } catch (error) {
      const failure = await asPartial(context, error, signal);
      const { key = "" } = failure;
      const folder = afterFolder(key.endsWith("/") ? key : `${key}/`);
      const isSame = folder === after; // the place also hides keys that continue without "/"
      const next = isSame ? `${key}~` : folder;
      const isAll = next === afterFolder(prefix);
      const isBelow = key.startsWith(prefix) && (after === undefined || next > after);
      if (!isAll && !isBelow) throw error;
      if (!isSame) await onFailure(failure, key);
      if (isAll) return;
      after = next;
    }
  }
}
