// Opening and loading versions.
import type { Artifact, ArtifactFile, ArtifactInfo } from "../../core/artifact.ts";
import { iterableStream } from "../../core/bytes/bytes.ts";
import type { ByteRange } from "../../core/backend.ts";
import { isRegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { type LoadLimit, tooLargeHere } from "../../core/record/load_limit.ts";
import { noSuchFile } from "../../core/record/file_facts.ts";
import type { FileInfo } from "../../core/record/record.ts";
import type { LoadOptions, TransferProgress, Verify } from "../../core/registry.ts";
import { artifactPath, filePath, segment, versionPath } from "./address.ts";
import type { Connection } from "./connection.ts";
import { checkBytes, readFile } from "./read_file.ts";
import { decodeBase64, infoOf, type WireInfo } from "./wire.ts";

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
