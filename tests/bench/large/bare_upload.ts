// The least that an upload costs in one thread of this runtime: it reads a file, hashes each byte and
// sends parts by the driver. It makes no list of chunks and no record, and loads the same packages.
import { createHash } from "node:crypto";
import type { Backend } from "../../../core/backend.ts";
import { memoryStream } from "../../../core/bytes/own_memory.ts";
import { DiskContent, stateOf } from "../../../disk/disk_file.ts";
import { lookAt } from "../../../disk/disk_calls.ts";

export async function runBareUpload(store: Backend, key: string, path: string): Promise<void> {
  const content = new DiskContent({ path, state: stateOf(lookAt(path)) });
  const hash = createHash("sha256");
  const body = memoryStream(async function* (take) {
    for await (const chunk of content.chunks({ take })) {
      hash.update(chunk);
      yield chunk;
    }
  });
  await store.put(key, body, { size: content.size });
  hash.digest();
}
