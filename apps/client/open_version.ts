// Opened versions and their files: verified, and resumed after a broken connection.
import type { ByteRange } from "../../core/backend.ts";
import {
  corrupt,
  invalid,
  isRegistryError,
  notFound,
  type RegistryError,
} from "../../core/errors.ts";
import { nameSegment, shown } from "../../core/naming/names.ts";
import type { FileInfo } from "../../core/record.ts";
import { backoffMs, SILENT_MS, withDeadline } from "../../core/retry.ts";
import { unanswered } from "./problem.ts";
import { createSha256, sha256 } from "../../core/bytes/digest.ts";
import type { Artifact, ArtifactFile, ArtifactInfo, FilePiece } from "../../core/artifact.ts";
import { onePage, type PagedArtifact, type PagesOptions } from "../../core/artifact.ts";
import { iterableStream, reusingReader } from "../../core/bytes/bytes.ts";
import type { LocalCopy } from "../../core/bytes/rebuild.ts";
import { type LoadLimit, tooLargeHere } from "../../core/calls/load_limit.ts";
import { readableFile } from "../../core/registry/artifact_file.ts";
import { pickFile } from "../../core/registry/file_facts.ts";
import type { LoadOptions, Verify } from "../../core/registry.ts";
import { artifactPath, filePath, versionPath } from "./address.ts";
import type { Call, Connection } from "./connection.ts";
import { loadNewBytes } from "./download.ts";
import { listAll } from "./listing.ts";
import { requestFile } from "./presign_download.ts";
import { decodeBase64, infoOf, type WireInfo } from "./wire.ts";

interface RemoteFile {
  ref: string;
  /** Encoded path below the URL of the service. */
  path: string;
  commit: string;
  info: FileInfo;
  signal?: AbortSignal;
}

/**
 * Yields the bytes of a file or range. Verifies a whole file before it ends. A chunk is valid until
 * the next one.
 */
async function* readFile(
  connection: Connection,
  file: RemoteFile,
  { range, verify }: { range?: ByteRange; verify: boolean },
): AsyncGenerator<Uint8Array> {
  const { info, ref } = file;
  const { offset, end } = boundsOf(info, range);
  const whole = offset === 0 && end === info.size;
  const hash = verify && whole ? createSha256() : undefined;
  for await (const chunk of readResumed(connection, file, { offset, end })) {
    hash?.update(chunk);
    yield chunk;
  }
  if (hash !== undefined && hash.digest() !== info.sha256) throw damaged(ref, info.path);
}

/** Yields copies, which stay valid. */
async function* copiesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield chunk.slice();
}

/** Reads a range. Resumes after failures, until none brought a byte for `retryForMs`. */
async function* readResumed(
  connection: Connection,
  file: RemoteFile,
  { offset, end }: { offset: number; end: number },
): AsyncGenerator<Uint8Array> {
  const { system, retryForMs, timeoutMs, location, logger } = connection;
  const { signal } = file;
  const action = `read ${shown(file.info.path)} of "${file.ref}"`;
  let at = offset;
  let failures = 0;
  let failingSince = 0;
  for (let direct = true; at < end;) {
    const reader = await begin(connection, file, { action, at, end, direct });
    const from = at;
    let failure: unknown;
    const silentMs = failures === 0 ? Math.min(SILENT_MS, timeoutMs) : timeoutMs;
    try {
      for (;;) {
        const next = await withDeadline(reader.read(), { signal, timeoutMs: silentMs })
          .catch((error) => {
            failure = error;
            return undefined;
          });
        if (next === undefined || next.done || at >= end) break;
        at += next.value.byteLength;
        if (at > end) throw connection.unexpected({ action }, "the file is too long");
        failures = 0;
        yield next.value;
      }
    } finally {
      void reader.cancel().catch(() => {}); // the read has reported its failure
    }
    if (at >= end) return;
    direct = at > from; // a bucket that sent nothing may do so again
    signal?.throwIfAborted();
    const error = unanswered({ action, location, writes: false }, failure);
    if (++failures === 1) failingSince = system.monotonic(); // not its wait for bytes
    const waitMs = backoffMs(failures, () => system.random());
    if (system.monotonic() - failingSince + waitMs > retryForMs) throw error;
    logger.debug(`${error.message}; resumes at byte ${at}`);
    await system.sleep(waitMs, signal);
  }
}

