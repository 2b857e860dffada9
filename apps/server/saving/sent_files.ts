// The files of a request.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { artifactDigest } from "../../../core/artifact_digest.ts";
import { sha256 as digestOf } from "../../../core/bytes/digest.ts";
import { iterableStream } from "../../../core/bytes/bytes.ts";
import { rebuilt } from "../../../core/bytes/rebuild.ts";
import { invalid, isRegistryError, type RegistryError } from "../../../core/errors.ts";
import { inTurns } from "../../../core/work/next_turn.ts";
import { fileFacts } from "../../../core/registry/file_facts.ts";
import type {
  ArtifactFile,
  ByteRange,
  FileInfo,
  FileSource,
  FileToSave,
  Materializer,
} from "../../../materializers/mod.ts";
import type { UploadSource } from "../../../extensions/transfers/mod.ts";
import { checkJoinedSize, checkUploadSize } from "../guard/body_limit.ts";
import { fileOf } from "../../../materializers/path/local_files.ts"; // none in a Worker
import { stateOfOwn } from "../uploads/own_upload.ts";
import { type Access, denied } from "../access/access.ts";
import type { ServerContext } from "../routing.ts";
import type { SaveRequest, SentFile } from "../schemas/sent_save.ts";

/** @internal */
interface OpenFilesOptions {
  /** The rights of the sender. Uploads belong to its token. */
  access: Access;
  /**
   * A missing upload fails only when it is read: a repeat with an idempotency key finds the first
   * save and reads nothing.
   */
  repeatable?: boolean;
  /** True if uploads are read to be encoded, not copied inside the store. @default false */
  isRead?: boolean;
  signal?: AbortSignal;
}

/** @internal */
type Parts = Pick<ServerContext, "uploads" | "logger" | "openPages" | "options">;

/** Opens sent files. Checks given sizes and digests, those of uploads as they are read. */
export async function openSentFiles(
  context: Parts,
  sent: readonly SentFile[],
  options: OpenFilesOptions,
): Promise<{ files: FileToSave[]; removeUploads(): Promise<void> }> {
  const opened = new SentFiles(context, options);
  const files: FileToSave[] = [];
  for await (const file of inTurns(sent)) {
    const content = "data" in file
      ? decoded(file)
      : "local" in file
      ? ofThisMachine(context, file, options.access)
      : await opened.open(file);
    files.push({ path: file.path, content, ...fileFacts(file) });
  }
  return { files, removeUploads: () => opened.removeUploads() };
}

/** The files of one request that the service has: in uploads, and in earlier versions. */
class SentFiles {
  readonly #context: Parts;
  readonly #options: OpenFilesOptions;
  /** Uploads that were opened, once each: a store may have to read one to learn its SHA-256. */
  readonly #opened = new Map<string, UploadSource>();
  #joinedBytes = 0;

  constructor(context: Parts, options: OpenFilesOptions) {
    this.#context = context;
    this.#options = options;
  }

  async open(file: EarlierFile | FileInPieces | UploadedFile): Promise<FileSource> {
    if ("earlier" in file) return await this.#joined(file);
    return "uploads" in file ? this.#inPieces(file) : await this.#ofUpload(file);
  }

