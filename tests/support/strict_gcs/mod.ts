// A Google Cloud Storage of our own, in memory, for what the public emulators do not do: it honours
// every condition on every call, checks every checksum, and fails on request.
//
// @example
// ```ts ignore
// await using fake = await startStrictGcs();
// fake.faults.add({ method: "POST", url: /uploadType=multipart/ }, "cut-after");
// const backend = createGcsBackend({ endpoint: fake.endpoint, bucket: fake.bucket });
// ```
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { realSystem, type System } from "../../../core/system.ts";
import { createFaultScript, type FaultScript, type SeenRequest } from "./faults.ts";
import { GcsFailure } from "./gcs_failure.ts";
import { createObjectStore, missingObject, type ObjectStore } from "./object_store.ts";
import { type Answer, answer, answerSession, type FakeState, media } from "./routes.ts";
import { checkSignature, type Signers } from "./signed_url.ts";

export type { Fault, FaultMatch, FaultScript, SeenRequest } from "./faults.ts";
export type { ObjectStore, StoredGeneration } from "./object_store.ts";

export interface StrictGcsOptions {
  /** The bucket that is there from the start; null for none. @default "strict" */
  bucket?: string | null;
  /** Keeps replaced and removed generations readable. @default false */
  versioned?: boolean;
  /** The only token that is accepted; requests without it get 401. @default any, or none */
  token?: string;
  /** Keys that may sign URLs. @default {} */
  signers?: Signers;
  /** Most entries of a page. @default 1000 */
  pageSize?: number;
  /** Bytes that one call of a rewrite copies. @default all */
  rewriteBytes?: number;
  /** Omits the time from the headers of downloads. @default false */
  sparseDownloads?: boolean;
  onStall?(): void;
  system?: System;
}

export interface StrictGcs extends AsyncDisposable {
  readonly endpoint: string;
  readonly bucket: string;
  readonly faults: FaultScript;
  readonly requests: SeenRequest[];
  openSessions(): number;
  objects(bucket?: string): ObjectStore;
  setToken(token: string | undefined): void;
}

/** Starts a fake on a free port of 127.0.0.1. */
export async function startStrictGcs(options: StrictGcsOptions = {}): Promise<StrictGcs> {
  const { versioned = false, signers = {}, onStall = () => {}, system = realSystem } = options;
  const { pageSize = 1000, rewriteBytes = Infinity, sparseDownloads = false } = options;
  const bucket = options.bucket === undefined ? "strict" : options.bucket;
  const buckets = new Map<string, ObjectStore>();
  const makeBucket = (name: string) =>
    void buckets.set(name, createObjectStore({ system, versioned }));
  if (bucket !== null) makeBucket(bucket);
  const state: FakeState = {
    buckets,
    sessions: new Map(),
    rewrites: new Map(),
    makeBucket,
    newId: () => system.id(),
    pageSize,
    rewriteBytes,
    sparseDownloads,
  };
  const faults = createFaultScript();
  const requests: SeenRequest[] = [];
  const sockets = new Map<Socket, number>();
  let { token } = options;
  let connections = 0;

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { request, rawQuery } = await readRequest(incoming, sockets.get(incoming.socket) ?? 0);
    requests.push(request);
    const url = incoming.url!;
    const fault = faults.take({ method: request.method, url, headers: request.headers });
    if (typeof fault === "function") await fault(request);
    if (fault === "stall") return onStall();
    if (fault === "cut") return void incoming.socket.destroy();
    const reply = attempt(() => {
      if (typeof fault !== "object") return dispatch(request, rawQuery);
      if ("keepBytes" in fault) return dispatch(request, rawQuery, fault.keepBytes);
      throw new GcsFailure(fault.status, fault.reason ?? "scripted", fault.message ?? "");
    });
    if (fault === "stall-after") return onStall();
    if (fault === "cut-after") return void incoming.socket.destroy();
    const sent = fault === "fail-after"
      ? failed(new GcsFailure(503, "backendError", "Backend Error"))
      : reply;
    request.status = sent.status;
    const body = typeof sent.body === "string"
      ? new TextEncoder().encode(sent.body)
      : sent.body ?? new Uint8Array();
    response.writeHead(sent.status, { ...sent.headers, "content-length": String(body.byteLength) });
    if (fault !== "cut-body") return void response.end(body);
    response.write(body.subarray(0, body.byteLength >> 1), () => incoming.socket.destroy());
  }

  function dispatch(request: SeenRequest, rawQuery: string, keepBytes?: number): Answer {
    const id = request.query.get("upload_id");
    if (id !== undefined && request.method !== "POST") {
      return answerSession(state, id, request, keepBytes);
    }
    if (request.query.has("X-Goog-Algorithm")) return signed(request, rawQuery);
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      throw new GcsFailure(
        401,
        "authError",
        `Invalid Credentials: ${request.headers.authorization}`,
      );
    }
    return answer(state, request);
  }

  function signed(request: SeenRequest, rawQuery: string): Answer {
    checkSignature(request, rawQuery, signers, system.now());
    const [, bucket, ...rest] = request.path.split("/").map(decodeURIComponent);
    const [store, name] = [buckets.get(bucket), rest.join("/")];
    if (store === undefined) {
      throw new GcsFailure(404, "NoSuchBucket", "The specified bucket does not exist.");
    }
    if (request.method === "PUT") {
      store.insert({
        name,
        bytes: request.body,
        properties: { contentType: request.headers["content-type"] },
      }, {});
      return { status: 200 };
    }
    const object = store.find(name);
    if (object === undefined) throw missingObject(name);
    const found = media(object, request);
    const disposition = request.query.get("response-content-disposition");
    return {
      ...found,
      headers: { ...found.headers, ...(disposition && { "content-disposition": disposition }) },
    };
  }

  const server = createServer((incoming, response) => {
    serve(incoming, response).catch(() => incoming.socket.destroy()); // the client went away
  });
  server.on("connection", (socket: Socket) => {
    sockets.set(socket, ++connections);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    endpoint,
    bucket: bucket ?? "strict",
    faults,
    requests,
    openSessions: () =>
      [...state.sessions.values()].filter(({ done }) => done === undefined).length,
    objects: (name = bucket ?? "strict") => buckets.get(name)!,
    setToken: (now) => void (token = now),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets.keys()) socket.destroy();
      await closed;
    },
  };
}

async function readRequest(
  incoming: IncomingMessage,
  connection: number,
): Promise<{ request: SeenRequest; rawQuery: string }> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const [path, rawQuery = ""] = incoming.url!.split("?", 2);
  const pairs = rawQuery === ""
    ? []
    : rawQuery.split("&").map((pair) => pair.split("=", 2).map(decodeURIComponent));
  const request: SeenRequest = {
    method: incoming.method!,
    path,
    query: new Map(pairs as [string, string][]),
    headers: incoming.headers as Record<string, string>,
    body: concatBytes(chunks),
    connection,
    status: 0,
  };
  return { request, rawQuery };
}

function attempt(action: () => Answer): Answer {
  try {
    return action();
  } catch (error) {
    return failed(
      error instanceof GcsFailure ? error : new GcsFailure(500, "internalError", String(error)),
    );
  }
}

function failed(failure: GcsFailure): Answer {
  return {
    status: failure.status,
    headers: { "content-type": "application/json" },
    body: failure.body(),
  };
}
