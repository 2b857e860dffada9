import { createMemoryBackend } from "../../backends/memory.ts";
import { createBucketFiles } from "../../files/bucket.ts";
import { createLocalFiles } from "../../files/local.ts";
import { createMemoryFiles } from "../../files/memory.ts";
import type { FileStore } from "../../core/file_store.ts";
import { createFileManager } from "../../files/mod.ts";
import type { Files } from "../../files/mod.ts";
import { tempRoot } from "../support/temp_root.ts";

/** Every kind of store that this process has without a server, new and empty. */
export const KINDS: Record<string, (path: string) => FileStore> = {
  memory: () => createMemoryFiles(),
  bucket: () => createBucketFiles({ backend: createMemoryBackend() }),
  disk: (root) => createLocalFiles({ root }),
};

/** Registers a test that is run with each kind of store. */
export function testOnEach(name: string, run: (files: Files) => Promise<void>): void {
  for (const [kind, create] of Object.entries(KINDS)) {
    Deno.test(`${kind}: ${name}`, async () => {
      const root = await tempRoot();
      try {
        await run(await createFileManager({ it: create(root.join("files")) }).on("it"));
      } finally {
        await root.remove();
      }
    });
  }
}

/** The same store with other members. */
export function withMembers(store: FileStore, own: Partial<FileStore>): FileStore {
  return new Proxy(store, {
    get(target, key) {
      const member = Reflect.get(Object.hasOwn(own, key) ? own : target, key);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
