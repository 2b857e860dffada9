// What cannot be read of a store that is otherwise there: a link or a pipe among its files, a name
// that is denied. It is nobody's reason to look at nothing else.
import { isPrefix, type ObjectInfo } from "../../core/backend.ts";
import { isRegistryError, type RegistryError } from "../../core/errors.ts";
import type { SignalOptions } from "../../core/registry.ts";
import { readHead } from "../cell/heads.ts";
import type { Context } from "../operations/context.ts";
import { afterFolder, SETTINGS } from "../format/layout.ts";

/** The failure of one place, else throws: also where the store refuses the settings too, and so everything. */
export async function asPartial(
  context: Context,
  error: unknown,
  signal?: AbortSignal,
): Promise<RegistryError> {
  if (!isRegistryError(error, "Corrupt", "Unsupported", "Invalid", "Denied", "Unavailable")) {
    throw error;
  }
  if (isRegistryError(error, "Denied", "Unavailable")) await readHead(context, SETTINGS, signal);
  return error;
}

/** The objects below a prefix; what cannot be listed is told and passed over. */
export async function* listReadable(
  context: Context,
  prefix: string,
  { signal, onFailure }: SignalOptions & {
    onFailure(error: RegistryError, key: string): void | Promise<void>;
  },
): AsyncGenerator<ObjectInfo> {
  for (let after: string | undefined;;) {
    try {
      for await (const entry of context.backend.list(prefix, { after, signal })) {
        if (!isPrefix(entry)) yield entry;
      }
      return;
    } catch (error) {
      const failure = await asPartial(context, error, signal);
      const { key = "" } = failure;
      const folder = afterFolder(key.endsWith("/") ? key : `${key}/`);
      const isSame = folder === after; // what is there hides keys that go on without a "/"
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
