// Puts: a body of known size in one call, others in equal parts. Creates are always one call: a
// multipart upload cannot be exclusive.
import type { Body, CallOptions, PutOptions, PutResult } from "../../core/backend.ts";
import {
  bodySize,
  bodyStream,
  checkBodySize,
  concatBytes,
  fixedLength,
  forEachChunk,
  otherSize,
  plainBytes,
} from "../../core/bytes/bytes.ts";
import { messageOf, unsupported } from "../../core/errors.ts";
import { eitherSignal } from "../../core/work/until_aborted.ts";
import type { R2Part, R2Settings, R2Upload } from "./binding.ts";
import { infoOf, type R2Store } from "./store.ts";

/** The largest object that R2 takes in one call. */
const MAX_PUT_BYTES = 4.995 * 2 ** 30;
/** Memory for a create of unknown size. Outside Workers, a binding takes no stream of any size. */
const MAX_HELD_BYTES = fixedLength === undefined ? Infinity : 32 * 2 ** 20;
const EXISTS: PutResult = { written: false, reason: "exists" };

interface Upload extends CallOptions {
  key: string;
  name: string;
  size?: number;
  create: boolean;
  settings: R2Settings;
}

export async function putObject(
  store: R2Store,
  key: string,
  body: Body,
  options: PutOptions = {},
): Promise<PutResult> {
  const { mode, size = bodySize(body), contentType, metadata, signal } = options;
  signal?.throwIfAborted();
  checkBodySize(bodySize(body), { size, key, backend: store.options.location });
  const create = mode === "create";
  const upload: Upload = {
    key,
    name: store.nameOf(key),
    size,
    create,
    signal,
    settings: {
      ...(contentType === undefined ? {} : { httpMetadata: { contentType } }),
      ...(metadata === undefined ? {} : { customMetadata: metadata }),
    },
  };
  if (body instanceof Uint8Array) return await putWhole(store, upload, plainBytes(body));
  const stream = bodyStream(body);
  const mayStream = fixedLength !== undefined && size !== undefined && size <= MAX_PUT_BYTES;
  return mayStream && size > store.options.partBytes
    ? await putStream(store, upload, stream, size)
    : await putParts(store, upload, stream);
}

async function putWhole(
  store: R2Store,
  upload: Upload,
  body: Uint8Array | ReadableStream,
): Promise<PutResult> {
  const { key, name, create, settings, signal } = upload;
  const once = create || !(body instanceof Uint8Array);
  // In options, `*` would be a literal tag.
  const onlyIf = create ? { onlyIf: new Headers({ "if-none-match": "*" }) } : {};
  const call = { action: "put", key, writes: true, once, signal };
  return await store.call(call, async (): Promise<PutResult> => {
    const stored = await store.options.bucket.put(name, body, { ...settings, ...onlyIf });
    return stored === null ? EXISTS : { written: true, info: infoOf(key, stored) };
  });
}

/** Passes a stream on in one call, with as many bytes in memory as are on the way. */
async function putStream(
  store: R2Store,
  upload: Upload,
  stream: ReadableStream<Uint8Array>,
  size: number,
): Promise<PutResult> {
  const { readable, writable } = fixedLength!(size);
  const answered = new AbortController(); // maybe before the end of the body
  const signal = eitherSignal(answered.signal, upload.signal);
  const [put, sent] = await Promise.allSettled([
    putWhole(store, upload, readable).finally(() => answered.abort()),
    stream.pipeTo(writable, { signal }),
  ]);
  const ended = sent.status === "rejected" && sent.reason !== answered.signal.reason ? sent : put;
  if (ended.status === "fulfilled") return ended.value;
  const isSize = /FixedLengthStream/.test(messageOf(ended.reason));
  const expected = { size, key: upload.key, backend: store.options.location };
  throw isSize ? otherSize("more or fewer", expected) : ended.reason;
}

/** Sends equal parts, one at a time, or the whole body if it fits into one. */
async function putParts(
  store: R2Store,
  upload: Upload,
  stream: ReadableStream<Uint8Array>,
): Promise<PutResult> {
  const { key, name, size, create, settings, signal } = upload;
  const limit = create ? MAX_HELD_BYTES : store.options.partBytes;
  const call = { action: "put", key, signal };
  const expected = { size, key, backend: store.options.location };
  const parts: R2Part[] = [];
  let started: R2Upload | undefined;
  let waiting: Uint8Array[] = [];
  let [held, received] = [0, 0];
  const send = async () => {
    const multipart = started ??= await store.call(
      call,
      () => store.options.bucket.createMultipartUpload(name, settings),
    );
    const bytes = concatBytes(waiting);
    [waiting, held] = [[], 0];
    const number = parts.length + 1;
    parts.push(await store.call(call, () => multipart.uploadPart(number, bytes)));
    return multipart;
  };
  try {
    await forEachChunk(stream, async (chunk) => {
      received += chunk.byteLength;
      checkBodySize(received, expected, { isRead: false });
      for (let rest = plainBytes(chunk); rest.byteLength > 0;) {
        if (held === limit) { // more follows: the last part is not empty
          if (create) throw tooLarge(store, key, size);
          await send();
        }
        const taken = rest.subarray(0, limit - held);
        waiting.push(taken);
        held += taken.byteLength;
        rest = rest.subarray(taken.byteLength);
      }
    }, signal);
    checkBodySize(received, expected);
    if (started === undefined) return await putWhole(store, upload, concatBytes(waiting));
    const multipart = await send();
    const complete = { ...call, writes: true, once: true };
    const finish = async () => infoOf(key, await multipart.complete(parts));
    return { written: true, info: await store.call(complete, finish) };
  } catch (error) {
    await started?.abort().catch(() => {}); // else R2 removes the parts after seven days
    throw error;
  }
}

function tooLarge(store: R2Store, key: string, size: number | undefined) {
  const state = size === undefined
    ? `the body has more than ${MAX_HELD_BYTES} bytes, and its size is not given`
    : "R2 cannot create an object of more than 4.995 GiB exclusively";
  return unsupported("put", `"${key}"`, state, {
    hint: size === undefined ? "Pass `size`." : "Split it into several objects.",
    key,
    backend: store.options.location,
  });
}
