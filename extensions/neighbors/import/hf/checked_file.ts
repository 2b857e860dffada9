// Parts of both readers: files whose content is checked, and the aliases of revisions.
import { createHash } from "node:crypto";
import type { FileToSave } from "../../../../materializers/mod.ts";
import { corrupt, iterableStream, shown } from "../../../../core/kernel.ts";
import { aliasOfRef } from "../alias_of_ref.ts";

export const COMMIT = /^[0-9a-f]{40}$/;

interface Source {
  readonly size: number;
  /** SHA-256 of a file of Git LFS, or the hash of Git. Others are not checked. */
  readonly hash: string;
  chunks(): AsyncIterable<Uint8Array>;
}

/** Returns a file whose stream fails with `Corrupt` at its end if it does not match its hash. */
export function checkedFile(path: string, { size, hash, chunks }: Source): FileToSave {
  const stream = () =>
    iterableStream((async function* () {
      const state = /^[0-9a-f]{64}$/.test(hash)
        ? createHash("sha256")
        : COMMIT.test(hash)
        ? createHash("sha1").update(`blob ${size}\0`)
        : undefined;
      for await (const chunk of chunks()) {
        state?.update(chunk);
        yield chunk;
      }
      if (state === undefined || state.digest("hex") === hash) return;
      throw corrupt("import", shown(path), "its content does not match its hash in the source");
    })());
  return { path, content: { size, stream } };
}

/** Returns the alias of a branch or tag; its name if it cannot be one. */
export function aliasOf(ref: string): string {
  return aliasOfRef(ref, "rev") ?? ref;
}
