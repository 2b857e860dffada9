// A storage over any backend.
import { type Backend, type Body, isPrefix } from "../../core/backend.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { parsePath } from "../../core/naming/paths.ts";
import { described } from "../../core/text/described.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileData, FileStorage, StorageReadOptions } from "./file_storage.ts";

/** Options of {@linkcode createFileStorage}. */
export interface FileStorageOptions {
  /** Where files lie; it is closed with the storage. */
  backend: Backend;
}

/**
 * Creates a storage over a backend: each file is an object, and its path is the key.
 *
 * @example
 * ```ts
 * import { createFileStorage } from "@holdfast/holdfast/plugins";
 * import { createMemoryBackend } from "@holdfast/holdfast/backends/memory";
 * import { assertEquals } from "@std/assert";
 *
 * const storage = createFileStorage({ backend: createMemoryBackend() });
 * await storage.writeFile("notes/today.txt", "remember the milk");
 * assertEquals(new TextDecoder().decode(await storage.readFile("notes/today.txt")), "remember the milk");
 * ```
 */
export function createFileStorage({ backend }: FileStorageOptions): FileStorage {
  async function get(path: string, options: StorageReadOptions | undefined) {
    const key = keyOf(path, "read");
    const found = await backend.get(key, options);
    if (found !== undefined) return found;
    throw fault({
      code: "NotFound",
      action: "read file",
      subject: shown(path),
      state: "there is none",
      hint: "list() shows what there is. Paths are relative to the root of the storage.",
      key,
      backend: backend.location,
    });
  }

  return {
    async writeFile(path, data, { mode = "overwrite", ...options } = {}) {
      const key = keyOf(path, "write");
      const outcome = await backend.put(key, bodyOf(path, data), { mode, ...options });
      if (outcome.written) return { path: key, size: outcome.info.size };
      throw fault({
        code: "AlreadyExists",
        action: "write file",
        subject: shown(path),
        state: "there is one",
        hint: 'Take another path, or leave out mode: "create".',
        key,
        backend: backend.location,
      });
    },
    readFile: async (path, options) => await (await get(path, options)).bytes(),
    openFile: async (path, options) => (await get(path, options)).body,
    exists: async (path, options) =>
      await backend.head(keyOf(path, "look for"), options) !== undefined,
    delete: async (path, options) => await backend.delete(keyOf(path, "delete"), options),
    async *list(folder, options) {
      const parsed = parsePath(folder ?? "");
      for await (const entry of backend.list(parsed === "" ? "" : `${parsed}/`, options)) {
        if (!isPrefix(entry)) yield { path: entry.key, size: entry.size };
      }
    },
    [Symbol.asyncDispose]: async () => await backend[Symbol.asyncDispose](),
  };
}

function keyOf(path: string, action: string): string {
  const key = parsePath(path);
  if (key !== "" && !path.endsWith("/")) return key;
  throw fault({
    code: "Invalid",
    action,
    subject: `file ${shown(path)}`,
    state: "it is the path of a folder",
    hint: "Name a file: uploads/file.bin.",
  });
}

function bodyOf(path: string, data: FileData): Body {
  if (typeof data === "string") return new TextEncoder().encode(data);
  if (data instanceof Uint8Array || data instanceof Blob) return data;
  if (!(data instanceof ReadableStream)) throw noData(path, `its data are ${described(data)}`);
  if (data.locked) throw noData(path, "its stream was read before");
  return data;
}

function noData(path: string, state: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "write file",
    subject: shown(path),
    state,
    hint: "Give a Uint8Array, a text, a Blob, or a ReadableStream of bytes that nobody has read.",
  });
}
