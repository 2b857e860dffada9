// The lifetime of presigned URLs.
import { invalid, shown } from "../../core/kernel.ts";
import type { Records } from "../../registry/records.ts";

const MIN_EXPIRY_MS = 1_000;
const MAX_EXPIRY_MS = 7 * 24 * 3_600_000; // limit of AWS and GCS

/** Returns the expiry of a new URL. Throws `Invalid` for a lifetime that no store allows. */
export function expiryOf({ system }: Records, expiresInMs: number): Date {
  const valid = Number.isSafeInteger(expiresInMs) && expiresInMs >= MIN_EXPIRY_MS &&
    expiresInMs <= MAX_EXPIRY_MS;
  if (valid) return new Date(system.now() + expiresInMs);
  const state = `expiresInMs ${shown(expiresInMs)} is not between 1000 and ${MAX_EXPIRY_MS}`;
  const hint = "Pass an integer number of milliseconds, from 1 second to 7 days.";
  throw invalid("presign a URL", undefined, state, { hint });
}
