// Opening versions and reading their files: verified, and resumed where a connection broke.
import type { ByteRange } from "../../core/backend.ts";
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileInfo } from "../../core/record.ts";
import { backoffMs, withDeadline } from "../../core/retry.ts";
import type { Connection } from "./connection.ts";
import { unanswered } from "./problem.ts";
import { createSha256 } from "./sha256.ts";
import type { Artifact, ArtifactFile, ArtifactInfo } from "../../core/artifact.ts";
import { iterableStream } from "../../core/bytes/bytes.ts";
import { type LoadLimit, tooLargeHere } from "../../registry/contract/load_limit.ts";
import { noSuchFile } from "../../core/registry/file_facts.ts";
import type { LoadOptions, TransferProgress, Verify } from "../../core/registry.ts";
import { artifactPath, filePath, segment, versionPath } from "./address.ts";
import { decodeBase64, infoOf, type WireInfo } from "./wire.ts";

interface RemoteFile {
  ref: string;
  /** Below the address of the service, encoded. */
  path: string;
  commit: string;
  info: FileInfo;
  signal?: AbortSignal;
}

/** The bytes of a file, or of a range of it. What is read whole is verified at its end. */
export async function* readFile(
  connection: Connection,
  file: RemoteFile,
  { range, verify }: { range?: ByteRange; verify: boolean },
): AsyncGenerator<Uint8Array> {
  const { info, ref } = file;
  const { offset, end } = boundsOf(info, range);
  const whole = offset === 0 && end === info.size;
  const hash = verify && whole ? createSha256() : undefined;
  for await (const chunk of readOn(connection, file, { offset, end })) {
    hash?.update(chunk);
    yield chunk;
  }
  if (hash !== undefined && hash.digest() !== info.sha256) throw corrupt(ref, info.path);
}

/** Throws `Corrupt` where bytes are not those of a file. */
function checkBytes(ref: string, info: FileInfo, bytes: Uint8Array): void {
  const hash = createSha256();
  hash.update(bytes);
  if (bytes.byteLength !== info.size || hash.digest() !== info.sha256) {
    throw corrupt(ref, info.path);
  }
}

/** Asks again from where it broke off, while that brings anything within the time for it. */
async function* readOn(
  connection: Connection,
  file: RemoteFile,
  { offset, end }: { offset: number; end: number },
): AsyncGenerator<Uint8Array> {
  const { system, retryForMs, timeoutMs, location, logger } = connection;
  const { signal, info } = file;
  let at = offset;
  let failures = 0;
  let movedAt = system.monotonic();
  while (at < end) {
    const reader = await begin(connection, file, { at, end });
    let failure: unknown;
    try {
      for (;;) {
        let next;
        try {
          next = await withDeadline(reader.read(), { signal, timeoutMs });
        } catch (error) {
          failure = error;
          break;
        }
        if (next.done || at >= end) break;
        at += next.value.byteLength;
        if (at > end) {
          throw connection.strange({ action: `read ${shown(info.path)}` }, "it is too long");
        }
        failures = 0;
        movedAt = system.monotonic();
        yield next.value;
      }
    } finally {
      void reader.cancel().catch(() => {}); // what it fails with was told, or nobody wants the rest
    }
    if (at >= end) return;
    signal?.throwIfAborted();
    const error = unanswered({
      action: `read ${shown(info.path)} of "${file.ref}"`,
      location,
      writes: false,
    }, failure);
    const waitMs = backoffMs(++failures, () => system.random());
    if (system.monotonic() - movedAt + waitMs > retryForMs) throw error;
    logger.debug(`${error.message} any more: reads on at ${at}`);
    await system.sleep(waitMs, signal);
  }
}

async function begin(
  connection: Connection,
  { path, commit, info, ref, signal }: RemoteFile,
  { at, end }: { at: number; end: number },
): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const whole = at === 0 && end === info.size;
  const action = `read ${shown(info.path)} of "${ref}"`;
  const headers = whole ? undefined : { range: `bytes=${at}-${end - 1}` };
  const response = await connection.request({ action, path, query: { commit }, headers, signal });
  if (!whole && !(response.status === 206 && isRange(response, { at, end }))) {
    await response.body?.cancel();
    throw connection.strange({ action }, "it gives no ranges");
  }
  return (response.body ?? new Blob([]).stream()).getReader();
}

function isRange({ headers }: Response, { at, end }: { at: number; end: number }): boolean {
  const [, first, last] =
    /^bytes (\d+)-(\d+)\//.exec(headers.get("content-range") ?? `bytes ${at}-${end - 1}/`) ?? [];
  return Number(first) === at && Number(last) < end;
}