async function begin(
  connection: Connection,
  { path, commit, info, signal }: RemoteFile,
  { action, at, end, direct }: { action: string; at: number; end: number; direct: boolean },
): Promise<ReturnType<typeof reusingReader>> {
  const whole = at === 0 && end === info.size;
  const headers = whole ? undefined : { range: `bytes=${at}-${end - 1}` };
  const call = { action, path, query: { commit }, headers, signal };
  const fits = ({ status, headers }: Response) =>
    !headers.has("content-encoding") &&
    (whole
      ? status === 200 && [null, `${info.size}`].includes(headers.get("content-length"))
      : status === 206 && headers.get("content-range") === `bytes ${at}-${end - 1}/${info.size}`);
  const response = await (direct ? requestFile(connection, call, fits) : connection.request(call));
  if (!whole && !(response.status === 206 && isRange(response, { at, end }))) {
    await response.body?.cancel();
    throw connection.unexpected({ action }, "it does not support ranges");
  }
  return reusingReader(response.body ?? new Blob([]).stream());
}

function isRange({ headers }: Response, { at, end }: { at: number; end: number }): boolean {
  const [, first, last] =
    /^bytes (\d+)-(\d+)\//.exec(headers.get("content-range") ?? `bytes ${at}-${end - 1}/`) ?? [];
  return Number(first) === at && Number(last) < end;
}

function boundsOf(info: FileInfo, range: ByteRange | undefined): { offset: number; end: number } {
  const { offset, length = info.size } = range ?? { offset: 0 };
  if (!(Number.isSafeInteger(offset) && offset >= 0 && length >= 0) || length % 1 > 0) {
    const state = `invalid range: offset ${offset}, length ${length}`;
    const hint = "Pass non-negative integers.";
    throw invalid("read a range of", shown(info.path), state, { hint });
  }
  return { offset, end: Math.min(offset + length, info.size) };
}

function damaged(ref: string, path: string): RegistryError {
  return corrupt("read", `${shown(path)} of "${ref}"`, "its bytes differ from the saved ones", {
    hint:
      "Read it again. If it fails again, repair the registry of the service from a mirror with `verify`.",
  });
}

interface ReadOptions {
  range?: ByteRange;
  stop?: AbortSignal;
}

/** Files of a version that are opened at once. */
const FILES_OF_PAGE = 1000;

/** The service sends files of up to this many bytes in total with the info of a version. */
const SMALL_BYTES = 64 * 1024;

interface OpenVersionOptions extends Pick<LoadOptions, "version" | "signal" | "onProgress"> {
  verify: Verify;
  limit: LoadLimit;
  /** Requests the bytes of a small version with its info. */
  read?: boolean;
}

export async function openVersion(
  connection: Connection,
  ref: string,
  options: OpenVersionOptions,
): Promise<Artifact> {
  const query = options.read ? { data: SMALL_BYTES } : undefined;
  const { files, artifactOf } = await requestVersion(connection, ref, { ...options, query });
  return artifactOf(files);
}

/** Returns facts and files of a version, and a function that opens some of its files. */
async function requestVersion(
  connection: Connection,
  ref: string,
  options: OpenVersionOptions & Pick<Call, "query">,
) {
  const { version, query, signal } = options;
  const action = `open ${shown(version === undefined ? ref : `${ref}@${version}`)}`;
  const call = { action, path: versionPath(ref, version), query, signal };
  return await connection.read(call, (wire: WireInfo, asked) => {
    const { files, ...info } = infoOf(wire, asked);
    const data = new Map(wire.files.map(({ path, data }) => [path, data]));
    const artifactOf = createRemoteArtifact(connection, info, { ...options, data });
    return { action, info, files, count: wire.fileCount, artifactOf };
  });
}

