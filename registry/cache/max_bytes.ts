// The bound of a cache.
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";

const DEFAULT_MAX_BYTES = 10 * 1024 ** 3;

/** The bound that is asked for, or the default, bytes. Throws `Invalid` for what is none. */
export function checkMaxBytes(maxBytes: number = DEFAULT_MAX_BYTES): number {
  if (Number.isSafeInteger(maxBytes) && maxBytes > 0) return maxBytes;
  throw fault({
    code: "Invalid",
    action: "cache up to",
    subject: `${shown(maxBytes)} bytes`,
    state: "it must be a whole number from 1",
    hint: "Pass cache: false to have no cache.",
  });
}
