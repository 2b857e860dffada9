/**
 * versitygw keeps objects as files. While others remove the last object of a folder, it may take a key for that
 * folder, and says what it says of a key that really is one: `ExistingObjectIsDirectory`.
 *
 * @module
 */
import { RegistryError } from "../../../core/errors.ts";
import { shown } from "../../../core/names.ts";
import { failureOf } from "../errors.ts";
import { call, fullKey, repeated } from "../store.ts";
import type { CallSettings, S3Store } from "../store.ts";

const FOLDER = "ExistingObjectIsDirectory";

/** Makes a request that writes a key. After the race it says `Unavailable`, and unless `repeat` is false it tries again. */
export async function pastFolderRace<T>(
  store: S3Store,
  key: string,
  request: () => Promise<T>,
  { signal, repeat = true }: Pick<CallSettings, "signal" | "repeat">,
): Promise<T> {
  const attempt = async () => {
    try {
      return await request();
    } catch (error) {
      if (failureOf(error)?.name !== FOLDER || await hasObjectsBelow(store, key, signal)) throw error;
      throw new RegistryError({
        code: "Unavailable",
        message: `Cannot put ${shown(key)}: the store was removing a folder`,
        hint: "Try again.",
        key,
        backend: store.location,
        cause: failureOf(error),
      });
    }
  };
  if (!repeat) return await attempt();
  const passes = (error: unknown) => failureOf(error)?.name === FOLDER && (error as RegistryError).retry === "later";
  return await repeated(store, attempt, { what: "put", key, signal, passes });
}

async function hasObjectsBelow(store: S3Store, key: string, signal?: AbortSignal): Promise<boolean> {
  const below = { Prefix: `${fullKey(store, key)}/`, MaxKeys: 1 };
  const { Contents = [] } = await call(store, "ListObjectsV2", below, { action: "put", key, signal });
  return Contents.length > 0;
}
