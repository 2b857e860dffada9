/**
 * A real object store as a process of its own, on loopback, with its data in a temporary folder.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { get as getPlain } from "node:http";
import { get as getOverTls } from "node:https";
import { createServer } from "node:net";
import { realSystem } from "../../../core/system.ts";
import { type TempRoot, tempRoot } from "../temp_root.ts";
import { findServer } from "./find_server.ts";
import {
  ACCESS_KEY,
  BUCKET,
  REGION,
  SECRET_KEY,
  type ServerKind,
  type ServerPlace,
  type ServerRow,
  SERVERS,
} from "./server_kinds.ts";

/** A server that answers. */
export interface RunningServer extends AsyncDisposable {
  /** Which it is. */
  readonly kind: ServerKind;
  /** What it speaks. */
  readonly protocol: "s3" | "gcs";
  /** Its base URL, without a slash at the end. */
  readonly endpoint: string;
  /** The port on 127.0.0.1. */
  readonly port: number;
  /** A bucket that is there from the start; give each test a prefix of its own. */
  readonly bucket: string;
  /** The user; nobody looks at it on `fake-gcs` and `gofakes3`. */
  readonly accessKey: string;
  /** The secret. */
  readonly secretKey: string;
  /** The region of the bucket. */
  readonly region: string;
  /** The authority (PEM) of its certificate, where it speaks TLS. */
  readonly ca?: string;
  /** The folder with its data. */
  readonly data: string;
  /** Its process. */
  readonly pid: number;
  /** Ends it with SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again, killing it before if need be: same port, same data. */
  restart(): Promise<void>;
  /** What it wrote to its output and error output, of all starts. */
  log(): Promise<string>;
}

/** Options of {@linkcode startServer}. */
export interface StartServerOptions {
  /** The binary. @default where it is installed */
  binary?: string;
  /** The port. @default a free one */
  port?: number;
  /** How long it may take until it answers, milliseconds. @default 30000 */
  readyWithinMs?: number;
  /** It speaks TLS, which not all do, with what this folder has: `authority.pem`, `server.pem`, `server_key.pem`. @default plain HTTP */
  tls?: string;
}

/** Below the ports that connections get: a client that calls a dead server must never reach itself. */
const FIRST_PORT = 20_000;
const PORTS = 12_000;
const STARTS = 5;
const POLL_MS = 10;

/** Starts a server of that kind. Throws where it is not installed, and with what it said where it does not get ready. */
export async function startServer(kind: ServerKind, options: StartServerOptions = {}): Promise<RunningServer> {
  const { binary = findServer(kind), readyWithinMs = 30_000, tls } = options;
  if (binary === undefined) {
    throw new Error(`Cannot start ${kind}: it is not installed; deno task servers --install installs it`);
  }
  if (tls !== undefined && SERVERS[kind].tlsArgs === undefined) {
    throw new Error(`Cannot start ${kind}: it speaks no TLS here`);
  }
  const ca = tls === undefined ? undefined : await readFile(`${tls}/authority.pem`, "utf8");
  for (let start = 1;; start++) {
    const root = await tempRoot();
    const place = { port: options.port ?? await freePort(), data: root.join("data") };
    const certificates = tls === undefined ? undefined : root.join("certificates");
    const server = createRunningServer({ kind, binary, place: { ...place, certificates }, root, readyWithinMs, ca });
    try {
      if (certificates !== undefined) await copyCertificates(tls!, certificates);
      await mkdir(place.data);
      if (SERVERS[kind].bucketFolders) await mkdir(`${place.data}/${BUCKET}`);
      await server.restart();
      return server;
    } catch (error) {
      const taken = /address already in use/i.test(await server.log());
      await server[Symbol.asyncDispose]();
      if (!taken || options.port !== undefined || start === STARTS) throw error;
    }
  }
}

interface ServerStart {
  kind: ServerKind;
  binary: string;
  place: ServerPlace;
  root: TempRoot;
  readyWithinMs: number;
  ca?: string;
}

/** Under the names that servers look for. */
async function copyCertificates(from: string, to: string): Promise<void> {
  await mkdir(to);
  await copyFile(`${from}/server.pem`, `${to}/public.crt`);
  await copyFile(`${from}/server_key.pem`, `${to}/private.key`);
}

