// What a verb does, as debug lines: when it begins and ends, and what it moved.
import { isRegistryError, messageOf } from "../errors.ts";
import type { Logger } from "../registry.ts";
import type { System } from "../system.ts";
import { wordsOf } from "./verb_call.ts";
import type { CallWatcher, VerbCall, VerbOutcome } from "./verb_call.ts";

/** What {@linkcode beginLines} needs. */
export interface VerbLinesOptions {
  /** Hears of each verb. */
  logger: Logger;
  /** The clock that says how long one took. */
  system: Pick<System, "monotonic">;
}

/** Says that a call begins, and later how it ended. */
export function beginLines(call: VerbCall, { logger, system }: VerbLinesOptions): CallWatcher {
  const action = wordsOf(call);
  const startedAt = system.monotonic();
  logger.debug(`${action}: begins`);
  const took = () => `${Math.round(system.monotonic() - startedAt)} ms`;
  return {
    done(outcome) {
      const what = told(outcome);
      logger.debug(`${action}: done in ${took()}${what ? `, ${what}` : ""}`);
    },
    failed(error) {
      const reason = isRegistryError(error) ? error.code : messageOf(error);
      logger.debug(`${action}: failed after ${took()}, ${reason}`);
    },
  };
}

function told({ version, moved, skipped, items, batch }: VerbOutcome): string {
  if (batch !== undefined) return `${batch.succeeded} done, ${batch.failed} failed`;
  if (items !== undefined) return `${items} of them`;
  const size = skipped ? "skipped" : moved === undefined ? undefined : `${moved} bytes`;
  return [version, size].filter((word) => word).join(", ");
}