  async removeUploads(): Promise<void> {
    const { uploads, logger } = this.#context;
    try {
      for (const id of this.#opened.keys()) await (await uploads()).remove(id);
    } catch (error) {
      logger.debug("Left an upload for gc:", error); // the save is done
    }
  }

  /** Joins bytes of an earlier version and of an upload. */
  async #joined(sent: EarlierFile): Promise<FileSource> {
    const { path, size, earlier: { runs, ...asked } } = sent;
    const { options, openPages } = this.#context;
    checkUploadSize(options, size);
    checkJoinedSize(options, this.#joinedBytes += size);
    const file = await (await openPages(asked, this.#options.access)).file(path);
    const missing = runs.reduce((sum, { size, at }) => at === undefined ? sum + size : sum, 0);
    const total = runs.reduce((sum, { size }) => sum + size, 0);
    if (total !== size) throw mismatch(path, `its runs have ${total} bytes, not ${size}`);
    if ("uploads" in sent) {
      if (missing === 0) throw mismatch(path, "its runs need no uploads");
      const stream = () => iterableStream(this.#pieces(sent.uploads, { path, size: missing }));
      return joinedRuns(sent, file, { size: missing, stream });
    }
    const { upload } = sent;
    const fresh = upload === undefined
      ? undefined
      : await this.#ofUpload({ path, upload, size: missing });
    return joinedRuns(sent, file, fresh);
  }

  /** Returns uploads that follow each other. Each is opened when it is read. */
  #inPieces({ path, size, sha256, uploads: pieces }: FileInPieces): FileSource {
    checkUploadSize(this.#context.options, size);
    const stream = () =>
      iterableStream(this.#pieces(pieces, { path, size })).pipeThrough(verifying(path, sha256));
    return { size, stream };
  }

  async *#pieces(
    pieces: readonly string[],
    { path, size }: { path: string; size: number },
  ): AsyncGenerator<Uint8Array> {
    let bytes = 0;
    for (const id of pieces) {
      bytes += await this.#sizeOf(id);
      if (bytes <= size) yield* (await this.#source(id)).stream();
    }
    if (bytes !== size) throw mismatch(path, `its uploads have ${bytes} bytes, not ${size}`);
  }

  /** Returns the declared size of an upload of the sender. */
  async #sizeOf(id: string): Promise<number> {
    const known = this.#opened.get(id);
    if (known !== undefined) return known.size;
    return (await stateOfOwn(await this.#context.uploads(), id, this.#options.access)).size;
  }

  async #source(id: string): Promise<UploadSource> {
    const { signal } = this.#options;
    const known = this.#opened.get(id);
    const source = known ?? await (await this.#context.uploads()).source(id, { signal });
    this.#opened.set(id, source);
    return source;
  }

  async #ofUpload(
    { path, upload, size, sha256 }: Pick<UploadedFile, "path" | "upload" | "size" | "sha256">,
  ): Promise<FileSource> {
    const { repeatable = false, isRead = false } = this.#options;
    try {
      const own = await this.#sizeOf(upload);
      if (size !== undefined && own !== size) {
        throw mismatch(path, `it has ${own} bytes, not ${size}`);
      }
      const source = await this.#source(upload);
      if (sha256 === undefined || source.sha256 === sha256) {
        return isRead ? { size: source.size, stream: () => source.stream() } : source;
      }
      if (source.sha256 !== undefined) {
        throw mismatch(path, `its SHA-256 is ${source.sha256}, not ${sha256}`);
      }
      return {
        size: source.size,
        stream: () => source.stream().pipeThrough(verifying(path, sha256)),
      };
    } catch (error) {
      if (!repeatable || !isRegistryError(error, "NotFound")) throw error;
      return {
        size: UNKNOWN_BYTES,
        stream: () => new ReadableStream({ start: (c) => c.error(error) }),
      };
    }
  }
}

/** Opens a file that the service and the sender both see. The rights of all others end at the service. */
function ofThisMachine(
  { options }: Parts,
  { path, local, given, size, sha256 }: SentFile & { local: string; given?: boolean | undefined },
  access: Access,
): FileSource {
  if (!options.localFiles || !access.admin) {
    throw denied("name files of the service's machine", "admin");
  }
  const source = fileOf({ path: local, options: { readAll: true }, given }).content as FileSource;
  checkUploadSize(options, source.size);
  if (size !== undefined && size !== source.size) {
    throw mismatch(path, `it has ${source.size} bytes, not ${size}`);
  }
  if (sha256 === undefined) return source;
  const stream = () => source.stream().pipeThrough(verifying(path, sha256));
  return { size: source.size, stream };
}

type FileInPieces = Exclude<Extract<SentFile, { uploads: string[] }>, { earlier: unknown }>;
type UploadedFile = Exclude<Extract<SentFile, { upload: string }>, { earlier: unknown }>;
type EarlierFile = Extract<SentFile, { earlier: unknown }>;

/** Returns the bytes of all runs. A wrong claim has another SHA-256. */
function joinedRuns(
  { path, size, sha256, earlier: { runs } }: EarlierFile,
  file: ArtifactFile,
  fresh?: FileSource,
): FileSource {
  const copy = {
    size: file.info.size,
    chunks: ({ offset, length }: Required<ByteRange>) => file.stream({ offset, length }),
  };
  const chunks = () => rebuilt(runs, copy, passing(fresh));
  const stream = () => iterableStream(chunks()).pipeThrough(verifying(path, sha256));
  return { size, stream };
}

async function* passing(source?: FileSource): AsyncGenerator<Uint8Array> {
  if (source !== undefined) yield* source.stream();
}

/** The size of a missing upload: too large for a record, so it is not read at once. */
export const UNKNOWN_BYTES = 2 ** 40;

/** Returns a materializer that saves given files under the id of the client's materializer. */
export function passThrough(
  { id, formatVersion }: Pick<Materializer, "id" | "formatVersion">,
  files: FileToSave[],
): Materializer {
  // Without `load`, no handle remembers it, and with it the files.
  const materializer: Omit<Materializer, "load"> = { id, formatVersion, save: () => files };
  return materializer as Materializer;
}

/**
 * Decodes base64 with its padding, and refuses all else: `Buffer` leaves out what it cannot read.
 * Small values share a buffer: one for each of many files takes 400 bytes more.
 */
export function fromBase64(path: string, text: string): Uint8Array {
  const { buffer, byteOffset, byteLength } = Buffer.from(text, "base64");
  const padding = text.endsWith("==") ? 2 : Number(text.endsWith("="));
  if (text.length % 4 !== 0 || byteLength !== text.length / 4 * 3 - padding) {
    throw invalid("save", JSON.stringify(path), "its content is not base64", {
      hint: "Nothing was saved. Encode the bytes with padding and without line breaks.",
    });
  }
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function decoded({ path, data, size, sha256 }: SentFile & { data: string }): Uint8Array {
  const bytes = fromBase64(path, data);
  if (size !== undefined && bytes.byteLength !== size) {
    throw mismatch(path, `it has ${bytes.byteLength} bytes, not ${size}`);
  }
  const digest = sha256 === undefined ? sha256 : digestOf(bytes);
  if (digest !== sha256) throw mismatch(path, `its SHA-256 is ${digest}, not ${sha256}`);
  return bytes;
}

/** Returns the digest of a version with the files of a request, if it names their SHA-256. */
export async function sentDigest({ materializer, files = [] }: SaveRequest): Promise<string> {
  const sums: FileInfo[] = [];
  for await (const file of inTurns(files)) {
    const bytes = "data" in file ? decoded(file) : undefined;
    const { path, size = bytes?.byteLength ?? 0, sha256 = bytes ? digestOf(bytes) : "" } = file;
    sums.push({ ...fileFacts(file), path, size, sha256 });
  }
  return await artifactDigest(materializer, sums);
}

/** Passes bytes, and fails at the end if their digest differs. */
function verifying(path: string, sha256: string): TransformStream<Uint8Array, Uint8Array> {
  const hash = createHash("sha256");
  return new TransformStream({
    transform(chunk, controller) {
      hash.update(chunk);
      controller.enqueue(chunk);
    },
    flush(controller) {
      const digest = hash.digest("hex");
      if (digest !== sha256) {
        controller.error(mismatch(path, `its SHA-256 is ${digest}, not ${sha256}`));
      }
    },
  });
}

function mismatch(path: string, state: string): RegistryError {
  return invalid("save", JSON.stringify(path), state, {
    hint: "Nothing was saved. Send the bytes that match the given size and SHA-256.",
  });
}
