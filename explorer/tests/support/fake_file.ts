// Files in memory, or of any size, that record their reads.
import type { ArtifactFile, ArtifactVersion } from "../../src/artifact_file.ts";

/** A file whose reads are noted. */
export interface NotedFile extends ArtifactFile {
  readonly reads: { offset: number; length: number }[];
  /** Bytes that were read. */
  bytesRead(): number;
}

/** Returns a file of bytes, or one of a size whose bytes a function makes. */
export function fakeFile(
  path: string,
  content: Uint8Array | { size: number; byteAt(offset: number): number },
  { mediaType = "application/octet-stream", digest = path } = {},
): NotedFile {
  const size = content instanceof Uint8Array ? content.byteLength : content.size;
  const reads: NotedFile["reads"] = [];
  function read(offset: number, length: number) {
    const count = Math.max(0, Math.min(length, size - offset));
    reads.push({ offset, length: count });
    if (content instanceof Uint8Array) {
      return Promise.resolve(new Uint8Array(content.subarray(offset, offset + count)));
    }
    const bytes = new Uint8Array(count);
    for (let i = 0; i < count; i++) bytes[i] = content.byteAt(offset + i);
    return Promise.resolve(bytes);
  }
  return {
    ref: "demo@1.0.0",
    path,
    size,
    digest,
    mediaType,
    url: "",
    reads,
    bytesRead: () => reads.reduce((sum, { length }) => sum + length, 0),
    read,
    async text(maxBytes) {
      const bytes = await read(0, maxBytes);
      const truncated = bytes.byteLength < size;
      return { text: new TextDecoder().decode(bytes, { stream: truncated }), truncated };
    },
  };
}

export function fakeVersion(files: ReadonlyMap<string, Uint8Array>): ArtifactVersion {
  const all = [...files].map(([path, bytes]) => fakeFile(path, bytes));
  const about = { name: "demo", version: "1.0.0", commit: "c", digest: "d", materializer: "path" };
  const times = { createdAt: "2026-01-01T00:00:00.000Z", metadata: {}, inputs: [] };
  return { ...about, ...times, files: all, size: all.reduce((sum, { size }) => sum + size, 0) };
}
