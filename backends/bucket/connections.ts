// HTTP connections to buckets. They are kept alive and reused, also for creates, and never send a
// request twice.
import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import tls from "node:tls";
import { invalid } from "../../core/errors.ts";
import type { System } from "../../core/system.ts";
import { namedProxies, proxyVariables } from "../../core/urls/proxies.ts";
import { isUntrusted, type TlsProblem, tlsProblem } from "../../core/urls/tls_problems.ts";

interface ConnectionOptions {
  /** Certificates (PEM) of additional authorities. */
  ca?: string | readonly string[];
  system: Pick<System, "env">;
}

export interface Connections {
  readonly http: http.Agent;
  readonly https: https.Agent;
  /** True if `ca` names authorities, which `fetch` does not trust. */
  readonly ownTrust: boolean;
  close(): void;
}

/** Requests never wait for a connection: the callers limit their number. */
const MAX_SOCKETS = 1024;
/** Most servers close idle connections after 15 s or more, or announce their limit. */
const IDLE_MS = 10_000;
/** Safety margin before the announced time. */
const IDLE_MARGIN_MS = 1_000;

/** @throws {RegistryError} `Invalid` if the environment names a proxy that is not an HTTP proxy */
export function createConnections({ ca, system }: ConnectionOptions): Connections {
  checkProxies(system);
  const shared = {
    keepAlive: true,
    maxSockets: MAX_SOCKETS,
    maxFreeSockets: MAX_SOCKETS,
    proxyEnv: proxyVariables(system),
  };
  const agents: Connections = {
    http: careful(new http.Agent(shared)),
    https: trusting(careful(new https.Agent(shared)), ca),
    ownTrust: ca !== undefined,
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
  return agents;
}

/**
 * Deno resends a request if a reused connection closes without a reply, also after an abort
 * (denoland/deno#36786): a create that succeeded would then meet its own object. With
 * `reusedSocket` unset the request fails as on Node, and the driver decides about a retry.
 */
function careful<A extends http.Agent>(agent: A): A {
  const { keepSocketAlive, reuseSocket } = agent;
  agent.reuseSocket = function (socket, request) {
    (socket as Socket).off("timeout", destroy).setTimeout(0);
    reuseSocket.call(this, socket, request);
    request.reusedSocket = false;
  };
  agent.keepSocketAlive = function (stream) {
    const socket = stream as Socket;
    const keep: unknown = keepSocketAlive.call(this, socket);
    const idleMs = Math.min(IDLE_MS, announcedIdleMs(socket) - IDLE_MARGIN_MS);
    if (keep === false || idleMs <= 0) return false;
    socket.on("timeout", destroy).setTimeout(idleMs);
    return true;
  };
  return agent;
}

function destroy(this: Socket): void {
  this.destroy();
}

/**
 * Shares one trust: the runtime would read the certificates of all authorities for each connection.
 * Deno does so too if they come in the option `ca`, so those of the caller are added afterwards.
 */
function trusting(agent: https.Agent, ca: ConnectionOptions["ca"]): https.Agent {
  let trust: tls.SecureContext | undefined;
  const { createConnection } = agent;
  agent.createConnection = function (connection, callback) {
    const secureContext = trust ??= createTrust(ca);
    const secure = { ...connection, secureContext } as typeof connection;
    return createConnection.call(this, secure, callback);
  };
  return agent;
}

function createTrust(ca: ConnectionOptions["ca"] = []): tls.SecureContext {
  const trust = tls.createSecureContext();
  for (const certificate of [ca].flat()) trust.context.addCACert(certificate);
  return trust;
}

/** Returns how long the server keeps an idle connection (`Keep-Alive: timeout=5`). */
function announcedIdleMs(socket: Socket): number {
  const { _httpMessage: last } = socket as { _httpMessage?: { res?: http.IncomingMessage } };
  const match = /(?:^|[ ,])timeout=(\d+)/.exec(String(last?.res?.headers["keep-alive"] ?? ""));
  return match === null ? Infinity : Number(match[1]) * 1000;
}

function checkProxies(system: Pick<System, "env">): void {
  for (const { name, url } of namedProxies(system)) {
    if (url !== undefined || name.toUpperCase() === "ALL_PROXY") continue;
    throw invalid("open store", undefined, `${name} is not the URL of an HTTP proxy`, {
      hint: "Set it to http://host:port, or unset it. Buckets do not support SOCKS.",
    });
  }
}

/** Throws `Invalid` if `ca` is given and contains no certificate. */
export function checkCertificates(ca: unknown): void {
  const isPem = (text: unknown) => typeof text === "string" && text.includes("BEGIN CERTIFICATE");
  if (ca === undefined || [ca].flat().every(isPem)) return;
  throw invalid("open store", undefined, "`ca` is not a certificate", {
    hint: "Pass the PEM text, which begins with -----BEGIN CERTIFICATE-----, not a file name.",
  });
}

/** Returns why no TLS connection to the store is possible; undefined for other errors. */
export function storeTlsProblem(error: unknown): TlsProblem | undefined {
  const problem = tlsProblem(error);
  if (problem === undefined || !isUntrusted(error)) return problem;
  return {
    ...problem,
    hint: `${problem.hint} In a program, pass its certificate as the option ca.`,
  };
}
