// The JSON API of the strict fake: what each request does. A parameter that the real store does not
// know for a call is 400 here, so that a typing error does not pass for a condition.
import type { SeenRequest } from "./faults.ts";
import { GcsFailure } from "./gcs_failure.ts";
import { listPage } from "./listing.ts";
import { multipartObject } from "./multipart.ts";
import { checkConditions, missingObject } from "./object_store.ts";
import type { Conditions, ObjectStore, StoredGeneration } from "./object_store.ts";
import { objectResource, onlyFields } from "./resource.ts";
import { sendToSession, type Session, sumsIn } from "./upload_sessions.ts";

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: Uint8Array | string;
}

export interface FakeState {
  readonly buckets: Map<string, ObjectStore>;
  readonly sessions: Map<string, Session>;
  /** Rewrites that take several calls: bytes done, by token. */
  readonly rewrites: Map<string, number>;
  makeBucket(name: string): void;
  newId(): string;
  readonly pageSize: number;
  readonly rewriteBytes: number;
  readonly sparseDownloads: boolean;
}

const CONDITIONS = [
  "ifGenerationMatch",
  "ifGenerationNotMatch",
  "ifMetagenerationMatch",
  "ifMetagenerationNotMatch",
];
const SOURCE_CONDITIONS = CONDITIONS.map((name) => name.replace("if", "ifSource"));
const PROPERTIES = ["contentType", "metadata", "storageClass", "cacheControl"];

export function answer(state: FakeState, request: SeenRequest): Answer {
  const { method, path } = request;
  const parts = path.split("/").map(decodeURIComponent);
  if (path === "/storage/v1/b" && method === "POST") return createBucket(state, request);
  const upload = parts[1] === "upload";
  const [, , , b, bucket, o, name, action, , destination, , destinationName] = upload
    ? parts.slice(1)
    : parts;
  if (b !== "b" || o !== "o") throw new GcsFailure(404, "notFound", "Not Found");
  const store = state.buckets.get(bucket);
  if (store === undefined) {
    throw new GcsFailure(404, "notFound", "The specified bucket does not exist.");
  }
  const target = { state, store, bucket, request };
  if (upload) return insert(target);
  if (name === undefined) return list(target);
  if (action === "rewriteTo" && method === "POST") {
    return rewrite(target, name, { destination, destinationName });
  }
  if (method === "GET") return read(target, name);
  if (method === "PATCH") return patch(target, name);
  if (method === "DELETE") {
    know(request, "generation", ...CONDITIONS);
    store.remove(name, numberIn(request, "generation"), conditionsIn(request));
    return { status: 204 };
  }
  throw new GcsFailure(405, "methodNotAllowed", "Method Not Allowed");
}

interface Target {
  state: FakeState;
  store: ObjectStore;
  bucket: string;
  request: SeenRequest;
}

function createBucket(state: FakeState, request: SeenRequest): Answer {
  know(request, "project", "predefinedAcl");
  if (!request.query.get("project")) {
    throw new GcsFailure(400, "required", "Required parameter: project");
  }
  const { name } = JSON.parse(new TextDecoder().decode(request.body));
  if (state.buckets.has(name)) {
    throw new GcsFailure(409, "conflict", "You already own this bucket.");
  }
  state.makeBucket(name);
  return { status: 200, body: JSON.stringify({ kind: "storage#bucket", name }) };
}

function list({ state, store, bucket, request }: Target): Answer {
  know(
    request,
    "prefix",
    "delimiter",
    "startOffset",
    "endOffset",
    "maxResults",
    "pageToken",
    "versions",
  );
  const { query } = request;
  const maxResults = Math.min(numberIn(request, "maxResults") ?? 1000, state.pageSize);
  if (maxResults < 1) throw new GcsFailure(400, "invalid", "Invalid maxResults");
  const page = listPage(store, {
    prefix: query.get("prefix") ?? "",
    delimiter: query.get("delimiter"),
    startOffset: query.get("startOffset") ?? "",
    endOffset: query.get("endOffset"),
    maxResults,
    pageToken: query.get("pageToken"),
  });
  const items = page.items.map((object) => objectResource(bucket, object));
  return json(request, {
    kind: "storage#objects",
    ...(items.length > 0 ? { items } : {}),
    ...(page.prefixes.length > 0 ? { prefixes: page.prefixes } : {}),
    nextPageToken: page.nextPageToken,
  });
}

