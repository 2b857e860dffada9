// The stores at the places that the command line is given.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createS3Configs, isStoreUrl, openBackend, type S3Configs } from "../../../backends/mod.ts";
import type { Backend, Logger, System } from "../../../mod.ts";

/** Failures of a store that a moment mends are not worth a word: so many take half a second or more. */
const TOLD_AFTER = 6;

export interface OpenStoreOptions {
  /** The folder whose `s3_aksk.env` may have the keys of buckets. */
  cwd: string;
  /** Make the bucket where there is none. @default false */
  createBucket?: boolean;
  /** How long a store that does not answer is waited for, milliseconds. @default that of `openBackend` */
  retryForMs?: number;
  logger: Logger;
  system: System;
}

export async function openStore(
  location: string,
  { cwd, ...options }: OpenStoreOptions,
): Promise<Backend> {
  return await openBackend(location, {
    ...options,
    logger: tellingOfRepeats(options.logger),
    s3Configs: configsIn(cwd, options.system),
  });
}

/** Configurations of buckets, also those of a folder. */
export function configsIn(cwd: string, system: System): S3Configs {
  return createS3Configs({ envFile: join(cwd, "s3_aksk.env"), system });
}

/** A command that waits for a store, or for a service, says so once: what is said of one names it. */
export function tellingOfRepeats(logger: Logger): Logger {
  let repeats = 0;
  return {
    debug(...words) {
      logger.debug(...words);
      const isOfStore = (words[1] as { backend?: unknown } | undefined)?.backend !== undefined;
      if (isOfStore && ++repeats === TOLD_AFTER) logger.warn(`${words[0]}; trying again`);
    },
    info: (...words) => logger.info(...words),
    warn: (...words) => logger.warn(...words),
    error: (...words) => logger.error(...words),
  };
}

/** The path of a place that is a folder on this machine; undefined for a bucket, and for a URL that no folder can have. */
export function localPathOf(location: string): string | undefined {
  if (isStoreUrl(location)) return undefined;
  if (!/^file:/i.test(location)) return location;
  try {
    return fileURLToPath(location);
  } catch {
    return undefined; // whoever opens it is told what is wrong
  }
}

/**
 * What to open a registry on: a store by its URL is opened, a folder stays its path, because `openRegistry` looks there
 * how it is locked.
 */
export async function registryTarget(
  location: string,
  options: OpenStoreOptions,
): Promise<string | Backend> {
  return isStoreUrl(location) ? await openStore(location, options) : location;
}
