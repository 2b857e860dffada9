// A handler on a port, by `node:http` on Deno too: `Deno.serve` (2.9.6) has no limits for slow
// headers, idle connections or their number.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { getRequestListener } from "npm:@hono/node-server@^2.1";
import { createServer as createSecureServer } from "node:https";
import { RESPONSE_ALREADY_SENT } from "npm:@hono/node-server@^2.1/utils/response";
import { isLoopback, severalHosts } from "../guard/origin.ts";
import type { Handler } from "../options.ts";
import type { Logger } from "../../../mod.ts";
import { messageOf } from "../../../core/errors.ts";
import { problem, problemOf } from "../problem.ts";
import { realSystem, silentLogger, type System, timerMs } from "../../../core/system.ts";
import { checkOptions, type OptionNames } from "../../../core/options/check_options.ts";
import { Answer, answerings } from "../answer.ts";
import type { ConnectionLimits, Listening, ListenOptions } from "./options.ts";
import { createClientAddress } from "./client_address.ts";
import { normalizeHost } from "./request_host.ts";
import { ServedCertificate } from "./certificate.ts";
import { connectionsWithin, descriptorLimit } from "./descriptors.ts";
import { cannotListen, exposed } from "./listen_errors.ts";

/**
 * Limits the number of connections, and closes those that pause within a request or answer. Returns
 * a function that closes all and returns the number of open requests.
 */
function watchConnections(
  server: Server,
  { maxConnections, idleTimeoutMs }: { maxConnections: number; idleTimeoutMs: number },
): () => number {
  const idle = new Set<Socket>(); // the longest idle first
  const busy = new Map<Socket, IncomingMessage>();

  function makeRoom(newest: Socket): void {
    if (idle.size + busy.size <= maxConnections) return;
    const [oldest = newest] = idle;
    idle.delete(oldest);
    oldest.destroy();
  }

  server.on("connection", (socket: Socket) => {
    socket.setNoDelay(true); // headers and body may be two writes
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
  server.setTimeout(timerMs(idleTimeoutMs), (socket: Socket) => {
    const isAnswering = busy.get(socket)?.complete === true && socket.writableLength === 0;
    if (!isAnswering) socket.destroy();
  });

  return () => {
    const cut = busy.size;
    for (const socket of [...busy.keys(), ...idle]) socket.destroy();
    return cut;
  };
}

/** How long the rest of the body of an answered request is read. */
const REST_MS = 10_000;

function listenerOf(
  handler: Handler,
  { system, addressOf, scheme, logger }: {
    logger: Pick<Logger, "warn">;
    system: Pick<System, "sleep">;
    addressOf: ReturnType<typeof createClientAddress>;
    scheme: "http" | "https";
  },
): (request: IncomingMessage, response: ServerResponse) => void {
  const answering = answerings.get(handler) ??
    (async (...asked) => Answer.from(await handler(...asked)));
  const listener = getRequestListener(
    async (request, { incoming, outgoing }) => {
      const remoteAddr = { hostname: addressOf(incoming as IncomingMessage) };
      const answer = await answering(request, { remoteAddr });
      const response = outgoing as ServerResponse; // without HTTP/2
      reply(incoming as IncomingMessage, response, answer);
      return RESPONSE_ALREADY_SENT;
    },
    { overrideGlobalObjects: false, errorHandler: () => invalidUrl().toResponse() },
  );
  return (request, response) => {
    if (hostsOf(request) > 1) reply(request, response, problemOf(severalHosts()));
    else if (!normalizeHost(request, scheme)) reply(request, response, invalidUrl());
    else void listener(request, response);
  };

  function reply(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
    const rest = request.complete ? undefined : () => skipRest(request, system);
    const headers = rest ? { ...answer.headers, connection: "close" } : answer.headers;
    send(response, new Answer(answer.body, { ...answer, headers }), rest)
      .catch((error) => { // a header that HTTP does not allow
        const path = request.url?.replace(/\?.*/s, "");
        logger.warn(`Cannot answer ${request.method} ${path}: ${messageOf(error)}`);
        response.destroy();
      });
  }
}

function invalidUrl(): Answer {
  const detail = "Cannot read the request: its target or host is not valid in a URL";
  return problem(400, { code: "Invalid", detail });
}

/**
 * Reads and discards the rest of a body, for some seconds. Many clients read no answer before they
 * have sent everything, and a connection closed with unread bytes takes the answer with it.
 */
async function skipRest(request: IncomingMessage, system: Pick<System, "sleep">): Promise<void> {
  const ended = new AbortController();
  for (const event of ["end", "error", "close"]) request.once(event, () => ended.abort());
  request.removeAllListeners("data"); // those of a reader would pause it
  request.resume();
  if (!request.complete && !request.destroyed) {
    await system.sleep(REST_MS, ended.signal).catch(() => {});
  }
}

/** Counts `Host` headers. With several, a proxy may use another one (RFC 9112, section 3.2). */
function hostsOf({ rawHeaders }: IncomingMessage): number {
  return rawHeaders.filter((name, i) => i % 2 === 0 && /^host$/i.test(name)).length;
}

async function send(
  response: ServerResponse,
  { body, status, headers, isOwned }: Answer,
  rest?: () => Promise<void>,
): Promise<void> {
  response.writeHead(status, headers);
  if (!(body instanceof ReadableStream)) {
    if (rest === undefined) return void response.end(body ?? undefined);
    response.flushHeaders();
    if (body) response.write(body);
    await rest();
    return void response.end();
  }
  const reader = body.getReader();
  const leave = () => reader.cancel().catch(() => {});
  if (response.destroyed) return void leave();
  response.once("close", leave);
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      await new Promise((resolve) => response.write(next.value, resolve));
      const { buffer, byteLength } = next.value as Uint8Array<ArrayBuffer>;
      if (isOwned && byteLength === buffer.byteLength) buffer.transfer(0); // else they pile up
    }
    response.end();
  } catch {
    response.destroy(); // the client must not take the body as complete
  }
}

