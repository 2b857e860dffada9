// Puts: one request for a small object, parts for a large one.
import type { Body, PutOptions, PutResult } from "../../../core/backend.ts";
import { bodySize, checkBodySize } from "../../../core/bytes/bytes.ts";
import type { RegistryError } from "../../../core/errors.ts";
import { eitherSignal } from "../../../core/work/until_aborted.ts";
import { checksumOf } from "./checksums.ts";
import { created, createSettings, describedObject } from "./creates.ts";
import { pastFolderRace } from "./folder_race.ts";
import { bodyParts, MAX_PARTS, PartBuffers } from "./parts.ts";
import { call, fullKey, keyFault, objectInfo, replyTime } from "../store.ts";
import type { CallSettings, S3Store } from "../store.ts";
import { uploadParts } from "./upload.ts";

/** The maximum of one request in all stores. */
export const MAX_SINGLE_BYTES: number = 5 * 2 ** 30;

export async function putObject(
  store: S3Store,
  key: string,
  body: Body,
  options: PutOptions,
): Promise<PutResult> {
  const { signal } = options;
  signal?.throwIfAborted();
  fullKey(store, key);
  const known = bodySize(body);
  checkBodySize(known, { size: options.size, key, backend: store.location });
  const size = known ?? options.size;
  const isWhole = known !== undefined && (known <= store.partBytes || !inParts(store, options));
  if (body instanceof Uint8Array && isWhole) return await putBytes(store, key, body, options);
  const partBytes = Math.max(store.partBytes, Math.ceil((size ?? 0) / MAX_PARTS));
  const buffers = new PartBuffers();
  const failed = new AbortController();
  const ending = eitherSignal(failed.signal, signal);
  const grows = size === undefined && !store.provider.equalParts;
  const parts = bodyParts(store, key, body, { size, partBytes, grows, buffers, signal: ending });
  try {
    const first = await parts.next();
    const second = await parts.next();
    if (second.done) return await putBytes(store, key, first.value!, options);
    if (!inParts(store, options)) throw tooLarge(store, key, partBytes);
    const source = { first: [first.value!, second.value], parts, buffers, failed };
    return await uploadParts(store, key, source, options);
  } finally {
    await parts.return(undefined);
  }
}

/** Sends one request. A create is never resent: the caller decides after a failure. */
async function putBytes(
  store: S3Store,
  key: string,
  bytes: Uint8Array,
  options: PutOptions,
): Promise<PutResult> {
  if (bytes.byteLength > MAX_SINGLE_BYTES) throw tooLarge(store, key, MAX_SINGLE_BYTES);
  const { signal, mode } = options;
  const creates = mode === "create";
  const input = {
    ...describedObject(store, key, options),
    Body: bytes,
    ...checksumOf(store.provider, bytes),
  };
  const settings: CallSettings = {
    action: "put",
    key,
    signal,
    ...(creates ? createSettings(store) : {}),
  };
  const request = () => created(store, key, call(store, "PutObject", input, settings), creates);
  const reply = await pastFolderRace(store, key, request, settings);
  if (reply === undefined) return { written: false, reason: "exists" };
  const about = { ETag: reply.ETag, LastModified: replyTime(store, reply) };
  return { written: true, info: objectInfo(key, bytes.byteLength, about) };
}

/** Returns true if the store can write in parts; a create needs a conditional last request. */
function inParts({ provider }: S3Store, { mode }: PutOptions): boolean {
  return mode !== "create" || provider.createMultipart;
}

function tooLarge(store: S3Store, key: string, maxBytes: number): RegistryError {
  return keyFault(store, key, {
    code: "Unsupported",
    action: "create",
    state: `${store.provider.title} creates at most ${maxBytes} bytes from a stream`,
    hint: "Pass the bytes as one Uint8Array, raise partBytes, or overwrite instead.",
  });
}
