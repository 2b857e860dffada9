// Committing a direct upload.
import type { Backend } from "../../../core/backend.ts";
import { iterableStream } from "../../../core/bytes/bytes.ts";
import { fault, isRegistryError, type RegistryError } from "../../../core/errors.ts";
import type { FileToSave, Materializer } from "../../../core/materializer.ts";
import { shown } from "../../../core/naming/names.ts";
import type { StoredFile, VersionRecord } from "../../../core/record.ts";
import type {
  CommitUploadOptions,
  UploadFile,
  UploadToCommit,
} from "../../../core/registry/transfer.ts";
import type { Registry, SavedArtifact } from "../../../core/registry.ts";
import { settleVersion } from "../../cell/settle.ts";
import { type Context, contextOf } from "../context.ts";
import { uploadKey } from "../../format/layout.ts";
import { removeObjects } from "../../../core/work/remove_objects.ts";
import { UploadedContent } from "../../payload/stored_content.ts";
import { savedArtifact, saveFiles } from "../save.ts";
import { findSaved } from "../target/keyed.ts";
import { checkFiles } from "./create_upload.ts";

/** Implements `commitUpload` of `registry/tools.ts`. */
export async function commitUpload(
  registry: Registry,
  upload: UploadToCommit,
  options: CommitUploadOptions,
): Promise<SavedArtifact> {
  if (registry.service?.commitUpload !== undefined) {
    return await registry.service.commitUpload(upload, options);
  }
  const context = contextOf(registry, "commit an upload");
  checkFiles((upload as typeof upload | null | undefined)?.files as typeof upload.files);
  const { name, materializer = reader(upload.files), idempotencyKey = upload.id, ...more } =
    options;
  const keys = upload.files.map((_, n) => uploadKey(upload.id, n));
  const artifact = {
    name,
    materializer: { id: materializer.id, formatVersion: materializer.formatVersion },
    produce: () => uploadedFiles(context, upload, options.signal),
    check: (files: readonly StoredFile[]) => checkDigests(upload, files),
  };
  let saved: SavedArtifact;
  try {
    saved = await saveFiles(context, artifact, { ...more, idempotencyKey });
  } catch (error) {
    if (!isRegistryError(error, "NotFound")) throw error;
    const earlier = await findSaved(context, { name, key: idempotencyKey }, options.signal);
    if (earlier === undefined) throw error;
    await settleVersion(context, earlier, options.signal);
    saved = savedArtifact(earlier.record as VersionRecord, true); // which removed the upload
  }
  await removeObjects(context.backend, keys).catch((error) => {
    context.logger.debug(`commit upload: left "${keys[0]}" for garbage collection`, error);
  });
  return saved;
}

/** Returns the default materializer that loads these files. */
function reader(files: readonly UploadFile[]): Pick<Materializer, "id" | "formatVersion"> {
  return {
    id: files.length === 1 && !files[0].path.includes("/") ? "file" : "folder",
    formatVersion: 1,
  };
}

async function* uploadedFiles(
  { backend }: Context,
  { id, files }: UploadToCommit,
  signal?: AbortSignal,
): AsyncGenerator<FileToSave> {
  for (const [n, { path, mediaType, size }] of files.entries()) {
    const key = uploadKey(id, n);
    const info = await backend.head(key, { signal });
    if (info === undefined) throw missing(backend, path, key);
    if (size !== undefined && info.size !== size) {
      throw mismatch(path, `it has ${info.size} bytes, not ${size}`);
    }
    const content = new UploadedContent(info, () => iterableStream(read(key, path)));
    yield { path, content, ...(mediaType === undefined ? {} : { mediaType }) };
  }

  async function* read(key: string, path: string): AsyncGenerator<Uint8Array> {
    const object = await backend.get(key, { signal });
    if (object === undefined) throw missing(backend, path, key);
    yield* object.body;
  }
}

function missing(backend: Backend, path: string, key: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "commit the upload of",
    subject: shown(path),
    state: "it has not arrived",
    hint: "Send it to its URL, or begin again if it was sent before the registry's graceMs.",
    key,
    backend: backend.location,
  });
}

function checkDigests({ files }: UploadToCommit, stored: readonly StoredFile[]): void {
  const expected = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  for (const { path, sha256 } of stored) {
    const declared = expected.get(path) ?? sha256;
    if (declared !== sha256) throw mismatch(path, `its SHA-256 is ${sha256}, not ${declared}`);
  }
}

function mismatch(path: string, state: string): RegistryError {
  const subject = shown(path);
  const hint = "Send the right file to its URL, and commit again. Nothing was committed.";
  return fault({ code: "Invalid", action: "commit the upload of", subject, state, hint });
}