const OPTIONS: OptionNames<ListenOptions> = {
  host: true,
  port: true,
  hasTokens: true,
  tls: true,
  limits: true,
  trustedProxies: true,
  system: true,
  logger: true,
};

const LIMITS: OptionNames<ConnectionLimits> = {
  maxHeaderBytes: true,
  headersTimeoutMs: true,
  idleTimeoutMs: true,
  keepAliveMs: true,
  maxConnections: true,
};

/**
 * Listens on a port with a handler.
 *
 * @throws {RegistryError} `Denied` for an address that other machines can reach without tokens;
 * `Conflict` for a port in use; `Invalid` for an unknown option
 */
export async function listen(handler: Handler, options: ListenOptions = {}): Promise<Listening> {
  return await listenBeside(handler, options);
}

/** Returns how many of these connections the files that this process may open allow. */
async function mostConnections(asked: number, logger: Pick<Logger, "warn">): Promise<number> {
  const descriptors = await descriptorLimit();
  const most = Math.min(asked, connectionsWithin(descriptors));
  if (most < asked) {
    logger.warn(
      `At most ${most} connections instead of ${asked}: this process may open ` +
        `${descriptors} files. Raise LimitNOFILE (systemd) or ulimit -n`,
    );
  }
  return most;
}

function serverOf(
  certificate: ServedCertificate | undefined,
  { maxHeaderBytes = 16_384, headersTimeoutMs = 10_000, keepAliveMs = 15_000 }: ConnectionLimits,
): Server {
  const settings = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: timerMs(headersTimeoutMs),
    requestTimeout: 0, // an upload may take hours; pauses are limited
    keepAliveTimeout: timerMs(keepAliveMs),
    connectionsCheckingInterval: Math.min(1000, timerMs(headersTimeoutMs)),
  };
  const server: Server = certificate === undefined ? createServer(settings) : createSecureServer({
    ...settings,
    ...certificate.pem,
    handshakeTimeout: timerMs(headersTimeoutMs),
  });
  server.maxHeadersCount = 0; // more would be ignored; their size is limited
  return server;
}

/** @param processes how many processes share the port, and the connections. @default 1 */
export async function listenBeside(
  handler: Handler,
  options: ListenOptions,
  processes = 1,
): Promise<Listening> {
  const {
    host = "127.0.0.1",
    port = 8600,
    hasTokens = false,
    tls,
    limits = {},
    trustedProxies = [],
    system = realSystem,
    logger = silentLogger,
  } = checkOptions("listen", options, OPTIONS);
  const { idleTimeoutMs = 60_000, maxConnections: asked = 4096, ...timeouts } = checkOptions(
    "listen",
    limits,
    LIMITS,
  );
  if (!hasTokens && !isLoopback(host)) throw exposed(host);
  const addressOf = createClientAddress(trustedProxies);
  const certificate = tls && await ServedCertificate.open(tls, { logger, ...system });
  const maxConnections = await mostConnections(Math.ceil(asked / processes), logger);
  const server = serverOf(certificate, timeouts);
  const cutAll = watchConnections(server, { maxConnections, idleTimeoutMs });
  const scheme = tls === undefined ? "http" : "https";
  server.on("request", listenerOf(handler, { system, addressOf, scheme, logger }));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host, reusePort: processes > 1 }, resolve);
  }).catch((error) => {
    throw cannotListen(error, { host, port });
  });
  const stopped = new AbortController();
  void certificate?.warnDaily(stopped.signal);
  const { port: taken } = server.address() as AddressInfo;
  const shownHost = host.includes(":") ? `[${host}]` : host;

  return {
    url: `${tls === undefined ? "http" : "https"}://${shownHost}:${taken}`,
    get certificateEndsAt() {
      return certificate?.endsAt;
    },
    async reloadCertificate() {
      if (certificate === undefined) return;
      await certificate.read(); // an error keeps the old one
      (server as ReturnType<typeof createSecureServer>).setSecureContext(certificate.pem);
    },
    async stop({ withinMs = 30_000 } = {}) {
      stopped.abort();
      const ended = new AbortController();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const isLate = await Promise.race([
        Promise.all([closed, handler.close()]).then(() => false),
        system.sleep(withinMs, ended.signal).then(() => true, () => false),
      ]);
      ended.abort();
      const cut = isLate ? cutAll() : 0;
      await closed;
      return cut;
    },
  };
}
