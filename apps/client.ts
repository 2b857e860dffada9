/**
 * A registry behind a service: the same `Registry` as on a folder or a bucket, over HTTP. It needs `fetch` alone, so it
 * also runs in a browser.
 *
 * @module
 */
import { isRegistryError } from "../core/errors.ts";
import { createMaterializerSet, type Materializers } from "../core/materializer.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import { checkMaxLoadBytes } from "../registry/contract/load_limit.ts";
import type { OpenOptions, Registry } from "../core/registry.ts";
import { isPassing } from "../core/retry.ts";
import { realSystem, silentLogger } from "../core/system.ts";
import { arrayBuffer } from "../materializers/array_buffer.ts";
import { blob } from "../materializers/blob.ts";
import { bytes } from "../materializers/bytes.ts";
import { json } from "../materializers/json.ts";
import { ndarray } from "../materializers/ndarray.ts";
import { text } from "../materializers/text.ts";
import { typedArray } from "../materializers/typed_array.ts";
import { parseAddress } from "./client/address.ts";
import { Connection, type SendRequest } from "./client/connection.ts";
import { strange } from "./client/problem.ts";
import { createRemoteRegistry } from "./client/remote_registry.ts";

export type { Materializers } from "../core/materializer.ts";
export type { Logger, Registry, Verify } from "../core/registry.ts";
export type { System } from "../core/system.ts";
export type { SendRequest } from "./client/connection.ts";

/** Options of {@linkcode openHttpRegistry}. */
export interface HttpRegistryOptions
  extends
    Pick<OpenOptions, "readOnly" | "verify" | "maxLoadBytes" | "system" | "logger" | "signal"> {
  /** What is sent as `Authorization: Bearer …`, or what gives it for each request. @default none */
  token?: string | (() => string | Promise<string>);
  /** Sends requests; the handler of a service does so without a network. @default the runtime's `fetch` */
  fetch?: SendRequest;
  /**
   * What saves and loads values.
   *
   * @default {@linkcode createPortableMaterializers}; for files and folders of a disk give `createMaterializers()`
   */
  materializers?: Materializers;
  /** How long what may be sent again is, milliseconds. @default 30000; 3000 where nothing answers the opening */
  retryForMs?: number;
  /**
   * How long an answer to what only reads may take to begin, or to go on, milliseconds.
   *
   * @default 60000; 3000 for the first, unless `retryForMs` says to wait
   */
  timeoutMs?: number;
}

const OPTIONS: OptionNames<HttpRegistryOptions> = {
  token: true,
  readOnly: true,
  materializers: true,
  verify: true,
  maxLoadBytes: true,
  retryForMs: true,
  timeoutMs: true,
  fetch: true,
  system: true,
  logger: true,
  signal: true,
};

/**
 * The materializers that need nothing of a system: strings, plain data, bytes and streams of bytes, buffers, blobs and
 * arrays of numbers. Your own can be added.
 */
export function createPortableMaterializers(): Materializers {
  return createMaterializerSet([
    json(),
    text(),
    typedArray(),
    bytes(),
    arrayBuffer(),
    blob(),
    ndarray(),
  ]);
}

/** Who typed an address wrong, or started no service, is told so before long, milliseconds. */
const FIRST_CONTACT_MS = 5_000;

function isPrivate(location: string): boolean {
  const { protocol, hostname } = new URL(location);
  return protocol === "https:" || /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
}

/**
 * Opens the registry behind a service. Values are made into files, and files into values, here: the service needs no
 * code of yours.
 *
 * Reads are repeated while the service does not answer, saves too, for each has an idempotency key. What could not be
 * repeated, and may have been done, is `Unknown`.
 *
 * @param address as the service prints it, `https://host:8600`; credentials in it are `Invalid`
 * @throws {RegistryError} `Denied` without the right token, `Unavailable` where nothing answers
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { openHttpRegistry } from "@holdfast/holdfast/http";
 * import { createHandler } from "@holdfast/holdfast/server";
 * import { assertEquals } from "@std/assert";
 *
 * await using behind = await openRegistry("memory:");
 * await using handler = createHandler(behind); // elsewhere: holdfast serve
 *
 * await using registry = await openHttpRegistry("http://127.0.0.1:8600", { fetch: handler });
 * await registry.save("my:config", { depth: 12 });
 * assertEquals(await registry.load("my:config@^1"), { depth: 12 });
 * ```
 */
export async function openHttpRegistry(
  address: string | URL,
  options: HttpRegistryOptions = {},
): Promise<Registry> {
  options = checkOptions("open the registry of a service", options, OPTIONS);
  const {
    materializers = createPortableMaterializers(),
    readOnly = false,
    verify = "integrity",
    signal,
  } = options;
  const {
    system = realSystem,
    logger = silentLogger,
    retryForMs = 30_000,
    timeoutMs = 60_000,
    token,
  } = options;
  const maxLoadBytes = checkMaxLoadBytes(options.maxLoadBytes);
  const send = options.fetch ?? ((request: Request) => fetch(request));
  const location = parseAddress(address);
  if (token !== undefined && !isPrivate(location)) {
    logger.warn(
      `The token goes to ${location} unencrypted: whoever sees it pass can use it. Use https.`,
    );
  }
  const connection = new Connection({
    location,
    token,
    send,
    retryForMs,
    timeoutMs,
    system,
    logger,
  });
  const action = "open the registry";
  const asked = { action, location, writes: false };
  const call = { action, path: "registry", signal };
  const ask = (within?: { retryForMs?: number; timeoutMs?: number }) =>
    connection.json<Partial<Pick<Registry, "id" | "settings">> | null>({ ...call, ...within });
  const brief = { retryForMs: FIRST_CONTACT_MS, timeoutMs: options.timeoutMs ?? FIRST_CONTACT_MS };
  const said = await ask(options.retryForMs === undefined ? brief : {}).catch((error) => {
    const wasAnswered = isPassing(error) && error.cause === undefined; // what got no answer has a cause
    if (wasAnswered && options.retryForMs === undefined) return ask();
    throw error;
  }).catch((error) => {
    // A page of another server, or a route that is not there.
    throw isRegistryError(error, "NotFound") ? strange(asked, "it has no registry", error) : error;
  });
  const { id, settings } = said ?? {};
  if (typeof id !== "string" || typeof settings !== "object") {
    throw strange(asked, "it tells of no registry");
  }
  const how = { id, settings, materializers, readOnly, verify, maxLoadBytes, system, logger };
  return createRemoteRegistry(connection, how);
}
