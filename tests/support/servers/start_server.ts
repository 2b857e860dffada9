// A real object store as a process of its own, on loopback, with its data in a temporary folder.
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { get as getPlain } from "node:http";
import { get as getOverTls } from "node:https";
import { type TempRoot, tempRoot } from "../temp_root.ts";
import { findServer } from "./find_server.ts";
import { type ClaimedPort, claimPort, isFree } from "./ports.ts";
import {
  ACCESS_KEY,
  BUCKET,
  REGION,
  SECRET_KEY,
  type ServerKind,
  type ServerPlace,
  SERVERS,
} from "./server_kinds.ts";
import { spawnWatched, untilReady, type WatchedProgram } from "./watched_program.ts";

export interface RunningServer extends AsyncDisposable {
  readonly kind: ServerKind;
  readonly protocol: "s3" | "gcs";
  readonly endpoint: string;
  readonly port: number;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
  readonly ca?: string;
  readonly data: string;
  readonly pid: number;
  kill(): Promise<void>;
  restart(): Promise<void>;
  log(): Promise<string>;
}

export interface StartServerOptions {
  /** The binary. @default where it is installed */
  binary?: string;
  /** The port. @default a free one */
  port?: number;
  /** How long it may take until it answers, milliseconds. @default 120000 */
  readyWithinMs?: number;
  /** A folder with `authority.pem`, `server.pem` and `server_key.pem`, for servers that support TLS. @default plain HTTP */
  tls?: string;
}

const STARTS = 5;
const TAKEN = /already in use|another program has port/i;

/** Starts a server of that kind. Throws if it is not installed, or with its output if it does not become ready. */
export async function startServer(
  kind: ServerKind,
  options: StartServerOptions = {},
): Promise<RunningServer> {
  const { binary = findServer(kind), readyWithinMs = 120_000, tls } = options;
  if (binary === undefined) {
    throw new Error(
      `Cannot start ${kind}: it is not installed; deno task servers --install installs it`,
    );
  }
  if (tls !== undefined && SERVERS[kind].tlsArgs === undefined) {
    throw new Error(`Cannot start ${kind}: it speaks no TLS here`);
  }
  const ca = tls === undefined ? undefined : await readFile(`${tls}/authority.pem`, "utf8");
  for (let start = 1;; start++) {
    const root = await tempRoot();
    const claim = options.port === undefined ? await claimPort() : undefined;
    const certificates = tls === undefined ? undefined : root.join("certificates");
    const place = { port: claim?.port ?? options.port!, data: root.join("data"), certificates };
    const server = createRunningServer({ kind, binary, place, root, claim, readyWithinMs, ca });
    try {
      if (certificates !== undefined) await copyCertificates(tls!, certificates);
      await mkdir(place.data);
      if (SERVERS[kind].bucketFolders) await mkdir(`${place.data}/${BUCKET}`);
      await server.restart();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      if (claim === undefined || start === STARTS || !TAKEN.test(String(error))) throw error;
    }
  }
}

interface ServerStart {
  kind: ServerKind;
  binary: string;
  place: ServerPlace;
  root: TempRoot;
  claim?: ClaimedPort;
  readyWithinMs: number;
  ca?: string;
}

async function copyCertificates(from: string, to: string): Promise<void> {
  await mkdir(to);
  await copyFile(`${from}/server.pem`, `${to}/public.crt`);
  await copyFile(`${from}/server_key.pem`, `${to}/private.key`);
}

function createRunningServer(
  { kind, binary, place, root, claim, readyWithinMs, ca }: ServerStart,
): RunningServer {
  const row = SERVERS[kind];
  const tlsArgs = place.certificates === undefined ? [] : row.tlsArgs!(place.certificates);
  const endpoint = `${ca === undefined ? "http" : "https"}://127.0.0.1:${place.port}`;
  const logFile = root.join("log");
  let running: WatchedProgram | undefined;
  const log = () => readFile(logFile, "utf8").catch(() => "");
  const kill = async () => {
    await running?.end();
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
      if (!await isFree(place.port)) {
        throw new Error(`Cannot start ${kind}: another program has port ${place.port}`);
      }
      running = spawnWatched([binary, ...row.args(place), ...tlsArgs], {
        root: root.path,
        logFile,
        env: row.env,
      });
      try {
        const isReady = () => answers(endpoint + row.ready, ca);
        await untilReady(running, isReady, { name: kind, logFile, withinMs: readyWithinMs });
        if (row.bucketRequest !== undefined) await makeBucket(endpoint, row.bucketRequest);
      } catch (error) {
        await kill();
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await root.remove();
      claim?.release();
    },
  };
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

async function makeBucket(
  endpoint: string,
  { path, body }: { path: string; body: string },
): Promise<void> {
  const made = await fetch(endpoint + path, {
    method: "POST",
    body,
    headers: { "content-type": "application/json" },
  });
  const said = await made.text();
  if (!made.ok && made.status !== 409) {
    throw new Error(`Cannot make a bucket at ${endpoint}: ${made.status} ${said}`);
  }
}
