// Deletes.
import type { CallOptions, DeleteFailure } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import { valueAt } from "../../core/faults/present.ts";
import { deleteEach } from "../bucket/delete_each.ts";
import { failureOf, isMissingKey } from "./errors.ts";
import { call, callError, fullKey, type S3Store } from "./store.ts";

const BATCH = 1000;
const SINGLE_AT_ONCE = 16;

/** Deletes an object; a missing one is a success. */
export async function deleteObject(
  store: S3Store,
  key: string,
  { ifEtag, signal }: CallOptions & { ifEtag?: string } = {},
): Promise<void> {
  const [createHeader] = store.provider.createHeader; // others support no HTTP conditions
  const condition = ifEtag === undefined || createHeader !== "if-none-match"
    ? {}
    : { IfMatch: `"${ifEtag}"` };
  try {
    const input = { Key: fullKey(store, key), ...condition };
    await call(store, "DeleteObject", input, { action: "delete", key, signal });
  } catch (error) {
    if (!isMissingKey(error)) throw error;
  }
}

/** Deletes objects, 1,000 per request if the store can. Returns the failures. */
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
  if (!store.provider.deleteMany) return [...failures, ...await deleteSingly([...known.values()])];
  for (let start = 0; start < full.length; start += BATCH) {
    const batch = full.slice(start, start + BATCH);
    const again: string[] = [];
    try {
      const input = { Delete: { Objects: batch.map((Key) => ({ Key })), Quiet: true } };
      const settings = { action: "delete objects", signal };
      const { Errors = [] } = await call(store, "DeleteObjects", input, settings);
      for (const { Key = "", Code = "Error", Message = "" } of Errors) {
        const key = known.get(Key) ?? Key;
        const error = keyError(store, key, Code, Message);
        if (error.retry === "later") again.push(key);
        else if (failureOf(error)?.name !== "NoSuchKey") failures.push({ key, error });
      }
    } catch (error) {
      if (signal?.aborted || !isRegistryError(error)) throw error;
      failures.push(...batch.map((full) => ({ key: valueAt(known, full), error })));
    }
    failures.push(...await deleteSingly(again));
  }
  return failures;
}

/** Returns the error of one key in a reply, which has no status per key. */
function keyError(store: S3Store, key: string, name: string, message: string) {
  const httpStatusCode = name === "NoSuchKey" ? 404 : name === "InternalError" ? 500 : 400;
  const error = { name, message, $metadata: { httpStatusCode } };
  return callError(store, error, { action: "delete", key });
}
