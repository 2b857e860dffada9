// Removing objects.
import type { CallOptions, DeleteFailure } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import { deleteEach } from "../bucket/delete_each.ts";
import { failureOf, isMissingKey } from "./errors.ts";
import { call, callError, fullKey, type S3Store } from "./store.ts";

const BATCH = 1000;
const SINGLE_AT_ONCE = 16;

/** Removes an object; a missing one is a success. */
export async function deleteObject(
  store: S3Store,
  key: string,
  { ifEtag, signal }: CallOptions & { ifEtag?: string } = {},
): Promise<void> {
  const [createHeader] = store.provider.createHeader; // providers with a special create header support no HTTP conditions
  const condition = ifEtag === undefined || createHeader !== "if-none-match"
    ? {}
    : { IfMatch: `"${ifEtag}"` };
  try {
    await call(store, "DeleteObject", { Key: fullKey(store, key), ...condition }, {
      action: "delete",
      key,
      signal,
    });
  } catch (error) {
    if (!isMissingKey(error)) throw error;
  }
}

/** Removes objects, 1,000 by request where the store can; says which are still there and why. */
export async function deleteObjects(
  store: S3Store,
  keys: readonly string[],
  signal?: AbortSignal,
): Promise<DeleteFailure[]> {
  signal?.throwIfAborted();
  const failures: DeleteFailure[] = [];
  const known = new Map<string, string>();
  for (const key of new Set(keys)) {
    try {
      known.set(fullKey(store, key), key);
    } catch (error) {
      failures.push({ key, error: error as Error });
    }
  }
  const deleteSingly = (keys: readonly string[]) =>
    deleteEach(keys, (key) => deleteObject(store, key, { signal }), {
      concurrency: SINGLE_AT_ONCE,
      signal,
    });
  const full = [...known.keys()];
  if (!store.provider.deleteMany) {
    return [...failures, ...await deleteSingly([...known.values()])];
  }
  for (let start = 0; start < full.length; start += BATCH) {
    const batch = full.slice(start, start + BATCH);
    const again: string[] = [];
    try {
      const input = { Delete: { Objects: batch.map((Key) => ({ Key })), Quiet: true } };
      const { Errors = [] } = await call(store, "DeleteObjects", input, {
        action: "delete objects",
        signal,
      });
      for (const { Key = "", Code = "Error", Message = "" } of Errors) {
        const key = known.get(Key) ?? Key;
        const error = keyError(store, key, Code, Message);
        if (error.retry === "later") again.push(key);
        else if (failureOf(error)?.name !== "NoSuchKey") failures.push({ key, error });
      }
    } catch (error) {
      if (signal?.aborted || !isRegistryError(error)) throw error;
      failures.push(...batch.map((full) => ({ key: known.get(full)!, error })));
    }
    failures.push(...await deleteSingly(again));
  }
  return failures;
}

/** What a reply says of one key of many. It has no status of its own. */
function keyError(store: S3Store, key: string, code: string, message: string) {
  const $metadata = {
    httpStatusCode: code === "NoSuchKey" ? 404 : code === "InternalError" ? 500 : 400,
  };
  return callError(store, { name: code, message, $metadata }, { action: "delete", key });
}
