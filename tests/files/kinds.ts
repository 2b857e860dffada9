import { createMemoryBackend } from "../../backends/memory.ts";
import { createBucketFiles } from "../../files/bucket.ts";
import { createLocalFiles } from "../../files/local.ts";
import { createMemoryFiles } from "../../files/memory.ts";
import type { FileStore } from "../../core/file_store.ts";

/** Every kind of store without a server, new and empty. */
export const KINDS: Record<string, (path: string) => FileStore> = {
  memory: () => createMemoryFiles(),
  bucket: () => createBucketFiles({ backend: createMemoryBackend() }),
  disk: (root) => createLocalFiles({ root }),
};

/** The same store with other members. */
export function withMembers(store: FileStore, own: Partial<FileStore>): FileStore {
  return new Proxy(store, {
    get(target, key) {
      const member = Reflect.get(Object.hasOwn(own, key) ? own : target, key);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
