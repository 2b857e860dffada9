// Stores at given locations.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createS3Configs, openBackend, type S3Configs } from "../../../backends/mod.ts";
import { isStoreUrl } from "../../../core/urls/store_url.ts";
import type { Backend, Logger, System } from "../../../mod.ts";

/** Fewer retries pass in half a second, without a warning. */
const WARN_AFTER = 6;

/** @internal */
interface OpenStoreOptions {
  /** The folder of `s3_aksk.env`, which may hold keys of buckets. */
  cwd: string;
  /** @default false */
  createBucket?: boolean;
  /** Time to retry for, milliseconds. @default that of `openBackend` */
  retryForMs?: number;
  logger: Logger;
  system: System;
}

/** Opens the store at a location, with the credentials of the current folder. */
export async function openStore(
  location: string,
  { cwd, ...options }: OpenStoreOptions,
): Promise<Backend> {
  return await openBackend(location, {
    ...options,
    logger: warnOfRepeats(options.logger),
    s3Configs: configsIn(cwd, options.system),
  });
}

/** Returns the S3 configurations of a folder: those of its `s3_aksk.env`. */
export function configsIn(cwd: string, system: System): S3Configs {
  return createS3Configs({ envFile: join(cwd, "s3_aksk.env"), system });
}

/** Wraps a logger to warn once about retries of a store or service. */
export function warnOfRepeats(logger: Logger): Logger {
  let repeats = 0;
  return {
    ...logger,
    debug(...words) {
      logger.debug(...words);
      const isOfStore = (words[1] as { backend?: unknown } | undefined)?.backend !== undefined;
      if (isOfStore && ++repeats === WARN_AFTER) logger.warn(`${words[0]}; retrying`);
    },
  };
}

/** Returns the path of a local folder; undefined for a bucket or an invalid `file:` URL. */
export function localPathOf(location: string): string | undefined {
  if (isStoreUrl(location)) return undefined;
  if (!/^file:/i.test(location)) return location;
  try {
    return fileURLToPath(location);
  } catch {
    return undefined; // opening it fails with a better message
  }
}

/** Opens a store by URL; keeps the path of a folder, for `openRegistry` to detect its locking. */
export async function registryTarget(
  location: string,
  options: OpenStoreOptions,
): Promise<string | Backend> {
  return isStoreUrl(location) ? await openStore(location, options) : location;
}
