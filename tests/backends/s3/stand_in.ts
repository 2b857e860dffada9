// A store of which a test writes every reply, and which keeps every request.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { createS3Backend, type S3BackendOptions } from "../../../backends/s3.ts";
import { type HeldTimers, holdTimers } from "../../support/held_timers.ts";
import { createScriptedSystem, type ScriptedSystem } from "../../support/scripted_system.ts";
import { withoutHanging } from "../../support/without_hanging.ts";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import type { Backend } from "../../../core/backend.ts";
import type { RegistryError } from "../../../core/errors.ts";

/** A request as it came. */
export interface StandInRequest {
  /** Method and URL: `PUT /bucket/key?x=1`. */
  line: string;
  /** Path without query. */
  path: string;
  /** The query. */
  query: URLSearchParams;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** Its body. */
  body: Uint8Array;
}

/**
 * A reply. After any `body`, `cut` closes the connection and `stall` leaves it open. `timeout` also
 * leaves it open, and the client's time limit passes at once; with `silence` when it has read the
 * body.
 */
export interface StandInReply {
  /** HTTP status. @default 200 */
  status?: number;
  /** Headers. */
  headers?: Record<string, string>;
  /** Body. */
  body?: string | Uint8Array;
  /** Ends the connection before the reply is whole. */
  end?: "cut" | "stall" | "timeout" | "silence";
}

/** A stand-in and a backend over it. */
export interface StandIn extends AsyncDisposable {
  /** Over this server. */
  readonly backend: Backend;
  /** The time and randomness of the backend. */
  readonly system: ScriptedSystem;
  /** The received requests. */
  readonly requests: StandInRequest[];
  /** The request lines, without `x-id`. */
  lines(): string[];
  /** Ends the time of every request that is not answered yet; by itself it never ends. */
  passTimeouts(): void;
  /** Base URL. */
  readonly endpoint: string;
}

/** The secrets of the backend of a stand-in. */
export const SECRETS = {
  accessKeyId: "access-key-of-test",
  secretAccessKey: "very-secret-key",
  sessionToken: "hidden-token",
};

/** The time limit of a request. */
const TIMEOUT_MS = 4_321;

type Answer = (request: StandInRequest, index: number) => StandInReply | undefined | void;

/** Starts a stand-in that ends with its test. */
export type StartStandIn = (
  answer: Answer,
  options?: Partial<S3BackendOptions>,
) => Promise<StandIn>;

/** Registers a test that starts stand-ins. */
export function standInTest(name: string, run: (start: StartStandIn) => Promise<void>): void {
  Deno.test(name, async () => {
    const started: StandIn[] = [];
    const timers = holdTimers(TIMEOUT_MS);
    try {
      const running = run(async (answer, options) => {
        const store = await startStandIn(answer, timers, options);
        started.push(store);
        return store;
      });
      await withoutHanging("the end of the test", running);
    } finally {
      for (const store of started) await store[Symbol.asyncDispose]();
      timers[Symbol.dispose]();
    }
  });
}

const DATE = "Thu, 01 Jan 2026 00:00:10 GMT";

