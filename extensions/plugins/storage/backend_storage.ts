// A file storage over any backend.
import { type Body, isPrefix } from "../../../backends/mod.ts";
import type { Backend, ErrorCode } from "../../../mod.ts";
import { described, fault, parsePath, type RegistryError, shown } from "../../../core/kernel.ts";
import type { FileData, FileStorage, StorageReadOptions } from "./file_storage.ts";

/**
 * Creates a file storage over a backend: each file is an object with its path as the key.
 *
 * @example
 * ```ts
 * import { createFileStorage } from "@holdfast/holdfast/plugins";
 * import { createMemoryBackend } from "@holdfast/holdfast/backends/memory";
 * import { assertEquals } from "@std/assert";
 *
 * const storage = createFileStorage({ backend: createMemoryBackend() });
 * await storage.writeFile("notes/today.txt", "remember the milk");
 * const bytes = await storage.readFile("notes/today.txt");
 * assertEquals(new TextDecoder().decode(bytes), "remember the milk");
 * ```
 */
export function createFileStorage({ backend }: {
  /** The store of the files, closed with the storage. */
  backend: Backend;
}): FileStorage {
  async function get(path: string, options: StorageReadOptions | undefined) {
    const key = keyOf(path, "read");
    const object = await backend.get(key, options);
    if (object !== undefined) return object;
    const hint = "Check the path, relative to the root of the storage, with list().";
    throw fileFault("NotFound", "read", { path, state: "file not found", hint, key, backend });
  }

  return {
    async writeFile(path, data, { mode = "overwrite", ...options } = {}) {
      const key = keyOf(path, "write");
      const outcome = await backend.put(key, bodyOf(path, data), { mode, ...options });
      if (outcome.written) return { path: key, size: outcome.info.size };
      const hint = 'Choose another path, or omit mode: "create".';
      throw fileFault("AlreadyExists", "write", { path, state: "it exists", hint, key, backend });
    },
    readFile: async (path, options) => await (await get(path, options)).bytes(),
    openFile: async (path, options) => (await get(path, options)).body,
    exists: async (path, options) => await backend.head(keyOf(path, "find"), options) !== undefined,
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
  const hint = "Use the path of a file: uploads/file.bin.";
  throw fileFault("Invalid", action, { path, state: "the path is a folder", hint });
}

function fileFault(
  code: ErrorCode,
  action: string,
  { path, backend, ...fields }: {
    path: string;
    state: string;
    hint: string;
    key?: string;
    backend?: Backend;
  },
): RegistryError {
  const subject = `file ${shown(path)}`;
  return fault({ ...fields, code, action, subject, backend: backend?.location });
}

function bodyOf(path: string, data: FileData): Body {
  if (typeof data === "string") return new TextEncoder().encode(data);
  if (data instanceof Uint8Array || data instanceof Blob) return data;
  if (!(data instanceof ReadableStream)) throw noData(path, `its data is ${described(data)}`);
  if (data.locked) throw noData(path, "its stream is already being read");
  return data;
}

function noData(path: string, state: string): RegistryError {
  const hint = "Pass a Uint8Array, a string, a Blob, or an unread ReadableStream of bytes.";
  return fileFault("Invalid", "write", { path, state, hint });
}