function createRunningServer({ kind, binary, place, root, readyWithinMs, ca }: ServerStart): RunningServer {
  const row = SERVERS[kind];
  const endpoint = `${ca === undefined ? "http" : "https"}://127.0.0.1:${place.port}`;
  const logFile = root.join("log");
  let running: Watched | undefined;
  const log = () => readFile(logFile, "utf8").catch(() => "");
  const kill = async () => {
    await running?.kill();
    running = undefined;
  };
  return {
    kind,
    protocol: row.protocol,
    endpoint,
    port: place.port,
    bucket: BUCKET,
    accessKey: ACCESS_KEY,
    secretKey: SECRET_KEY,
    region: REGION,
    ca,
    data: place.data,
    get pid() {
      return running?.pid ?? 0;
    },
    log,
    kill,
    async restart() {
      await kill();
      if (!await isFree(place.port)) throw new Error(`Cannot start ${kind}: another program has port ${place.port}`);
      running = spawnWatched(binary, row, place, { root: root.path, logFile });
      const problem = await readiness(running, { endpoint, ca }, row, readyWithinMs);
      if (problem === undefined) return;
      await kill();
      throw new Error(`Cannot start ${kind}: ${problem}\n${(await log()).slice(-2_000)}`);
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await root.remove();
    },
  };
}

interface Watched {
  pid: number;
  ended: Promise<string>;
  hasEnded(): boolean;
  kill(): Promise<void>;
}

/**
 * Starts the server, and beside it a shell that waits for the end of its input: it comes when this process is gone,
 * however it went, and then the shell kills the server and removes its folder.
 */
function spawnWatched(
  binary: string,
  row: ServerRow,
  place: ServerPlace,
  paths: { root: string; logFile: string },
): Watched {
  const tlsArgs = place.certificates === undefined ? [] : row.tlsArgs!(place.certificates);
  const variables = Object.entries(row.env ?? {}).map(([name, value]) => `${name}=${value}`);
  const command = ["env", ...variables, binary, ...row.args(place), ...tlsArgs];
  const logged = ["-c", 'exec "$@" >>"$0" 2>&1', paths.logFile, ...command];
  const child = spawn("sh", logged, { stdio: "ignore", cwd: paths.root });
  const pid = child.pid!;
  const clean = 'trap "" INT TERM HUP; read -r line || { kill -9 "$1"; sleep 0.1; rm -rf "$2"; }';
  const watchdog = spawn("sh", ["-c", clean, "sh", String(pid), paths.root], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true, // else it is killed with this process
  });
  let over = false;
  const ended = endOf(child).then((how) => {
    over = true;
    return how;
  });
  return {
    pid,
    ended,
    hasEnded: () => over,
    async kill() {
      child.kill("SIGKILL");
      await ended;
      const dismissed = endOf(watchdog);
      watchdog.stdin!.end("done\n");
      await dismissed;
    },
  };
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve(`code ${child.exitCode}`);
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `code ${code}`));
  });
}

/** Undefined once the server answers, else what keeps it from doing so. */
async function readiness(
  server: Watched,
  { endpoint, ca }: { endpoint: string; ca?: string },
  row: ServerRow,
  withinMs: number,
): Promise<string | undefined> {
  const startedAt = realSystem.monotonic();
  while (!await answers(endpoint + row.ready, ca)) {
    if (server.hasEnded()) return `it ended with ${await server.ended}`;
    if (realSystem.monotonic() - startedAt > withinMs) return `it did not answer within ${withinMs} ms`;
    await realSystem.sleep(POLL_MS);
  }
  if (row.bucketRequest === undefined) return undefined;
  const { path, body } = row.bucketRequest;
  const made = await fetch(endpoint + path, { method: "POST", body, headers: { "content-type": "application/json" } });
  const said = await made.text();
  return made.ok || made.status === 409 ? undefined : `it made no bucket: ${made.status} ${said}`;
}

function answers(url: string, ca?: string): Promise<boolean> {
  return new Promise((resolve) => {
    const get = ca === undefined ? getPlain : getOverTls;
    const request = get(url, { ca, agent: false, signal: AbortSignal.timeout(2_000) }, (reply) => {
      reply.resume();
      resolve(reply.statusCode! < 400);
    });
    request.once("error", () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(realSystem.random() * PORTS);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const listener = createServer();
    listener.once("error", () => resolve(false));
    listener.listen(port, "127.0.0.1", () => listener.close(() => resolve(true)));
  });
}
