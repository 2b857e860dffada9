/**
 * The backend for the binding of a Cloudflare R2 bucket in a Worker. It needs no credentials and no
 * other package.
 *
 * Objects have the same names as with `r2://bucket/prefix`: other programs open the same
 * registry over R2's S3 API.
 *
 * @module
 */
import type { Backend } from "../core/backend.ts";
import { conforming } from "../core/driver.ts";
import { invalid } from "../core/errors.ts";
import { checkRemovals } from "../core/options/check_delete.ts";
import { checkGiven, checkOptions, type OptionNames } from "../core/options/check_options.ts";
import { realSystem, type System } from "../core/system.ts";
import { parsePrefix, prefixPath, S3_NAMES } from "./bucket/keys.ts";
import type { R2Binding } from "./r2/binding.ts";
import { putObject } from "./r2/put.ts";
import { R2Store } from "./r2/store.ts";

export type { R2Binding, R2Found, R2Part, R2Settings, R2Upload } from "./r2/binding.ts";

/** Options of {@linkcode createR2Backend}. */
export interface R2BackendOptions {
  /** A folder in the bucket for all keys. @default "" */
  prefix?: string;
  /** The name of the bucket in messages. @default a number */
  name?: string;
  /**
   * Bytes per part of a read or an upload, at least 5 MiB.
   *
   * @default 8 MiB
   */
  partBytes?: number;
  /** How long failed calls are retried, milliseconds. Creates are sent once. @default 30000 */
  retryForMs?: number;
  system?: System;
}

const OPTIONS: OptionNames<R2BackendOptions> = {
  prefix: true,
  name: true,
  partBytes: true,
  retryForMs: true,
  system: true,
};

const METHODS = ["head", "get", "put", "delete", "list", "createMultipartUpload"] as const;

/** R2 accepts no smaller part, except the last. */
const MIN_PART_BYTES = 5 * 2 ** 20;

let unnamed = 0;

/**
 * Creates a backend for a bucket that is bound to a Worker. Sends no request itself.
 *
 * A create of a stream without `size` is held in memory, at most 32 MiB. The binding cannot copy
 * objects or presign URLs. R2 removes unfinished uploads after seven days.
 *
 * @example
 * ```ts ignore
 * import { createR2Backend } from "@holdfast/holdfast/backends/r2";
 * import { openRegistry } from "@holdfast/holdfast";
 *
 * export default {
 *   async fetch(_request, env) {
 *     await using registry = await openRegistry(createR2Backend(env.BUCKET, { prefix: "team-a" }));
 *     return Response.json(await registry.load("settings"));
 *   },
 * };
 * ```
 */
export function createR2Backend(bucket: R2Binding, options: R2BackendOptions = {}): Backend {
  checkGiven("open bucket", bucket, {
    is: METHODS.every((method) => typeof bucket?.[method] === "function"),
    what: "binding",
    hint: "Pass env.BUCKET, where BUCKET is a binding of r2_buckets in wrangler.jsonc.",
  });
  const checked = checkOptions("open bucket", options, OPTIONS);
  const { name = `${++unnamed}`, partBytes = 8 * 2 ** 20, system = realSystem } = checked;
  if (!Number.isSafeInteger(partBytes) || partBytes < MIN_PART_BYTES) {
    throw invalid("open bucket", undefined, `partBytes is ${partBytes}`, {
      hint: `Pass an integer of at least ${MIN_PART_BYTES}.`,
    });
  }
  const prefix = parsePrefix(checked.prefix ?? "", S3_NAMES);
  const location = `r2:${name}${prefixPath(prefix)}`;
  const store = new R2Store({ ...checked, bucket, prefix, location, partBytes, system });
  const backend = checkRemovals<Backend>({
    kind: "r2",
    location,
    head: (key, options) => store.head(key, options),
    get: (key, options) => store.get(key, options),
    put: (key, body, options) => putObject(store, key, body, options),
    delete: (key, options) => store.delete(key, options),
    list: (prefix, options) => store.list(prefix, options),
    deleteMany: (keys, options) => store.deleteMany(keys, options),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
  conforming.add(backend);
  return backend;
}
