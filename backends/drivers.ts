// The built-in drivers. Importing their descriptions loads no driver.
import type { Driver, Wrapper } from "../core/driver.ts";
import { type BackendPlace, checkParameters, parsePlace } from "../core/urls/store_place.ts";
import { checkUrlWords } from "./bucket/words.ts";
import { gcsDriver } from "./gcs_driver.ts";
import { latencyWrapper } from "./latency_driver.ts";
import { localDriver } from "./local_driver.ts";
import { memoryDriver } from "./memory_driver.ts";
import { s3Driver } from "./s3_driver.ts";

export const DRIVERS: readonly Driver[] = [localDriver, s3Driver, gcsDriver, memoryDriver];

export const WRAPPERS: readonly Wrapper[] = [latencyWrapper];

export const BUCKET_SCHEMES: readonly string[] = DRIVERS.flatMap(({ buckets, schemes }) =>
  buckets ? schemes : []
);

const PARAMETERS = [
  ...new Set([...DRIVERS, ...WRAPPERS].flatMap(({ parameters }) => parameters)),
];

/** Returns the wrapper of a scheme such as `latency+s3`, and the place of the store inside. */
export function unwrap(
  place: BackendPlace,
): { wrapper: Wrapper; inner: BackendPlace } | undefined {
  const [name = "", ...rest] = place.scheme.split("+");
  const wrapper = WRAPPERS.find((each) => each.name === name);
  if (wrapper === undefined || rest.length === 0 || place.bucket === "") return undefined;
  const parameters = Object.entries(place.parameters).filter(([name]) =>
    !wrapper.parameters.includes(name)
  );
  const inner = {
    ...place,
    url: place.url.slice(name.length + 1),
    scheme: rest.join("+"),
    parameters: Object.fromEntries(parameters),
  };
  return { wrapper, inner };
}

/**
 * Parses a bucket URL and finds the driver of the store, inside of any wrappers; undefined for an
 * unknown scheme. Throws `Invalid`.
 */
export function driverOf(url: string): { driver: Driver | undefined; place: BackendPlace } {
  let place = parsePlace(url);
  for (let outer = unwrap(place); outer !== undefined; outer = unwrap(place)) place = outer.inner;
  return { driver: DRIVERS.find(({ schemes }) => schemes.includes(place.scheme)), place };
}

/** Returns true for a scheme of `scheme://bucket`, also a wrapped one. */
export function isBucketScheme(scheme: string): boolean {
  return BUCKET_SCHEMES.includes(scheme.toLowerCase().replace(/^.*\+/, ""));
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
  const place = parsePlace(url);
  checkUrlWords(place);
  checkParameters(place, PARAMETERS);
}
