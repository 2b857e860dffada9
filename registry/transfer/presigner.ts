// URLs that work for a while and need no credentials.
import type { Backend } from "../../core/backend.ts";
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Context } from "../opening/context.ts";

const HOUR_MS = 3_600_000;
const MIN_EXPIRY_MS = 1_000;
const MAX_EXPIRY_MS = 7 * 24 * HOUR_MS; // of AWS and GCS

/** How long a URL works where nobody says, milliseconds. */
export const DEFAULT_EXPIRY_MS = HOUR_MS;

/** What presigns; `Unsupported` where the store cannot. */
export function presigner({ backend }: Context, action: string): NonNullable<Backend["presign"]> {
  if (backend.presign !== undefined) return backend.presign.bind(backend);
  throw fault({
    code: "Unsupported",
    action,
    state: `the store at ${backend.location} gives no URLs to others`,
    hint:
      "Buckets do, opened with credentials that can sign. Save and load through the registry instead.",
    backend: backend.location,
  });
}

/** When a URL ends that is made now. Throws `Invalid` for a time that no store allows. */
export function expiry({ system }: Context, expiresInMs: number): Date {
  const valid = Number.isSafeInteger(expiresInMs) && expiresInMs >= MIN_EXPIRY_MS &&
    expiresInMs <= MAX_EXPIRY_MS;
  if (valid) return new Date(system.now() + expiresInMs);
  throw fault({
    code: "Invalid",
    action: "presign a URL with expiresInMs",
    state: `${shown(expiresInMs)}: it must be from 1000 to ${MAX_EXPIRY_MS}`,
    hint: "It is a whole number of milliseconds, from a second to 7 days.",
  });
}
