// A handler on a port, by the HTTP server of `node:http`, on Deno too: `Deno.serve` has no limit
// for the time that headers take, for idle connections, nor for their number (measured with Deno
// 2.9.6), and this one has.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { getRequestListener } from "npm:@hono/node-server@^2.1";
import { createServer as createSecureServer } from "node:https";
import { isLoopback, severalHosts } from "../guard/origin.ts";
import type { Handler } from "../options.ts";
import { problem, problemOf, type RefusedRequest } from "../problem.ts";
import { realSystem, type RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import { checkOptions, type OptionNames } from "../../../core/options/check_options.ts";
import type { ConnectionLimits, Listening, ListenOptions } from "./options.ts";
import { readCertificate } from "./certificate.ts";

/** Keeps at most so many connections, and ends those that stand still for `idleTimeoutMs` in the middle of something. Returns what ends all. */
function watchConnections(
  server: Server,
  { maxConnections, idleTimeoutMs }: { maxConnections: number; idleTimeoutMs: number },
): () => number {
  const idle = new Set<Socket>(); // in the order in which they became so
  const busy = new Map<Socket, IncomingMessage>();

  function makeRoom(newest: Socket): void {
    if (idle.size + busy.size <= maxConnections) return;
    const [oldest = newest] = idle;
    idle.delete(oldest);
    oldest.destroy();
  }

  server.on("connection", (socket: Socket) => {
    socket.setNoDelay(true); // headers and a body may be two writes
    idle.add(socket);
    socket.once("close", () => {
      idle.delete(socket);
      busy.delete(socket);
    });
    makeRoom(socket);
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request;
    idle.delete(socket);
    busy.set(socket, request);
    response.once("close", () => {
      if (!busy.delete(socket) || socket.destroyed) return;
      idle.add(socket);
    });
  });
  server.setTimeout(idleTimeoutMs, (socket: Socket) => {
    const isOurTurn = busy.get(socket)?.complete === true && socket.writableLength === 0; // an answer may take its time
    if (!isOurTurn) socket.destroy();
  });

  return () => {
    const cut = busy.size;
    for (const socket of [...busy.keys(), ...idle]) socket.destroy();
    return cut;
  };
}

/** Answers requests of Node's HTTP server with a handler. Nothing global is changed. */
function listenerOf(
  handler: Handler,
): (request: IncomingMessage, response: ServerResponse) => void {
  const listener = getRequestListener(
    (request, { incoming }) =>
      handler(request, { remoteAddr: { hostname: incoming.socket.remoteAddress } }),
    {
      overrideGlobalObjects: false,
      errorHandler: () =>
        // what is no request at all: a host or target that makes no URL
        problem(400, {
          code: "Invalid",
          detail: "Cannot read the request: its target or host is no URL",
        }),
    },
  );
  return (request, response) => {
    if (hostsOf(request) > 1) return void refuse(response, severalHosts());
    void listener(request, response);
  };
}

/** Counts the `Host` headers: of several, a proxy may use another one (RFC 9112, section 3.2). */
function hostsOf({ rawHeaders }: IncomingMessage): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (rawHeaders[i].length === 4 && rawHeaders[i].toLowerCase() === "host") count++;
  }
  return count;
}

async function refuse(response: ServerResponse, error: RefusedRequest): Promise<void> {
  const answer = problemOf(error);
  const headers = { ...Object.fromEntries(answer.headers), connection: "close" };
  response.writeHead(answer.status, headers).end(await answer.text());
}

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
  const certificate = tls && await readCertificate(tls);
  const settings = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headersTimeoutMs,
    requestTimeout: 0, // an upload may take hours; whoever stands still is cut off
    keepAliveTimeout: keepAliveMs,
    connectionsCheckingInterval: Math.min(1000, headersTimeoutMs),
  };
  const server: Server = certificate === undefined ? createServer(settings) : createSecureServer({
    ...settings,
    ...certificate,
    handshakeTimeout: headersTimeoutMs,
  });
  server.maxHeadersCount = 100;
  const cutAll = watchConnections(server, { maxConnections, idleTimeoutMs });
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
      if (tls === undefined) return;
      const renewed = await readCertificate(tls); // what cannot be used leaves the one that is there
      (server as ReturnType<typeof createSecureServer>).setSecureContext(renewed);
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
      const cut = ended === "late" ? cutAll() : 0;
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
