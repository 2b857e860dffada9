/**
 * Verbs that bring content from elsewhere: from another version, or straight into the store.
 *
 * @module
 */
import type { SavedArtifact, SaveOptions } from "../../../core/registry.ts";
import { commitUpload } from "../../../registry/transfer/commit_upload.ts";
import { createUpload } from "../../../registry/transfer/create_upload.ts";
import type { Upload } from "../../../registry/transfer/create_upload.ts";
import type { VerbParts } from "../actor.ts";

/** Verbs of an actor that bring content from elsewhere. */
export interface TransferVerbs {
  /** Copies a version to another ref. */
  copy(from: { name: string; ref: string }, name: string, version?: string): Promise<SavedArtifact | undefined>;
  /** Begins a direct upload of one file, "own"; undefined where that failed. */
  createUpload(): Promise<Upload | undefined>;
  /** Commits it. */
  commitUpload(upload: Upload, name: string, options?: SaveOptions): Promise<SavedArtifact | undefined>;
}

/** Creates them. */
export function createTransferVerbs({ call, registry }: VerbParts): TransferVerbs {
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
      const materializer = { id: "simulate/bundle", formatVersion: 1 };
      const keyed = { idempotencyKey: upload.id, ...options }; // as it does itself
      const request = { verb: "commitUpload", name, id: upload.id, path: "own", options: keyed } as const;
      const outcome = await call(request, async () => {
        return { ok: true, saved: await commitUpload(registry, upload, { ...options, name, materializer }) };
      });
      return outcome.ok && "saved" in outcome ? outcome.saved : undefined;
    },
  };
}