function read({ state, store, bucket, request }: Target, name: string): Answer {
  know(request, "alt", "generation", ...CONDITIONS);
  const object = store.find(name, numberIn(request, "generation"));
  if (object === undefined) throw missingObject(name);
  checkConditions(object, conditionsIn(request));
  if (request.query.get("alt") !== "media") return json(request, objectResource(bucket, object));
  return media(object, request, state.sparseDownloads);
}

/** The bytes of an object, or a range of them. */
export function media(
  { bytes, updated, ...object }: StoredGeneration,
  request: SeenRequest,
  sparse = false,
): Answer {
  const size = bytes.byteLength;
  const headers: Record<string, string> = {
    "content-type": String(object.properties.contentType ?? "application/octet-stream"),
    "x-goog-generation": String(object.generation),
    "x-goog-metageneration": String(object.metageneration),
    "x-goog-hash": `crc32c=${object.crc32c},md5=${object.md5Hash}`,
    "x-goog-stored-content-length": String(size),
    "x-goog-stored-content-encoding": String(object.properties.contentEncoding ?? "identity"),
    ...(sparse ? {} : { "last-modified": new Date(updated).toUTCString() }),
  };
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  if (range === null) return { status: 200, headers, body: bytes };
  const [start, end] = [
    Number(range[1]),
    range[2] === "" ? size : Math.min(size, Number(range[2]) + 1),
  ];
  if (start >= end) {
    return { status: 416, headers: { "content-range": `bytes */${size}` }, body: "InvalidRange" };
  }
  headers["content-range"] = `bytes ${start}-${end - 1}/${size}`;
  return { status: 206, headers, body: bytes.subarray(start, end) };
}

function patch({ store, bucket, request }: Target, name: string): Answer {
  know(request, ...CONDITIONS);
  const properties = propertiesIn(JSON.parse(new TextDecoder().decode(request.body)));
  return json(
    request,
    objectResource(bucket, store.patch(name, properties, conditionsIn(request))),
  );
}

function rewrite(
  { state, store, bucket, request }: Target,
  name: string,
  to: { destination: string; destinationName: string },
): Answer {
  know(
    request,
    "rewriteToken",
    "destinationKmsKeyName",
    "destinationPredefinedAcl",
    ...CONDITIONS,
    ...SOURCE_CONDITIONS,
  );
  const from = store.find(name);
  const into = state.buckets.get(to.destination);
  if (from === undefined) throw missingObject(name);
  if (into === undefined) {
    throw new GcsFailure(404, "notFound", "The specified bucket does not exist.");
  }
  checkConditions(from, conditionsIn(request, "ifSource"));
  checkConditions(into.find(to.destinationName), conditionsIn(request));
  const token = request.query.get("rewriteToken");
  const before = token === undefined ? 0 : state.rewrites.get(token);
  if (before === undefined) throw new GcsFailure(400, "invalid", "Invalid rewrite token");
  const done = before + state.rewriteBytes;
  if (done < from.bytes.byteLength) {
    const rewriteToken = state.newId();
    state.rewrites.set(rewriteToken, done);
    return json(request, { kind: "storage#rewriteResponse", done: false, rewriteToken });
  }
  const { bytes, properties } = from;
  const copy = into.insert({ name: to.destinationName, bytes, properties }, conditionsIn(request));
  return json(request, {
    kind: "storage#rewriteResponse",
    done: true,
    resource: objectResource(bucket, copy),
  });
}

