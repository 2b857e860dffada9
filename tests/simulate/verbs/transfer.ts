// Verbs of copies, drafts and resumable uploads.
import type { SavedArtifact } from "../../../core/registry.ts";
import type { Draft } from "../../../core/registry/draft.ts";
import type { VerbParts } from "../actor.ts";
import { Bundle, STREAMED_BYTES } from "../bundle.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { createResumableUploads } from "../../../extensions/transfers/uploads.ts";

export interface TransferVerbs {
  copy(
    from: { name: string; ref: string },
    name: string,
    version?: string,
  ): Promise<SavedArtifact | undefined>;
  addPart(
    added: NamedDraft & { part: string; delivery: string },
    chunkMs: number,
  ): Promise<boolean>;
  commitDraft(draft: NamedDraft, parts?: readonly string[]): Promise<SavedArtifact | undefined>;
  discardDraft(draft: NamedDraft): Promise<void>;
}

interface NamedDraft {
  name: string;
  id: string;
}

export function createTransferVerbs({ call, registry, labels }: VerbParts): TransferVerbs {
  const materializer = { id: "simulate/bundle", formatVersion: 1 };
  const opened = new Map<string, Draft>();
  /** Opens a draft once in a process, so that its calls share what they know. */
  const draftOf = async ({ name, id }: NamedDraft) => {
    const draft = opened.get(`${name} ${id}`) ?? await registry.openDraft(name, { id });
    opened.set(`${name} ${id}`, draft);
    return draft;
  };
  return {
    async copy(from, name, version) {
      const options = version === undefined ? {} : { version };
      const source = from.ref === "latest" ? from.name : `${from.name}@${from.ref}`;
      const target = version === undefined ? name : `${name}@${version}`;
      const outcome = await call({ verb: "copy", name, from, options }, async () => {
        return { ok: true, saved: await registry.copy(source, target) };
      });
      return outcome.ok && "saved" in outcome ? outcome.saved : undefined;
    },

    async addPart({ name, id, part, delivery }, chunkMs) {
      const draft = await draftOf({ name, id });
      const label = `draft-${id}-${part}-${delivery}`;
      const files = [{ path: `${part}.small`, label, size: 100 }, {
        path: `${part}.large`,
        label,
        size: STREAMED_BYTES,
      }];
      const bundle = new Bundle(files, chunkMs);
      labels.learn(bundle);
      const outcome = await call({ verb: "addPart", name, id, part }, async () => {
        return { ok: true, done: (await draft.addPart(part, bundle)).added };
      });
      return outcome.ok;
    },

    async commitDraft({ name, id }, parts) {
      const draft = await draftOf({ name, id });
      const request = {
        verb: "commitDraft",
        name,
        id,
        parts,
        options: { idempotencyKey: `draft:${id}` },
      } as const;
      const outcome = await call(
        request,
        async () => ({ ok: true, saved: await draft.commit({ parts, as: materializer }) }),
      );
      return outcome.ok && "saved" in outcome ? outcome.saved : undefined;
    },

    async discardDraft({ name, id }) {
      const draft = await draftOf({ name, id });
      await call(
        { verb: "discardDraft", name, id },
        async () => ({ ok: true, done: await draft.discard() }),
      );
    },
  };
}

export interface UploadVerbs {
  beginUpload(size: number): Promise<string | undefined>;
  uploadOffset(id: string): Promise<number | undefined>;
  /** Sends the bytes of `content` from `offset`. */
  appendPiece(
    id: string,
    sent: { content: Uint8Array; offset: number; bytes: number },
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

    async appendPiece(id, { content, offset, bytes }) {
      const sent = content.subarray(offset, offset + bytes);
      await call({ verb: "appendPiece", id, offset, bytes }, async () => {
        return { ok: true, offset: await uploads.append(id, chunksOf(sent), { offset }) };
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