/** Opens a version whose long list is requested in pages; a short one comes with the version. */
export async function openPages(
  connection: Connection,
  ref: string,
  options: OpenVersionOptions,
): Promise<PagedArtifact> {
  const asked = { ...options, query: { withoutLongList: true } };
  const { action, info, files, count, artifactOf } = await requestVersion(connection, ref, asked);
  if (count === undefined) return onePage(artifactOf(files));
  const { name, version, commit } = info;
  const { signal } = options;
  const pages = async function* (
    { after: from = "", limit }: PagesOptions & { limit?: number } = {},
  ) {
    const path = `${versionPath(name, version)}/files`;
    const call = { action, path, query: { from, commit }, limit, signal };
    let some: FileInfo[] = [];
    let listed = 0;
    for await (const file of listAll(connection, () => call, (file: FileInfo) => file)) {
      if (++listed > count) break;
      if (some.push(file) < FILES_OF_PAGE) continue;
      yield artifactOf(some);
      some = [];
    }
    // A short list would be downloaded as the whole version, and other files deleted.
    if (listed > count || listed < count && from === "" && limit === undefined) {
      throw connection.unexpected(call, `it does not list ${count} files`);
    }
    if (some.length > 0) yield artifactOf(some);
  };
  const file = async (path: string) => {
    for await (const page of pages({ after: path, limit: 1 })) {
      if (page.info.files[0]?.path === path) return page.file(path);
    }
    throw notFound("open file", `${shown(path)} of "${name}@${version}"`, "no such file", {
      hint: `List its ${count} files.`,
    });
  };
  return { info, count, pages, file };
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
  info: Omit<ArtifactInfo, "files">,
  options: OpenVersionOptions & { data: ReadonlyMap<string, string | undefined> },
): (files: FileInfo[]) => Artifact {
  const { limit, signal, onProgress, data } = options;
  const verify = options.verify !== "none";
  const ref = `${info.name}@${info.version}`;
  const folder = `${artifactPath(info.name)}/versions/${nameSegment(info.version)}/files`;
  let moved = 0;
  const report = (path: string, bytes: number) =>
    onProgress?.({ path, bytes: moved += bytes, totalBytes: info.size });

  function remoteFile(file: FileInfo, stop = signal): RemoteFile {
    const path = `${folder}/${filePath(file.path)}`;
    const ends = stop === signal || !signal ? stop : AbortSignal.any([signal, stop!]);
    return { ref, path, commit: info.commit, info: file, signal: ends };
  }

  async function* chunks(file: FileInfo, { range, stop }: ReadOptions = {}) {
    for await (const chunk of readFile(connection, remoteFile(file, stop), { range, verify })) {
      report(file.path, chunk.byteLength);
      yield chunk;
    }
  }

  function smallBytes(file: FileInfo): Uint8Array | undefined {
    const text = data.get(file.path);
    if (text === undefined) return undefined;
    const bytes = decodeBase64(text);
    if (verify && (bytes.byteLength !== file.size || sha256(bytes) !== file.sha256)) {
      throw damaged(ref, file.path);
    }
    report(file.path, bytes.byteLength);
    return bytes;
  }

  async function bytes(file: FileInfo): Promise<Uint8Array> {
    limit.check(ref, file);
    try {
      const small = smallBytes(file);
      if (small !== undefined) return small;
      const whole = new Uint8Array(file.size);
      let at = 0;
      for await (const chunk of chunks(file)) {
        whole.set(chunk, at);
        at += chunk.byteLength;
      }
      return whole;
    } catch (error) {
      throw error instanceof RangeError ? tooLargeHere(ref, file, error) : error;
    }
  }

  async function rebuild(file: FileInfo, copy: LocalCopy): Promise<FilePiece | undefined> {
    const remote = remoteFile(file);
    const read = (range: ByteRange) => copiesOf(readFile(connection, remote, { range, verify }));
    const asked = { info: { ...info, files: [file] }, path: file.path, signal };
    const all = await (await loadNewBytes())?.rebuildFile(connection, asked, { copy, read });
    return all && wholePiece(all, { ref, file, report });
  }

  const open = (file: FileInfo): ArtifactFile =>
    readableFile({
      info: { ...file },
      stream: (range) => iterableStream(copiesOf(chunks(file, { range }))),
      async passTo(write, stop) {
        for await (const chunk of chunks(file, { stop })) await write(chunk);
      },
      bytes: () => bytes(file),
      rebuild: async (copy) => copy && await rebuild(file, copy),
    });
  return (files) => {
    const byPath = new Map(files.map((file) => [file.path, file]));
    const part = { ...info, files };
    return {
      info: part,
      files: () => files.map(open),
      file: (path) => open(pickFile(part, byPath, path)),
    };
  };
}

/** Returns a whole file as one piece, which verifies the bytes that it passes on. */
function wholePiece(
  chunks: () => AsyncIterable<Uint8Array>,
  { ref, file, report }: {
    ref: string;
    file: FileInfo;
    report: (path: string, bytes: number) => void;
  },
): FilePiece {
  const passTo: FilePiece["passTo"] = async (write, stop) => {
    const hash = createSha256();
    for await (const chunk of chunks()) {
      stop?.throwIfAborted();
      hash.update(chunk);
      report(file.path, chunk.byteLength);
      await write(chunk);
    }
    if (hash.digest() !== file.sha256) throw damaged(ref, file.path);
  };
  return { offset: 0, length: file.size, passTo };
}

/** Concurrent writers restart a read. After this many restarts the conflict has another cause. */
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