function boundsOf(info: FileInfo, range: ByteRange | undefined): { offset: number; end: number } {
  const { offset, length = info.size } = range ?? { offset: 0 };
  if (!(Number.isSafeInteger(offset) && offset >= 0 && length >= 0) || length % 1 > 0) {
    throw fault({
      code: "Invalid",
      action: "read a range of",
      subject: shown(info.path),
      state: `offset ${offset} and length ${length} are not a range`,
      hint: "Offset and length are whole numbers from 0.",
    });
  }
  return { offset, end: Math.min(offset + length, info.size) };
}

function corrupt(ref: string, path: string): RegistryError {
  return fault({
    code: "Corrupt",
    action: "read",
    subject: `${shown(path)} of "${ref}"`,
    state: "its bytes are not what was saved",
    hint:
      "They changed in the store, or on their way. Read again; where that does not help, restore it from a copy.",
  });
}

/** Files of so many bytes in all come with what is known of a version. */
const SMALL_BYTES = 64 * 1024;

export interface OpenVersionOptions extends Pick<LoadOptions, "version" | "signal" | "onProgress"> {
  /** How its bytes are checked. */
  verify: Verify;
  limit: LoadLimit;
  /** Ask for the bytes at once, where they are few. */
  read?: boolean;
}

export async function openVersion(
  connection: Connection,
  ref: string,
  options: OpenVersionOptions,
): Promise<Artifact> {
  const { version, signal, read = false } = options;
  const action = `open ${shown(version === undefined ? ref : `${ref}@${version}`)}`;
  const query = read ? { data: SMALL_BYTES } : undefined;
  const call = { action, path: versionPath(ref, version), query, signal };
  const { info, data } = await connection.read(call, (wire: WireInfo, asked) => ({
    info: infoOf(wire, asked),
    data: new Map(wire.files.map(({ path, data }) => [path, data])),
  }));
  return createRemoteArtifact(connection, info, { ...options, data });
}

export async function versionInfo(
  connection: Connection,
  ref: string,
  { version, signal }: Pick<LoadOptions, "version" | "signal">,
): Promise<ArtifactInfo> {
  const action = `find ${shown(version === undefined ? ref : `${ref}@${version}`)}`;
  return await connection.read({ action, path: versionPath(ref, version), signal }, infoOf);
}

function createRemoteArtifact(
  connection: Connection,
  info: ArtifactInfo,
  options: OpenVersionOptions & { data: ReadonlyMap<string, string | undefined> },
): Artifact {
  const { verify, limit, signal, onProgress, data } = options;
  const ref = `${info.name}@${info.version}`;
  const folder = `${artifactPath(info.name)}/versions/${segment(info.version)}/files`;
  const byPath = new Map(info.files.map((file) => [file.path, file]));
  const told: TransferProgress = { path: "", bytes: 0, totalBytes: info.size };
  const tell = (path: string, bytes: number) =>
    onProgress?.({ ...told, path, bytes: told.bytes += bytes });

  async function* chunks(file: FileInfo, range?: ByteRange): AsyncGenerator<Uint8Array> {
    const remote = {
      ref,
      path: `${folder}/${filePath(file.path)}`,
      commit: info.commit,
      info: file,
      signal,
    };
    for await (const chunk of readFile(connection, remote, { range, verify: verify !== "none" })) {
      tell(file.path, chunk.byteLength);
      yield chunk;
    }
  }

  /** The bytes that came with the info. */
  function smallBytes(file: FileInfo): Uint8Array | undefined {
    const text = data.get(file.path);
    if (text === undefined) return undefined;
    const bytes = decodeBase64(text);
    if (verify !== "none") checkBytes(ref, file, bytes);
    tell(file.path, bytes.byteLength);
    return bytes;
  }

  async function wholeOf(file: FileInfo): Promise<Uint8Array> {
    const whole = new Uint8Array(file.size);
    let at = 0;
    for await (const chunk of chunks(file)) {
      whole.set(chunk, at);
      at += chunk.byteLength;
    }
    return whole;
  }

  async function bytes(file: FileInfo): Promise<Uint8Array> {
    limit.check(ref, file);
    try {
      return smallBytes(file) ?? await wholeOf(file);
    } catch (error) {
      throw error instanceof RangeError ? tooLargeHere(ref, file, error) : error;
    }
  }

  const open = (file: FileInfo): ArtifactFile => ({
    info: { ...file },
    stream: (range) => iterableStream(chunks(file, range)),
    bytes: () => bytes(file),
  });
  return {
    info,
    files: () => info.files.map(open),
    file(path) {
      const file = byPath.get(path);
      if (file !== undefined) return open(file);
      throw noSuchFile(ref, path, byPath.keys());
    },
  };
}

/** A read that is overtaken by writers begins anew; more often than this it is not their doing. */
const MAX_RESTARTS = 20;

export async function untilNotOverwritten<T>(read: () => Promise<T>): Promise<T> {
  for (let restarts = 0;; restarts++) {
    try {
      return await read();
    } catch (error) {
      if (!isRegistryError(error, "Conflict") || restarts >= MAX_RESTARTS) throw error;
    }
  }
}
