// Race with the removal of a folder: versitygw and MinIO keep objects as files. While another
// client deletes the last object of a folder, versitygw may report `ExistingObjectIsDirectory` for
// a key, as for a real folder, and MinIO `AccessDenied`.
import type { RegistryError } from "../../../core/errors.ts";
import { failureOf } from "../errors.ts";
import { call, type CallSettings, fullKey, keyFault, repeated, type S3Store } from "../store.ts";

const FOLDER = "ExistingObjectIsDirectory";
/** Retries after a denial of MinIO, which has done nothing, creates included. */
const DENIALS = 3;
const DENIAL_MS = 20;

/** Sends a write. After a lost race it is `Unavailable`, and retried unless `repeat` is false. */
export async function pastFolderRace<T>(
  store: S3Store,
  key: string,
  request: () => Promise<T>,
  { signal, repeat = true }: Pick<CallSettings, "signal" | "repeat">,
): Promise<T> {
  const attempt = async (denials = 0): Promise<T> => {
    try {
      return await request();
    } catch (error) {
      if (isDoubtfulDenial(store, error) && denials < DENIALS) {
        await store.system.sleep(store.system.random() * DENIAL_MS, signal);
        return await attempt(denials + 1);
      }
      if (failureOf(error)?.name !== FOLDER || await hasObjectsBelow(store, key, signal)) {
        throw error;
      }
      throw keyFault(store, key, {
        code: "Unavailable",
        action: "put",
        state: "the store was deleting a folder",
        hint: "Try again.",
        cause: failureOf(error),
      });
    }
  };
  if (!repeat) return await attempt();
  const passes = (error: unknown) =>
    failureOf(error)?.name === FOLDER && (error as RegistryError).retry === "later";
  return await repeated(store, () => attempt(), { what: "put", key, signal, passes });
}

function isDoubtfulDenial({ provider }: S3Store, error: unknown): boolean {
  return provider.id === "minio" && failureOf(error)?.name === "AccessDenied";
}

async function hasObjectsBelow(
  store: S3Store,
  key: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const below = { Prefix: `${fullKey(store, key)}/`, MaxKeys: 1 };
  const page = await call(store, "ListObjectsV2", below, { action: "put", key, signal });
  return (page.Contents ?? []).length > 0;
}
