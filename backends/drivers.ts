// The built-in drivers. Importing their descriptions loads no driver.
import type { Driver } from "../core/driver.ts";
import { type BackendPlace, checkParameters, parsePlace } from "../core/urls/store_place.ts";
import { gcsDriver } from "./gcs_driver.ts";
import { localDriver } from "./local_driver.ts";
import { memoryDriver } from "./memory_driver.ts";
import { s3Driver } from "./s3_driver.ts";

export const DRIVERS: readonly Driver[] = [localDriver, s3Driver, gcsDriver, memoryDriver];

export const BUCKET_SCHEMES: readonly string[] = DRIVERS.flatMap(({ buckets, schemes }) =>
  buckets ? schemes : []
);

const PARAMETERS = [...new Set(DRIVERS.flatMap(({ parameters }) => parameters))];

/** Parses a bucket URL and finds its driver; undefined for an unknown scheme. Throws `Invalid`. */
export function driverOf(url: string): { driver: Driver | undefined; place: BackendPlace } {
  const place = parsePlace(url);
  return { driver: DRIVERS.find(({ schemes }) => schemes.includes(place.scheme)), place };
}

/**
 * Throws `Invalid` for an invalid bucket URL, without opening it. The message never contains a
 * secret.
 *
 * @example
 * ```ts
 * import { checkStoreUrl } from "./drivers.ts";
 * import { assertThrows } from "@std/assert";
 *
 * checkStoreUrl("s3://bucket/prefix?region=eu-central-1");
 * assertThrows(() => checkStoreUrl("s3://key:secret@bucket"));
 * ```
 */
export function checkStoreUrl(url: string): void {
  checkParameters(parsePlace(url), PARAMETERS);
}
