/**
 * What each verb of a registry does, as debug lines: its start, its end, and what it moved.
 *
 * @module
 */
import { isRegistryError, messageOf } from "../errors.ts";
import type { LoadOptions, Logger, Registry } from "../registry.ts";
import { silentLogger } from "../system.ts";
import type { System } from "../system.ts";
import { verbAction } from "./verb_action.ts";

/** What {@linkcode logVerbs} needs. */
export interface LoggedVerbsOptions {
  /** Hears of each verb. */
  logger: Logger;
  /** The clock that says how long one took. */
  system: Pick<System, "monotonic">;
}

const PROMISES = [
  "save",
  "load",
  "open",
  "download",
  "info",
  "has",
  "delete",
  "setAlias",
  "deleteAlias",
  "aliases",
  "get",
  "set",
  "update",
  "setDefault",
  "pop",
  "clear",
  "size",
  "saveMany",
  "loadMany",
  "infoMany",
  "hasMany",
  "deleteMany",
  "copy",
  "openDraft",
] as const satisfies readonly (keyof Registry)[];

const LISTINGS = ["names", "keys", "values", "entries", "versions", "history", "watch"] as const satisfies readonly (
  keyof Registry
)[];

type Verb = (...args: unknown[]) => unknown;

/**
 * Lets the verbs of a registry say when they begin and end, with bytes where they move some. Values, metadata and
 * options are never said. With a silent logger nothing is changed.
 */
export function logVerbs<R extends Registry>(registry: R, { logger, system }: LoggedVerbsOptions): R {
  if (logger === silentLogger) return registry;
  const verbs = registry as unknown as Record<string, Verb>;

  function begin(verb: string, args: unknown[]) {
    const action = verbAction(verb, args[0]);
    const startedAt = system.monotonic();
    logger.debug(`${action}: begins`);
    const took = () => `${Math.round(system.monotonic() - startedAt)} ms`;
    return {
      done: (moved: string | undefined) => logger.debug(`${action}: done in ${took()}${moved ? `, ${moved}` : ""}`),
      failed(error: unknown) {
        const reason = isRegistryError(error) ? error.code : messageOf(error);
        logger.debug(`${action}: failed after ${took()}, ${reason}`);
      },
    };
  }

  for (const verb of PROMISES) {
    const inner = verbs[verb].bind(registry);
    verbs[verb] = async (...args) => {
      const line = begin(verb, args);
      let bytes: number | undefined;
      if (verb === "load") args[1] = hearing(args[1] as LoadOptions | undefined, (sum) => bytes = sum);
      try {
        const result = await inner(...args);
        line.done(verb === "load" ? bytesOf(bytes) : movedBy(result));
        return result;
      } catch (error) {
        line.failed(error);
        throw error;
      }
    };
  }
  for (const verb of LISTINGS) {
    const inner = verbs[verb].bind(registry) as (...args: unknown[]) => AsyncIterable<unknown>;
    verbs[verb] = async function* (...args) {
      const line = begin(verb, args);
      let count = 0;
      let failure: { error: unknown } | undefined;
      try {
        for await (const item of inner(...args)) {
          count++;
          yield item;
        }
      } catch (error) {
        failure = { error };
        throw error;
      } finally { // also where the loop was left
        if (failure === undefined) line.done(`${count} of them`);
        else line.failed(failure.error);
      }
    };
  }
  return registry;
}

/** The same options, heard of by somebody else too. */
function hearing(options: LoadOptions | undefined, hear: (bytes: number) => void): LoadOptions {
  return {
    ...options,
    onProgress(progress) {
      hear(progress.bytes);
      options?.onProgress?.(progress);
    },
  };
}

/** What a result says of what was moved. */
function movedBy(result: unknown): string | undefined {
  if (typeof result !== "object" || result === null) return undefined;
  const { version, size, skipped, succeeded, failed } = result as Record<string, unknown>;
  if (Array.isArray(succeeded) && Array.isArray(failed)) return `${succeeded.length} done, ${failed.length} failed`;
  const said = [typeof version === "string" ? version : "", skipped === true ? "skipped" : bytesOf(size)];
  return said.filter((word) => word).join(", ");
}

function bytesOf(size: unknown): string | undefined {
  return typeof size === "number" ? `${size} bytes` : undefined;
}
