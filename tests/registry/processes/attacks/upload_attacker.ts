// A process that sends uploads in pieces: `upload_attacker.ts PLACE`.
import { openRegistry } from "../../../../mod.ts";
import type { ResumableUploads } from "../../../../extensions/transfers/mod.ts";
import { createResumableUploads } from "../../../../extensions/transfers/uploads.ts";
import { type Attack, openAttackedStore } from "./attacked_store.ts";
import { attempt, playRounds } from "./play_rounds.ts";

export interface UploadAttack extends Attack {
  id: string;
}

/** Size of a piece, bytes. */
export const PIECE_BYTES = 4000;
const UNIT = 1000;

export function contentOf(round: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 24 * UNIT }, (_, i) => Math.floor(i / 7) ^ i ^ round);
}

/** Sends a part of the content. */
export async function sendPart(
  uploads: ResumableUploads,
  id: string,
  { content, offset, bytes }: { content: Uint8Array; offset: number; bytes: number },
): Promise<number> {
  return await uploads.append(id, chunksOf(content.subarray(offset, offset + bytes)), { offset });
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (let at = 0; at < bytes.byteLength; at += UNIT) yield bytes.subarray(at, at + UNIT);
}

if (import.meta.main) {
  const store = await openAttackedStore(JSON.parse(Deno.args[0]));
  const registry = await openRegistry(store.backend, { cache: false, retryForMs: 2000 });
  const uploads = createResumableUploads(registry, { pieceBytes: PIECE_BYTES });
  await playRounds<UploadAttack>(async (attack, report) => {
    const random = store.begin(attack);
    const { id, round } = attack;
    const content = contentOf(round);
    for (let n = 0; n < 4; n++) {
      const at = await attempt(() => {}, {}, () => uploads.state(id));
      if (at === undefined || at.offset === at.size) continue;
      const bytes = Math.min(at.size - at.offset, random.pick([4, 4, 8, 12, 24, 5]) * UNIT);
      await attempt(report, { event: "appended" }, () => {
        return sendPart(uploads, id, { content, offset: at.offset, bytes });
      });
    }
  });
}
