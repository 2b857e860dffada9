/**
 * A handler on a port, by the HTTP server of `node:http`, on Deno too: `Deno.serve` has no limit for the time that
 * headers take, for idle connections, nor for their number (measured with Deno 2.9.6), and this one has.
 *
 * @module
 */
import { createServer } from "node:http";
import type { Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { isLoopback } from "../guard/origin.ts";
import type { Handler } from "../options.ts";
import { watchConnections } from "./connections.ts";
import { listenerOf } from "./listener.ts";
import { cannotListen, exposed } from "./refusals.ts";
import { openCertificate } from "./certificate.ts";

/** How much connections may take. */
export interface ConnectionLimits {
  /** Bytes of all headers of a request; more is 431. @default 16384 */
  maxHeaderBytes?: number;
  /** Until the headers of a request must be here, milliseconds; else 408. @default 10000 */
  headersTimeoutMs?: number;
  /** How long a body or a reader may stand still, milliseconds. @default 60000 */
  idleTimeoutMs?: number;
  /** How long a connection is kept without a request, milliseconds. @default 15000 */
  keepAliveMs?: number;
  /** How many there may be; then the one that was idle for longest is ended. @default 4096 */
  maxConnections?: number;
}

/** Options of {@linkcode listen}. */
export interface ListenOptions {
  /** The address. Beyond this machine only with `hasTokens`. @default "127.0.0.1" */
  host?: string;
  /** The port; 0 for any that is free. @default 8600 */
  port?: number;
  /** Whether the handler asks for tokens. @default false */
  hasTokens?: boolean;
  /** Files of a certificate with its chain, and its key, PEM: then it speaks TLS. */
  tls?: { cert: string; key: string };
  /** How much connections may take. */
  limits?: ConnectionLimits;
}

/** A handler on a port. */
export interface Listening {
  /** Where it is. */
  readonly url: string;
  /** Reads the certificate and the key again: connections from now on have them. */
  reloadCertificate(): Promise<void>;
  /**
   * Takes no more connections, and waits for what is under way; what is not done then is cut off. Uploads by tus go on
   * where they were at the next start.
   *
   * @returns how many requests were cut off
   */
  stop(options: { withinMs: number; sleep: (ms: number, signal: AbortSignal) => Promise<void> }): Promise<number>;
}

/**
 * Puts a handler on a port.
 *
 * @throws {RegistryError} `Denied` for an address beyond this machine without tokens; `Unavailable` for a port that is
 * taken
 */
export async function listen(handler: Handler, options: ListenOptions = {}): Promise<Listening> {
  const { host = "127.0.0.1", port = 8600, hasTokens = false, tls, limits = {} } = options;
  const { maxHeaderBytes = 16_384, headersTimeoutMs = 10_000, idleTimeoutMs = 60_000, keepAliveMs = 15_000 } = limits;
  if (!hasTokens && !isLoopback(host)) throw exposed(host);
  const certificate = tls && await openCertificate(tls);
  const settings = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headersTimeoutMs,
    requestTimeout: 0, // an upload may take hours; whoever stands still is cut off
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: Math.min(1000, headersTimeoutMs),
  };
  const server: Server = certificate === undefined
    ? createServer(settings)
    : createSecureServer({ ...settings, ...certificate.read(), handshakeTimeout: headersTimeoutMs });
  server.maxHeadersCount = 100;
  const { maxConnections = 4096 } = limits;
  const connections = watchConnections(server, { maxConnections, idleTimeoutMs });
  server.on("request", listenerOf(handler));
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(cannotListen(error, { host, port })));
    server.listen(port, host, resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  const shownHost = host.includes(":") ? `[${host}]` : host;

  return {
    url: `${tls === undefined ? "http" : "https"}://${shownHost}:${taken}`,
    async reloadCertificate() {
      if (certificate === undefined) return;
      await certificate.reload();
      (server as ReturnType<typeof createSecureServer>).setSecureContext(certificate.read());
    },
    async stop({ withinMs, sleep }) {
      const over = new AbortController();
      const closed = new Promise<"closed">((resolve) => server.close(() => resolve("closed")));
      server.closeIdleConnections();
      const late = sleep(withinMs, over.signal).then(() => "late" as const, () => "closed" as const);
      const ended = await Promise.race([Promise.all([closed, handler.close()]).then(() => "closed" as const), late]);
      over.abort();
      const cut = ended === "late" ? connections.cut() : 0;
      await closed;
      return cut;
    },
  };
}
