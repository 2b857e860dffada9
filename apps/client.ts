/**
 * A registry behind a service, over HTTP: the same `Registry` as on a folder or a bucket. It needs
 * only `fetch`, so it also runs in a browser.
 *
 * @module
 */
import { isRegistryError } from "../core/errors.ts";
import { createMaterializerSet, type Materializers } from "../core/materializer.ts";
import { checkOptions, type OptionNames } from "../core/options/check_options.ts";
import { checkMaxLoadBytes } from "../core/calls/load_limit.ts";
import type { OpenOptions, Registry, ServiceRegistry } from "../core/registry.ts";
import { VERIFY } from "../core/registry/operations/reading.ts";
import { isPassing } from "../core/retry.ts";
import { realSystem, silentLogger } from "../core/system.ts";
import { isPrivateUrl } from "../core/urls/private_url.ts";
import { blob } from "../materializers/blob.ts";
import { arrayBuffer, bytes } from "../materializers/bytes.ts";
import { json } from "../materializers/json.ts";
import { ndarray } from "../materializers/ndarray.ts";
import { text } from "../materializers/text.ts";
import { typedArray } from "../materializers/typed_array.ts";
import { parseAddress } from "./client/address.ts";
import { Connection, type SendRequest } from "./client/connection.ts";
import { unexpected } from "./client/problem.ts";
import { createRemoteRegistry } from "./client/remote_registry.ts";

export type { Materializers } from "../core/materializer.ts";
export type { Logger, Registry, ServiceRegistry, Verify } from "../core/registry.ts";
export type { System } from "../core/system.ts";
export type { SendRequest } from "./client/connection.ts";

/** Options of {@linkcode openHttpRegistry}. */
export interface HttpRegistryOptions
  extends
    Pick<OpenOptions, "readOnly" | "verify" | "maxLoadBytes" | "system" | "logger" | "signal"> {
  /** The token of `Authorization: Bearer …`, or a function called before each request. */
  token?: string | (() => string | Promise<string>);
  /**
   * Sends requests. Pass the handler of a service to call it without a network.
   *
   * @default the runtime's `fetch`
   */
  fetch?: SendRequest;
  /**
   * Materializers that save and load values. Pass `createMaterializers()` for files and folders on
   * a disk.
   *
   * @default {@linkcode createPortableMaterializers}
   */
  materializers?: Materializers;
  /** How long to retry, milliseconds. @default 30000; 5000 if nothing answers the opening */
  retryForMs?: number;
  /**
   * How long a read waits for the start of an answer, and for each chunk of it, milliseconds. A
   * piece of an upload (8 MiB) may take 17 times as long.
   *
   * @default 60000; 5000 for the opening, unless `retryForMs` is given
   */
  timeoutMs?: number;
}

const OPTIONS: OptionNames<HttpRegistryOptions> = {
  token: true,
  readOnly: true,
  materializers: true,
  verify: { among: VERIFY },
  maxLoadBytes: true,
  retryForMs: true,
  timeoutMs: true,
  fetch: true,
  system: true,
  logger: true,
  signal: true,
};

/**
 * Creates the materializers that need no system: strings, plain data, bytes and streams of bytes,
 * buffers, blobs and numeric arrays. Add your own to the result.
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

/** The opening fails early if the URL is wrong or no service runs, milliseconds. */
const FIRST_CONTACT_MS = 5_000;

/**
 * Opens the registry behind a service. The client converts values to files and back: the service
 * needs no code of yours.
 *
 * Reads are repeated while the service does not answer. Saves are too, by their idempotency key.
 * Other writes without an answer fail with `Unknown`.
 *
 * @param address the URL that the service prints, `https://host:8600`; credentials in it are
 * `Invalid`
 * @throws {RegistryError} `Denied` without the right token, `Unavailable` if nothing answers
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
): Promise<ServiceRegistry> {
  options = checkOptions("open the registry of a service", options, OPTIONS);
  const {
    materializers = createPortableMaterializers(),
    readOnly = false,
    verify = "integrity",
    system = realSystem,
    logger = silentLogger,
    retryForMs = 30_000,
    timeoutMs = 60_000,
    fetch: send = (request: Request) => fetch(request),
    token,
    signal,
  } = options;
  const maxLoadBytes = checkMaxLoadBytes(options.maxLoadBytes);
  const location = parseAddress(address);
  if (token !== undefined && !isPrivateUrl(location)) {
    logger.warn(`The token is sent to ${location} unencrypted. Use https.`);
  }
  const connection = new Connection(
    { location, token, send, retryForMs, timeoutMs, system, logger },
  );
  const action = "open the registry";
  const asked = { action, location, writes: false };
  const ask = (limits?: { retryForMs?: number; timeoutMs?: number }) =>
    connection.json<Partial<Pick<Registry, "id" | "settings"> & { features: string[] }> | null>(
      { action, path: "registry", signal, ...limits },
    );
  const isBrief = options.retryForMs === undefined;
  const brief = { retryForMs: FIRST_CONTACT_MS, timeoutMs: options.timeoutMs ?? FIRST_CONTACT_MS };
  const answer = await ask(isBrief ? brief : {}).catch((error) => {
    const wasAnswered = isPassing(error) && error.cause === undefined; // no answer has a cause
    if (wasAnswered && isBrief) return ask();
    throw error;
  }).catch((error) => {
    throw isRegistryError(error, "NotFound") ? unexpected(asked, "no registry", error) : error;
  });
  const { id, settings, features } = answer ?? {};
  if (typeof id !== "string" || typeof settings !== "object") {
    throw unexpected(asked, "no registry");
  }
  connection.hasDirectUploads = Array.isArray(features) && features.includes("direct-uploads");
  const registryOptions = {
    id,
    settings,
    materializers,
    readOnly,
    verify,
    maxLoadBytes,
    system,
    logger,
  };
  return createRemoteRegistry(connection, registryOptions);
}
