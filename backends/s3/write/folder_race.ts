// versitygw and MinIO keep objects as files. While others remove the last object of a folder, versitygw may take a key
// for that folder, and says what it says of a key that really is one: `ExistingObjectIsDirectory`. MinIO may say
// `AccessDenied`, as of somebody who may not write there.
import type { RegistryError } from "../../../core/errors.ts";
import { failureOf } from "../errors.ts";
import { call, type CallSettings, fullKey, keyFault, repeated, type S3Store } from "../store.ts";

const FOLDER = "ExistingObjectIsDirectory";
/** So often MinIO is asked again whether it means it. What it refused it has not done, creates neither. */
const DENIALS = 3;
const DENIAL_MS = 20;

/** Makes a request that writes a key. After the race it says `Unavailable`, and unless `repeat` is false it tries again. */
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
        state: "the store was removing a folder",
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
  const { Contents = [] } = await call(store, "ListObjectsV2", below, {
    action: "put",
    key,
    signal,
  });
  return Contents.length > 0;
}
