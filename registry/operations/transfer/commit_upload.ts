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

/** What `commitUpload` of `registry/tools.ts` does. */
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
    saved = savedArtifact(earlier.record as VersionRecord, true); // it removed the upload
  }
  await removeObjects(context.backend, keys).catch((error) => { // it is committed: the janitor finds what is left
    context.logger.debug(`commit upload: left "${keys[0]}" for the janitor`, error);
  });
  return saved;
}

/** Of the default materializers the one that gives the files as they are. */
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
      throw notAsSaid(path, `it has ${info.size} bytes, not ${size}`);
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
    hint:
      "Send it to its URL first. What was sent longer ago than the registry's graceMs was collected: begin anew.",
    key,
    backend: backend.location,
  });
}

function checkDigests({ files }: UploadToCommit, stored: readonly StoredFile[]): void {
  const expected = new Map(files.map(({ path, sha256 }) => [path, sha256]));
  for (const { path, sha256 } of stored) {
    const said = expected.get(path) ?? sha256;
    if (said !== sha256) throw notAsSaid(path, `its SHA-256 is ${sha256}, not ${said}`);
  }
}

function notAsSaid(path: string, state: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "commit the upload of",
    subject: shown(path),
    state,
    hint:
      "Nothing was committed. Send the right file to its URL while that works, and commit again.",
  });
}
