// A handler on a port, by the HTTP server of `node:http`, on Deno too: `Deno.serve` has no limit
// for the time that headers take, for idle connections, nor for their number (measured with Deno
// 2.9.6), and this one has.
import { createServer, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { realSystem, type RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import { checkOptions, type OptionNames } from "../../../core/options/check_options.ts";
import { isLoopback } from "../guard/origin.ts";
import type { Handler } from "../options.ts";
import { watchConnections } from "./connections.ts";
import { listenerOf } from "./listener.ts";
import type { ConnectionLimits, Listening, ListenOptions } from "./options.ts";
import { openCertificate } from "./certificate.ts";

const OPTIONS: OptionNames<ListenOptions> = {
  host: true,
  port: true,
  hasTokens: true,
  tls: true,
  limits: true,
  system: true,
};

const LIMITS: OptionNames<ConnectionLimits> = {
  maxHeaderBytes: true,
  headersTimeoutMs: true,
  idleTimeoutMs: true,
  keepAliveMs: true,
  maxConnections: true,
};

/**
 * Puts a handler on a port.
 *
 * @throws {RegistryError} `Denied` for an address beyond this machine without tokens; `Conflict` for a port that is
 * taken; `Invalid` for an option that is not known
 */
export async function listen(handler: Handler, options: ListenOptions = {}): Promise<Listening> {
  const {
    host = "127.0.0.1",
    port = 8600,
    hasTokens = false,
    tls,
    limits = {},
    system = realSystem,
  } = checkOptions("listen", options, OPTIONS);
  const {
    maxHeaderBytes = 16_384,
    headersTimeoutMs = 10_000,
    idleTimeoutMs = 60_000,
    keepAliveMs = 15_000,
    maxConnections = 4096,
  } = checkOptions("listen", limits, LIMITS);
  if (!hasTokens && !isLoopback(host)) throw exposed(host);
  const certificate = tls && await openCertificate(tls);
  const settings = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headersTimeoutMs,
    requestTimeout: 0, // an upload may take hours; whoever stands still is cut off
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: Math.min(1000, headersTimeoutMs),
  };
  const server: Server = certificate === undefined ? createServer(settings) : createSecureServer({
    ...settings,
    ...certificate.read(),
    handshakeTimeout: headersTimeoutMs,
  });
  server.maxHeadersCount = 100;
  const connections = watchConnections(server, { maxConnections, idleTimeoutMs });
  server.on("request", listenerOf(handler));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  }).catch((error) => {
    throw cannotListen(error, { host, port });
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
    async stop({ withinMs = 30_000 } = {}) {
      const over = new AbortController();
      const closed = new Promise<"closed">((resolve) => server.close(() => resolve("closed")));
      server.closeIdleConnections();
      const late = system.sleep(withinMs, over.signal).then(
        () => "late" as const,
        () => "closed" as const,
      );
      const ended = await Promise.race([
        Promise.all([closed, handler.close()]).then(() => "closed" as const),
        late,
      ]);
      over.abort();
      const cut = ended === "late" ? connections.cut() : 0;
      await closed;
      return cut;
    },
  };
}

function exposed(host: string): RegistryError {
  return fault({
    code: "Denied",
    action: "listen on",
    subject: host,
    state: "everybody who reaches it could read and write everything",
    hint:
      "Make a token and serve with it: holdfast token create --tokens tokens.json --scope admin, " +
      "then holdfast serve --tokens tokens.json. Without tokens it listens on 127.0.0.1.",
  });
}

function cannotListen(
  cause: unknown,
  { host, port }: { host: string; port: number },
): RegistryError {
  const { name, code = "", message } = cause as Error & { code?: string };
  const place = `${host}:${port}`;
  if (code === "EADDRINUSE") {
    return fault({
      code: "Conflict",
      action: "listen on",
      subject: place,
      state: "another program does",
      hint: "Choose another port, or any free one: --port 0",
      cause,
    });
  }
  const isDenied = name === "NotCapable" || code === "EACCES" || code === "EPERM";
  return fault({
    code: isDenied ? "Denied" : "Invalid",
    action: "listen on",
    subject: place,
    state: message.split("\n")[0].replace(/\.$/, ""),
    hint: name === "NotCapable"
      ? `Allow it: --allow-net=${place}`
      : isDenied
      ? "Ports below 1024 are for the system: choose another one, as --port 8600"
      : "Give an address of this machine, as --host 127.0.0.1",
    cause,
  });
}
