// An artifact in memory, made of what a materializer wants to save.
import { readableFile } from "../../core/registry/artifact_file.ts";
import { assertEquals, assertInstanceOf } from "@std/assert";
import type { Artifact, ArtifactFile } from "../../core/artifact.ts";
import { bodyBytes, bytesStream } from "../../core/bytes/bytes.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import { type ErrorCode, RegistryError } from "../../core/errors.ts";
import type { FilesToSave, FileToSave, Materializer } from "../../core/materializer.ts";
import type { FileInfo } from "../../core/record.ts";

/** Reads the files that a materializer wants to save, and checks that each source has the size that it says. */
export async function readFiles(
  files: FilesToSave,
): Promise<(FileToSave & { content: Uint8Array })[]> {
  const read: (FileToSave & { content: Uint8Array })[] = [];
  for await (const file of await files) {
    const { content } = file;
    const isSource = !(content instanceof Uint8Array || content instanceof Blob ||
      content instanceof ReadableStream);
    const bytes = (await bodyBytes(isSource ? content.stream() : content)).slice();
    if (isSource) assertEquals(bytes.byteLength, content.size);
    read.push({ ...file, content: bytes });
  }
  return read;
}

/** An artifact with these files. */
export function fakeArtifact(
  files: readonly (Omit<FileToSave, "content"> & { content: Uint8Array | string })[],
  options: { id?: string; name?: string } = {},
): Artifact {
  const { id = "folder", name = "a:name" } = options;
  const opened = files.map(({ content, ...rest }): ArtifactFile => {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const info: FileInfo = { ...rest, size: bytes.byteLength, sha256: sha256(bytes) };
    return readableFile({
      info,
      stream: ({ offset = 0, length } = { offset: 0 }) =>
        bytesStream(bytes.slice(offset, length === undefined ? undefined : offset + length)),
      bytes: () => Promise.resolve(bytes.slice()),
    });
  });
  const infos = opened.map(({ info }) => info);
  const materializer = { id, formatVersion: 1 };
  return {
    info: {
      name,
      version: "1.0.0",
      commit: "0197a0b0-0000-7000-8000-000000000000",
      generation: 1,
      digest: sha256(JSON.stringify([materializer, infos])),
      size: infos.reduce((sum, { size }) => sum + size, 0),
      createdAt: new Date(0),
      materializer,
      metadata: {},
      inputs: [],
      files: infos,
    },
    files: () => opened,
    file(path) {
      const found = opened.find(({ info }) => info.path === path);
      if (found !== undefined) return found;
      throw new RegistryError({ code: "NotFound", message: `Cannot open "${path}": no such file` });
    },
  };
}

/** Returns the files that a materializer saves of a value, as an artifact. */
export async function savedBy<T>(materializer: Materializer<T>, value: T): Promise<Artifact> {
  return fakeArtifact(await readFiles(materializer.save(value, {})), { id: materializer.id });
}

/** A value that was saved and loaded. */
export async function roundTrip<T>(materializer: Materializer<T>, value: T): Promise<T> {
  return await materializer.load(await savedBy(materializer, value), {});
}

/** Asserts that a call fails with a `RegistryError` of this code, worded as the house words them, and returns it. */
export async function fails(code: ErrorCode, call: () => unknown): Promise<RegistryError> {
  try {
    await call();
  } catch (error) {
    assertInstanceOf(error, RegistryError, String(error));
    assertEquals(error.code, code, error.message);
    assertEquals(
      /^[A-Z].*: \S/s.test(error.message),
      true,
      `not "Action, colon, state": ${error.message}`,
    );
    return error;
  }
  throw new Error(`Nothing failed: ${code} was expected`);
}
