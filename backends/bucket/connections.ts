// Connections to buckets: kept, used again by every request, creates too, and never sent over
// twice.
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import tls from "node:tls";
import { fault } from "../../core/errors.ts";
import type { System } from "../../core/system.ts";

export interface ConnectionOptions {
  /** Certificates (PEM) of authorities that are trusted besides the usual ones. */
  ca?: string | readonly string[];
  system: Pick<System, "env">;
}

export interface Connections {
  /** Of `http:` URLs. */
  readonly http: http.Agent;
  /** Of `https:` URLs. */
  readonly https: https.Agent;
  readonly ownTrust: boolean;
  close(): void;
}

/** More than anybody opens at once: a request never waits for a connection, and the callers bound their number. */
const MAX_SOCKETS = 1024;
/** An unused connection is closed before servers do it: most wait for 15 s or longer, or say how long. */
const IDLE_MS = 10_000;
/** How much earlier than the server says. */
const IDLE_MARGIN_MS = 1_000;

/** The variables that name a proxy, and the hosts that are reached without. */
const PROXY_VARIABLES = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"].flatMap((
  name,
) => [name, name.toLowerCase()]);

export function createConnections({ ca, system }: ConnectionOptions): Connections {
  const proxyEnv = Object.fromEntries(PROXY_VARIABLES.map((name) => [name, system.env(name)]));
  const shared = {
    keepAlive: true,
    maxSockets: MAX_SOCKETS,
    maxFreeSockets: MAX_SOCKETS,
    proxyEnv,
  };
  const agents: Connections = {
    http: careful(new http.Agent(shared)),
    ownTrust: ca !== undefined,
    https: trusting(careful(new https.Agent(shared)), { ca, system }),
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
  return agents;
}

/**
 * Deno sends a request again by itself where the connection was used before and closes without a reply, also when it
 * closes because the request was aborted (denoland/deno#36786): a create that was done would then meet its own object.
 * Unmarked, the request fails as on Node, and what is to be repeated is repeated by the driver.
 */
function careful<A extends http.Agent>(agent: A): A {
  const { keepSocketAlive, reuseSocket } = agent;
  agent.reuseSocket = function (socket, request) {
    (socket as Socket).off("timeout", destroy).setTimeout(0);
    reuseSocket.call(this, socket, request);
    request.reusedSocket = false;
  };
  agent.keepSocketAlive = function (kept) {
    const socket = kept as Socket;
    const keep: unknown = keepSocketAlive.call(this, socket);
    const idleMs = Math.min(IDLE_MS, toldIdleMs(socket) - IDLE_MARGIN_MS);
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
 * The runtime reads all root certificates for each new connection, which takes longer than a handshake, and passes over
 * some that its environment names: here once.
 */
function trusting(agent: https.Agent, options: ConnectionOptions): https.Agent {
  let trust: tls.SecureContext | undefined;
  const { createConnection } = agent;
  agent.createConnection = function (connection, callback) {
    const secureContext = trust ??= createTrust(options);
    const secure = { ...connection, secureContext } as typeof connection;
    return createConnection.call(this, secure, callback);
  };
  return agent;
}

function createTrust({ ca, system }: ConnectionOptions): tls.SecureContext {
  if (ca === undefined) return tls.createSecureContext();
  const { getCACertificates } = tls as { getCACertificates?: (type: "default") => string[] };
  const usual = getCACertificates?.("default") ?? tls.rootCertificates;
  // Given some, `createSecureContext` forgets all others.
  return tls.createSecureContext({
    ca: [...usual, ...certificatesOf("DENO_CERT", system), ...[ca].flat()],
  });
}

/** How long the server keeps a connection that is not used, as its last reply said (`Keep-Alive: timeout=5`). */
function toldIdleMs(socket: Socket): number {
  const { _httpMessage: last } = socket as { _httpMessage?: { res?: http.IncomingMessage } };
  const told = /(?:^|[ ,])timeout=(\d+)/.exec(String(last?.res?.headers["keep-alive"] ?? ""));
  return told === null ? Infinity : Number(told[1]) * 1000;
}

function certificatesOf(name: string, system: Pick<System, "env">): string[] {
  const file = system.env(name) ?? "";
  if (file === "") return [];
  try {
    return [readFileSync(file, "utf8")];
  } catch (cause) {
    throw fault({
      code: "Invalid",
      action: "connect",
      state: `the file of certificates that ${name} names cannot be read`,
      hint: `Let ${name} name a file of certificates in PEM, and allow the program to read it.`,
      cause,
    });
  }
}

/** Throws `Invalid` for what cannot be certificates. */
export function checkCertificates(ca: unknown): void {
  const texts = [ca].flat();
  if (
    ca === undefined ||
    texts.every((text) => typeof text === "string" && text.includes("BEGIN CERTIFICATE"))
  ) return;
  throw fault({
    code: "Invalid",
    action: "use this store",
    state: "ca is no certificate",
    hint:
      "Give certificates as text in PEM, which begins with -----BEGIN CERTIFICATE-----; not the name of a file.",
  });
}

/** {@linkcode UNTRUSTED_HINT} for the code that says so; undefined for any other failure. */
export function untrustedHint(code: unknown): string | undefined {
  return typeof code === "string" && UNTRUSTED.has(code) ? UNTRUSTED_HINT : undefined;
}

const UNTRUSTED = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "CERT_UNTRUSTED",
]);
/** What to do where the certificate of a server is not trusted. */
export const UNTRUSTED_HINT =
  "Trust its authority: pass its certificate as the option ca, name its file in " +
  "NODE_EXTRA_CA_CERTS or DENO_CERT (a file in PEM that is there: another is passed over), or take the system's authorities with DENO_TLS_CA_STORE=mozilla,system.";
