// Multipart uploads.
import type { PutOptions, PutResult } from "../../../core/backend.ts";
import { isRegistryError, type RegistryError } from "../../../core/errors.ts";
import type { FinishedPart, ReplyHeaders, S3Calls } from "../calls.ts";
import { checksumOf, multipartEtag } from "./checksums.ts";
import { created, createSettings, describedObject } from "./creates.ts";
import { failureOf } from "../errors.ts";
import { headObject } from "../read/get.ts";
import { pastFolderRace } from "./folder_race.ts";
import { MAX_PARTS, type PartBuffers } from "./parts.ts";
import { call, fullKey, keyFault, objectInfo, plainEtag, quotedEtag } from "../store.ts";
import { repeated, replyTime } from "../store.ts";
import type { CallSettings, S3Store } from "../store.ts";
import { eitherSignal } from "../../../core/work/until_aborted.ts";

interface UploadSource {
  first: readonly Uint8Array[];
  parts: AsyncIterable<Uint8Array>;
  buffers: PartBuffers;
  /** Aborted when a part fails, to end the reading of more. */
  failed: AbortController;
}

/**
 * Writes an object in parts, several at once. Aborts the upload after a failure if the store
 * answers.
 */
export async function uploadParts(
  store: S3Store,
  key: string,
  source: UploadSource,
  options: PutOptions,
): Promise<PutResult> {
  const { signal, mode } = options;
  const upload = await beginUpload(store, key, describedObject(store, key, options), signal);
  let size = 0;
  let atOnce = store.parallel;
  await upload.run(async function* () {
    for await (const part of allParts(source)) {
      size += part.byteLength;
      atOnce = partsAtOnce(store, part.byteLength);
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
  }, { failed: source.failed, atOnce: () => atOnce });
  const reply = mode === "create" ? await upload.create() : await upload.complete(size);
  if (reply === undefined) return { written: false, reason: "exists" };
  return { written: true, info: objectInfo(key, size, reply) };
}

async function* allParts({ first, parts }: UploadSource): AsyncGenerator<Uint8Array> {
  yield* first;
  yield* parts;
}

/** Returns how many parts are sent at once. Grown ones take at most eight times the memory, or one of them. */
function partsAtOnce(
  { parallel, partBytes }: Pick<S3Store, "parallel" | "partBytes">,
  bytes: number,
): number {
  return Math.max(1, Math.min(parallel, Math.floor(8 * parallel * partBytes / bytes)));
}

type SendPart = (
  number: number,
  signal: AbortSignal,
) => Promise<{ ETag?: string; ChecksumCRC32?: string }>;

type Uploaded = { ETag?: string; LastModified: Date };

const ABORT_MS = 5_000;

type UploadSettings = { action: string; key: string; signal?: AbortSignal };

export async function beginUpload(
  store: S3Store,
  key: string,
  described: Omit<S3Calls["CreateMultipartUpload"][0], "Bucket">,
  signal?: AbortSignal,
): Promise<Upload> {
  const summed = store.provider.checksum === "crc32" ? { ChecksumAlgorithm: "CRC32" as const } : {};
  const settings = { action: "put", key, signal };
  const begun = await call(store, "CreateMultipartUpload", { ...described, ...summed }, settings);
  return new Upload(store, { Key: fullKey(store, key), UploadId: begun.UploadId! }, settings);
}

/** A multipart upload. */
export class Upload {
  readonly target: { Key: string; UploadId: string };
  readonly #store: S3Store;
  readonly #settings: UploadSettings;
  readonly #finished: FinishedPart[] = [];

  constructor(store: S3Store, target: Upload["target"], settings: UploadSettings) {
    this.#store = store;
    this.target = target;
    this.#settings = settings;
  }

  /** Sends parts, several at once. A failure, or the signal, aborts the upload and `failed`. */
  async run(
    parts: () => AsyncIterable<SendPart>,
    { failed = new AbortController(), atOnce = () => this.#store.parallel } = {},
  ): Promise<void> {
    const { key, signal } = this.#settings;
    const ending = eitherSignal(failed.signal, signal);
    const sending = new Set<Promise<void>>();
    let number = 0;
    try {
      for await (const send of parts()) {
        ending.throwIfAborted();
        if (++number > MAX_PARTS) throw tooManyParts(this.#store, key);
        const part: FinishedPart = { PartNumber: number };
        this.#finished.push(part);
        const sent = send(number, ending)
          .then(({ ETag, ChecksumCRC32 }) => {
            part.ETag = quotedEtag(ETag);
            if (ChecksumCRC32 !== undefined) part.ChecksumCRC32 = ChecksumCRC32;
          })
          .catch((error) => failed.abort(error))
          .finally(() => sending.delete(sent));
        sending.add(sent);
        while (sending.size >= atOnce()) await Promise.race(sending);
      }
      await Promise.all(sending);
      ending.throwIfAborted();
    } catch (error) {
      failed.abort(error);
      await Promise.all(sending); // a part that arrives after the abort would remain
      await this.#abort();
      throw error;
    }
  }

  /** Completes the upload as a create, in one attempt; returns undefined if the object exists. */
  async create(): Promise<Uploaded | undefined> {
    const store = this.#store, { key } = this.#settings;
    try {
      const once = { ...this.#settings, ...createSettings(store) };
      const request = () => created(store, key, this.#send(once));
      const reply = await pastFolderRace(store, key, request, once);
      if (reply !== undefined) return this.#uploaded(reply);
    } catch (error) {
      if (!isRegistryError(error) || !error.maybeWritten) await this.#abort();
      throw error;
    }
    await this.#abort();
    return undefined;
  }

  /** Completes the upload and replaces an existing object. */
  async complete(size: number): Promise<Uploaded> {
    const store = this.#store, { key, signal } = this.#settings;
    const once = { ...this.#settings, repeat: false };
    let lost = false;
    const attempt = async () => {
      try {
        return this.#uploaded(await pastFolderRace(store, key, () => this.#send(once), once));
      } catch (error) {
        // After a lost reply some stores report an unknown upload: check the object.
        if (!lost || failureOf(error)?.name !== "NoSuchUpload") {
          lost ||= isRegistryError(error) && error.retry === "later";
          throw error;
        }
        const etag = multipartEtag(this.#finished.map((part) => plainEtag(part.ETag)));
        const info = await headObject(store, key, { signal });
        if (info === undefined || info.size !== size || info.etag !== etag) throw error;
        return { ETag: info.etag, LastModified: new Date(info.modifiedAt) };
      }
    };
    try {
      return await repeated(store, attempt, { what: "CompleteMultipartUpload", key, signal });
    } catch (error) {
      if (!lost) await this.#abort();
      throw error;
    }
  }

  #send(settings: CallSettings) {
    const input = { ...this.target, MultipartUpload: { Parts: this.#finished } };
    return call(this.#store, "CompleteMultipartUpload", input, settings);
  }

  #uploaded(reply: ReplyHeaders & { ETag?: string }): Uploaded {
    return { ETag: reply.ETag, LastModified: replyTime(this.#store, reply) };
  }

  /** Best effort: `sweepUploads` removes the rest. */
  async #abort(): Promise<void> {
    const store = this.#store, { key } = this.#settings;
    try {
      await call(store, "AbortMultipartUpload", this.target, {
        action: "abort the upload of",
        key,
        repeat: false,
        signal: AbortSignal.timeout(ABORT_MS), // an aborted put does not wait for a silent store
      });
    } catch (error) {
      store.logger.debug(`s3: left an unfinished upload: ${(error as Error).message}`, {
        key,
        backend: store.location,
      });
    }
  }
}

function tooManyParts(store: S3Store, key: string): RegistryError {
  return keyFault(store, key, {
    code: "Invalid",
    action: "put",
    state: `the body has more than ${MAX_PARTS} parts`,
    hint: "Pass its size, or raise partBytes.",
  });
}
