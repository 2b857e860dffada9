// Verbs of resumable uploads whose requests have checksums.
import { createSha256, sha256 } from "../../../core/bytes/digest.ts";
import { createResumableUploads } from "../../../registry/transfer/resumable/uploads.ts";
import type { VerbParts } from "../actor.ts";

export interface UploadVerbs {
  /** Begins an upload; undefined if that failed. */
  beginUpload(size: number): Promise<string | undefined>;
  /** Returns how far an upload is; undefined if that failed. */
  uploadOffset(id: string): Promise<number | undefined>;
  /** Sends the bytes of `content` from `offset`, damaged on the way or not. Their checksum is that of the right ones. */
  appendPiece(
    id: string,
    sent: { content: Uint8Array; offset: number; bytes: number; damaged: boolean },
  ): Promise<void>;
  readUpload(id: string, content: Uint8Array): Promise<void>;
}

const PIECE_BYTES = 4000;
const CHUNK_BYTES = 1000;

export function createUploadVerbs({ call, registry, process }: VerbParts): UploadVerbs {
  const uploads = createResumableUploads(registry, { pieceBytes: PIECE_BYTES });

  async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES) {
      await process.system.sleep(1);
      yield bytes.subarray(at, at + CHUNK_BYTES);
    }
  }

  return {
    async beginUpload(size) {
      return await uploads.begin({ size }).then(({ id }) => id, () => undefined);
    },

    async uploadOffset(id) {
      const outcome = await call({ verb: "uploadOffset", id }, async () => {
        return { ok: true, offset: (await uploads.state(id)).offset };
      });
      return outcome.ok && "offset" in outcome ? outcome.offset : undefined;
    },

    async appendPiece(id, { content, offset, bytes, damaged }) {
      const right = content.subarray(offset, offset + bytes);
      const sent = damaged ? right.map((byte, i) => i === bytes - 1 ? byte ^ 1 : byte ^ 2) : right;
      const seen = createSha256();
      const verify = {
        update: (chunk: Uint8Array) => seen.update(chunk),
        matches: () => seen.digest() === sha256(right),
      };
      await call({ verb: "appendPiece", id, offset, bytes, damaged }, async () => {
        return { ok: true, offset: await uploads.append(id, chunksOf(sent), { offset, verify }) };
      });
    },

    async readUpload(id, content) {
      await call({ verb: "readUpload", id }, async () => {
        const source = await uploads.source(id);
        const bytes = await new Response(source.stream()).bytes();
        return {
          ok: true,
          read: { label: sha256(bytes) === sha256(content) ? RIGHT : "other bytes" },
        };
      });
    },
  };
}

export const RIGHT = "the right bytes";