/** Starts a stand-in. Its default reply is an empty 200, for a PUT with an entity tag. */
async function startStandIn(
  answer: Answer,
  timers: HeldTimers,
  options: Partial<S3BackendOptions> = {},
): Promise<StandIn> {
  const requests: StandInRequest[] = [];
  const sockets = new Set<Socket>();
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const request = await readRequest(incoming);
    const { status = 200, headers = {}, body = "", end } =
      answer(request, requests.push(request) - 1) ?? {};
    const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
    if (end === "timeout") return timers.pass();
    if (end !== undefined && bytes.byteLength === 0) {
      return end === "cut" ? incoming.socket.destroy() : undefined;
    }
    const length = end === undefined ? bytes.byteLength : bytes.byteLength + 1000;
    const isHead = request.line.startsWith("HEAD");
    const stored = request.line.startsWith("PUT") && bytes.byteLength === 0
      ? { etag: '"stored"' }
      : {};
    outgoing.writeHead(status, {
      date: DATE,
      ...(isHead ? { "last-modified": DATE } : { "content-length": length }),
      ...stored,
      ...headers,
    });
    if (end === undefined) return outgoing.end(isHead ? undefined : bytes);
    outgoing.write(bytes, () => {
      if (end === "cut") setImmediate(() => incoming.socket.destroy());
      if (end === "silence") void timers.passAfterReading(incoming.socket);
    });
  };
  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => incoming.socket.destroy()); // the client is gone
  });
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const system = createScriptedSystem();
  const backend = createS3Backend({
    bucket: "bucket",
    provider: "minio",
    endpoint,
    region: "region-1",
    credentials: SECRETS,
    system,
    requestTimeoutMs: TIMEOUT_MS,
    ...options,
  });
  return {
    backend,
    system,
    requests,
    endpoint,
    passTimeouts: timers.pass,
    lines: () => requests.map(({ line }) => line.replace(/[?&]x-id=\w+/, "")),
    async [Symbol.asyncDispose]() {
      await backend[Symbol.asyncDispose]();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<StandInRequest> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const { pathname, searchParams } = new URL(incoming.url!, "http://store");
  return {
    line: `${incoming.method} ${incoming.url}`,
    path: pathname,
    query: searchParams,
    headers: Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
    ),
    body: concatBytes(chunks),
  };
}

/** A refusal as S3 writes it. */
export function refusal(status: number, code: string, more = ""): StandInReply {
  return {
    status,
    headers: { "content-type": "application/xml" },
    body: `<?xml version="1.0"?><Error><Code>${code}</Code>` +
      `<Message>words of the store</Message>${more}</Error>`,
  };
}

/** A reply with a body of XML. */
export function xml(root: string, fields: string): StandInReply {
  const all = root === "ListBucketResult" ? `<Name>bucket</Name>${fields}` : fields;
  return {
    headers: { "content-type": "application/xml" },
    body: `<?xml version="1.0"?><${root}>${all}</${root}>`,
  };
}

/** A page of a listing, complete unless `next` leads on. */
export function listPage(keys: readonly string[], next?: string): StandInReply {
  const about = "<Size>1</Size><LastModified>2026-01-01T00:00:10Z</LastModified>";
  const objects = keys.map((key) => `<Contents><Key>${key}</Key>${about}</Contents>`);
  const token = next === undefined ? "" : `<NextContinuationToken>${next}</NextContinuationToken>`;
  const end = `<IsTruncated>${next !== undefined}</IsTruncated>${token}`;
  return xml("ListBucketResult", objects.join("") + end);
}

/** An object that a stand-in serves, also in ranges. */
export function objectReply(request: StandInRequest, bytes: Uint8Array, etag = "e1"): StandInReply {
  const match = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  const about = { etag: `"${etag}"`, "last-modified": DATE };
  if (match === null) {
    return { headers: { ...about, "content-length": String(bytes.byteLength) }, body: bytes };
  }
  const [start, last] = [Number(match[1]), Math.min(Number(match[2]), bytes.byteLength - 1)];
  if (start >= bytes.byteLength) return refusal(416, "InvalidRange");
  return {
    status: 206,
    headers: { ...about, "content-range": `bytes ${start}-${last}/${bytes.byteLength}` },
    body: bytes.slice(start, last + 1),
  };
}

/** The result or error of a call. */
export function outcomeOf<T>(call: Promise<T>): Promise<T | RegistryError> {
  return call.catch((error: RegistryError) => error);
}

/** The error of a call. Throws if the call succeeds. */
export async function failure(call: Promise<unknown>): Promise<RegistryError> {
  return await call.then(() => {
    throw new Error("it did not fail");
  }, (error) => error);
}