function insert({ state, store, bucket, request }: Target): Answer {
  const { query, headers, body } = request;
  know(
    request,
    "uploadType",
    "name",
    "upload_id",
    "predefinedAcl",
    "kmsKeyName",
    "contentEncoding",
    ...CONDITIONS,
  );
  const conditions = conditionsIn(request);
  const { kmsKeyName, predefinedAcl } = Object.fromEntries(query);
  const given = { ...(kmsKeyName && { kmsKeyName }), ...(predefinedAcl && { predefinedAcl }) };
  const name = query.get("name");
  const uploadType = query.get("uploadType");
  if (uploadType === "media") {
    if (name === undefined) throw new GcsFailure(400, "required", "Required: name");
    const properties = { contentType: headers["content-type"], ...given };
    const object = store.insert({
      name,
      bytes: body,
      properties,
      ...sumsIn(headers["x-goog-hash"]),
    }, conditions);
    return json(request, objectResource(bucket, object));
  }
  if (uploadType === "multipart") {
    const { resource, bytes, contentType } = multipartObject(headers["content-type"], body);
    const properties = { contentType, ...propertiesIn(resource), ...given };
    const object = {
      name: name ?? String(resource.name),
      bytes,
      properties,
      ...checksumsIn(resource),
    };
    return json(request, objectResource(bucket, store.insert(object, conditions)));
  }
  if (uploadType !== "resumable") {
    throw new GcsFailure(400, "badRequest", `Unknown uploadType ${uploadType}`);
  }
  const resource = body.byteLength === 0 ? {} : JSON.parse(new TextDecoder().decode(body));
  const object = {
    name: name ?? resource.name,
    properties: { ...propertiesIn(resource), ...given },
    ...checksumsIn(resource),
  };
  checkConditions(store.find(object.name), conditions);
  const length = headers["x-upload-content-length"];
  const id = state.newId();
  state.sessions.set(id, {
    object,
    conditions,
    size: length === undefined ? undefined : Number(length),
    pieces: [],
    received: 0,
  });
  const location =
    `http://${headers.host}/upload/storage/v1/b/${bucket}/o?uploadType=resumable&upload_id=${id}`;
  return { status: 200, headers: { location, "x-guploader-uploadid": id } };
}

export function answerSession(
  state: FakeState,
  id: string,
  request: SeenRequest,
  keepBytes?: number,
): Answer {
  const session = state.sessions.get(id);
  const [, , , , , bucket] = request.path.split("/");
  if (session === undefined) throw new GcsFailure(410, "gone", "No such upload");
  if (request.method === "DELETE") {
    state.sessions.delete(id);
    return { status: 499 };
  }
  const { headers, body } = request;
  const sent = sendToSession(state.buckets.get(bucket)!, session, {
    contentRange: headers["content-range"] ?? `bytes 0-${body.byteLength - 1}/${body.byteLength}`,
    hash: headers["x-goog-hash"],
    body,
    keepBytes,
  });
  if ("object" in sent) return json(request, objectResource(bucket, sent.object));
  return {
    status: 308,
    headers: sent.received === 0 ? {} : { range: `bytes=0-${sent.received - 1}` },
  };
}

function json(request: SeenRequest, value: unknown): Answer {
  const body = JSON.stringify(onlyFields(value, request.query.get("fields")));
  return { status: 200, headers: { "content-type": "application/json; charset=UTF-8" }, body };
}

function know({ query }: SeenRequest, ...names: string[]): void {
  for (const name of query.keys()) {
    if (![...names, "fields", "prettyPrint", "userProject"].includes(name)) {
      throw new GcsFailure(400, "invalidParameter", `Unknown parameter ${name}`);
    }
  }
}

function conditionsIn(request: SeenRequest, beginning = "if"): Conditions {
  const entries = CONDITIONS.map((name) =>
    [name, numberIn(request, name.replace("if", beginning))] as const
  );
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function numberIn({ query }: SeenRequest, name: string): number | undefined {
  const text = query.get(name);
  if (text === undefined) return undefined;
  if (!/^\d+$/.test(text)) {
    throw new GcsFailure(400, "invalidParameter", `Invalid ${name}: ${text}`);
  }
  return Number(text);
}

function propertiesIn(resource: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    PROPERTIES.flatMap((name) => resource[name] === undefined ? [] : [[name, resource[name]]]),
  );
}

function checksumsIn(
  { crc32c, md5Hash }: Record<string, unknown>,
): { crc32c?: string; md5Hash?: string } {
  return {
    ...(crc32c ? { crc32c: String(crc32c) } : {}),
    ...(md5Hash ? { md5Hash: String(md5Hash) } : {}),
  };
}
