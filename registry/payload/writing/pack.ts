/**
 * Small files, put together into objects.
 *
 * @module
 */
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { StoredFile } from "../../../core/record/record.ts";
import type { SideBySide } from "../../../core/work/side_by_side.ts";
import type { Uploads } from "./uploads.ts";

/** A pack is sent when it has so many bytes. */
const PACK_BYTES = 8 * 1024 * 1024;

/** The pack that is being filled. */
export interface Pack {
  /** Puts a file into it; before that, what is full is sent. */
  add(file: StoredFile, bytes: Uint8Array): Promise<void>;
  /** Begins to send it, where it has anything. */
  flush(): Promise<void>;
}

/** An empty pack. Full ones are on their way while the next is filled. */
export function createPack(uploads: Uploads, tasks: SideBySide): Pack {
  let held: Uint8Array[] = [], size = 0, object = -1;
  const pack: Pack = {
    async add(file, bytes) {
      if (held.length > 0 && size + bytes.byteLength > PACK_BYTES) await pack.flush();
      if (held.length === 0) object = uploads.next();
      const sum = file.encoding === undefined ? {} : { sha256: sha256(bytes) };
      file.parts = [{ object, offset: size, size: bytes.byteLength, ...sum }];
      held.push(bytes);
      size += bytes.byteLength;
    },
    async flush() {
      if (held.length === 0) return;
      const full = { object, bytes: concatBytes(held) };
      held = [];
      size = 0;
      await tasks.begin(
        full.bytes.byteLength,
        () => uploads.put(full.object, full.bytes, { size: full.bytes.byteLength }),
      );
    },
  };
  return pack;
}
