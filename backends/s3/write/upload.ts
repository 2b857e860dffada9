// Multipart uploads.
import type { PutOptions, PutResult } from "../../../core/backend.ts";
import { isRegistryError, type RegistryError } from "../../../core/errors.ts";
import type { FinishedPart, ReplyHeaders, S3Calls } from "../calls.ts";
import { checksumOf, multipartEtag } from "./checksums.ts";
import { created, createSettings, describedObject } from "./creates.ts";
import { failureOf } from "../errors.ts";
import { headObject } from "../read/get.ts";
import { pastFolderRace } from "./folder_race.ts";
import { MAX_PARTS } from "./parts.ts";
import type { PartBuffers } from "./parts.ts";
import { call, fullKey, keyFault, objectInfo, plainEtag, repeated, replyTime } from "../store.ts";
import type { S3Store } from "../store.ts";

/** What is uploaded. */
export interface UploadSource {
  first: readonly Uint8Array[];
  parts: AsyncIterable<Uint8Array>;
  buffers: PartBuffers;
  /** Ends the reading of parts that follow when one cannot be sent. */
  failed: AbortController;
}

/** Writes an object in parts, several on their way at once. What fails leaves no upload behind, if the store answers. */
export async function uploadParts(
  store: S3Store,
  key: string,
  source: UploadSource,
  options: PutOptions,
): Promise<PutResult> {
  const { signal, mode } = options;
  const upload = await beginUpload(store, key, describedObject(store, key, options), signal);
  let size = 0;
  await upload.run(async function* () {
    for await (const part of allParts(source)) {
      size += part.byteLength;
      yield async (number, signal) => {
        const input = {
          ...upload.target,
          PartNumber: number,
          Body: part,
          ...checksumOf(store.provider, part),
        };
        const reply = await call(store, "UploadPart", input, { action: "put", key, signal });
        source.buffers.release(part);
        return reply;
      };
    }
  }, source.failed);
  const reply = mode === "create" ? await upload.create() : await upload.complete(size);
  if (reply === undefined) return { written: false, reason: "exists" };
  return { written: true, info: objectInfo(key, size, reply) };
}

async function* allParts({ first, parts }: UploadSource): AsyncGenerator<Uint8Array> {
  yield* first;
  yield* parts;
}

type SendPart = (
  number: number,
  signal: AbortSignal,
) => Promise<{ ETag?: string; ChecksumCRC32?: string }>;

type Uploaded = { ETag?: string; LastModified: Date };

/** An upload that was begun. */
export interface Upload {
  readonly target: { Key: string; UploadId: string };
  /** Sends parts, `parallel` at once. A failure aborts `failed`; it, or the signal, ends the upload and is thrown. */
  run(parts: () => AsyncIterable<SendPart>, failed?: AbortController): Promise<void>;
  /** Puts the object together over what is there. */
  complete(size: number): Promise<Uploaded>;
  /** Puts it together where nothing is; undefined where something is. The request is sent once. */
  create(): Promise<Uploaded | undefined>;
}

export async function beginUpload(
  store: S3Store,
  key: string,
  described: Omit<S3Calls["CreateMultipartUpload"][0], "Bucket">,
  signal?: AbortSignal,
): Promise<Upload> {
  const summed = store.provider.checksum === "crc32" ? { ChecksumAlgorithm: "CRC32" as const } : {};
  const begun = await call(store, "CreateMultipartUpload", { ...described, ...summed }, {
    action: "put",
    key,
    signal,
  });
  const target = { Key: fullKey(store, key), UploadId: begun.UploadId! };
  const finished: FinishedPart[] = [];
  const settings = { action: "put", key, signal };
  const completion = () => ({ ...target, MultipartUpload: { Parts: finished } });
  const uploaded = (reply: ReplyHeaders & { ETag?: string }) => ({
    ETag: reply.ETag,
    LastModified: replyTime(store, reply),
  });

  return {
    target,

    async run(parts, failed = new AbortController()) {
      const ending = signal === undefined
        ? failed.signal
        : AbortSignal.any([signal, failed.signal]);
      const sending = new Set<Promise<void>>();
      let number = 0;
      try {
        for await (const send of parts()) {
          ending.throwIfAborted();
          if (++number > MAX_PARTS) throw tooManyParts(store, key);
          const part: FinishedPart = { PartNumber: number };
          finished.push(part);
          const sent = send(number, ending)
            .then(({ ETag, ChecksumCRC32 }) => {
              part.ETag = ETag;
              if (ChecksumCRC32 !== undefined) part.ChecksumCRC32 = ChecksumCRC32;
            })
            .catch((error) => failed.abort(error))
            .finally(() => sending.delete(sent));
          sending.add(sent);
          if (sending.size >= store.parallel) await Promise.race(sending);
        }
        await Promise.all(sending);
        ending.throwIfAborted();
      } catch (error) {
        failed.abort(error);
        await Promise.all(sending); // a part that arrives after the abort would stay
        await abortUpload(store, key, target);
        throw error;
      }
    },

    async create() {
      try {
        const once = { ...settings, ...createSettings(store) };
        const request = () =>
          created(store, key, call(store, "CompleteMultipartUpload", completion(), once));
        const reply = await pastFolderRace(store, key, request, once);
        if (reply !== undefined) return uploaded(reply);
      } catch (error) {
        if (!isRegistryError(error) || !error.maybeWritten) await abortUpload(store, key, target);
        throw error;
      }
      await abortUpload(store, key, target);
      return undefined;
    },

    async complete(size) {
      let lost = false;
      try {
        return await repeated(store, async () => {
          try {
            const once = { ...settings, repeat: false };
            const request = () => call(store, "CompleteMultipartUpload", completion(), once);
            return uploaded(await pastFolderRace(store, key, request, once));
          } catch (error) {
            // After a lost reply some stores say that there is no such upload: the object tells what became of it.
            if (!lost || failureOf(error)?.name !== "NoSuchUpload") {
              lost ||= isRegistryError(error) && error.retry === "later";
              throw error;
            }
            const etag = multipartEtag(finished.map((part) => plainEtag(part.ETag)));
            const info = await headObject(store, key, signal);
            if (info === undefined || info.size !== size || info.etag !== etag) throw error;
            return { ETag: info.etag, LastModified: new Date(info.modifiedAt) };
          }
        }, { what: "CompleteMultipartUpload", key, signal });
      } catch (error) {
        if (!lost) await abortUpload(store, key, target);
        throw error;
      }
    },
  };
}

const ABORT_MS = 5_000;

/** Best effort: what it leaves, `sweepUploads` finds. */
async function abortUpload(
  store: S3Store,
  key: string,
  target: { Key: string; UploadId: string },
): Promise<void> {
  try {
    const signal = AbortSignal.timeout(ABORT_MS); // who aborts a put does not wait for a store that does not answer
    await call(store, "AbortMultipartUpload", target, {
      action: "abort the upload of",
      key,
      repeat: false,
      signal,
    });
  } catch (error) {
    store.logger.debug(`s3: left an unfinished upload: ${(error as Error).message}`, {
      key,
      backend: store.location,
    });
  }
}

function tooManyParts(store: S3Store, key: string): RegistryError {
  return keyFault(store, key, {
    code: "Invalid",
    action: "put",
    state: `the body has more than ${MAX_PARTS * store.partBytes} bytes`,
    hint: "Give its size, or raise partBytes.",
  });
}
