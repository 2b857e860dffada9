// Verbs that bring content from elsewhere: from another version, or straight into the store.
import type { SavedArtifact, SaveOptions } from "../../../core/registry.ts";
import { commitUpload } from "../../../registry/transfer/commit_upload.ts";
import { createUpload } from "../../../registry/transfer/create_upload.ts";
import type { Upload } from "../../../core/record/transfer.ts";
import type { VerbParts } from "../actor.ts";
import { Bundle, STREAMED_BYTES } from "../bundle.ts";

/** Verbs of an actor that bring content from elsewhere. */
export interface TransferVerbs {
  copy(
    from: { name: string; ref: string },
    name: string,
    version?: string,
  ): Promise<SavedArtifact | undefined>;
  /** Begins a direct upload of one file, "own"; undefined where that failed. */
  createUpload(): Promise<Upload | undefined>;
  commitUpload(
    upload: Upload,
    name: string,
    options?: SaveOptions,
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

    async createUpload() {
      return await createUpload(registry, { files: ["own"] }).catch(() => undefined);
    },

    async commitUpload(upload, name, options = {}) {
      const keyed = { idempotencyKey: upload.id, ...options }; // as it does itself
      const request = {
        verb: "commitUpload",
        name,
        id: upload.id,
        path: "own",
        options: keyed,
      } as const;
      const outcome = await call(request, async () => {
        return {
          ok: true,
          saved: await commitUpload(registry, upload, { ...options, name, materializer }),
        };
      });
      return outcome.ok && "saved" in outcome ? outcome.saved : undefined;
    },

    async addPart({ name, id, part, delivery }, chunkMs) {
      const draft = await registry.openDraft(name, { id });
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
      const draft = await registry.openDraft(name, { id });
      const request = {
        verb: "commitDraft",
        name,
        id,
        parts,
        options: { idempotencyKey: `draft:${id}` },
      } as const;
      const outcome = await call(
        request,
        async () => ({ ok: true, saved: await draft.commit({ parts, materializer }) }),
      );
      return outcome.ok && "saved" in outcome ? outcome.saved : undefined;
    },

    async discardDraft({ name, id }) {
      const draft = await registry.openDraft(name, { id });
      await call(
        { verb: "discardDraft", name, id },
        async () => ({ ok: true, done: await draft.discard() }),
      );
    },
  };
}
