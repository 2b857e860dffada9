/**
 * Transfers outside `save` and `load`: direct uploads and downloads over presigned URLs, resumable
 * uploads, and the types of drafts.
 *
 * @module
 */
import { checkRegistry, checkToolOptions } from "../core/options/check_options.ts";
import type {
  CommitUploadOptions,
  CreateUploadOptions,
  DirectDownload,
  DirectDownloadOptions,
  Upload,
  UploadToCommit,
} from "../core/registry/transfer.ts";
import type { Registry, SavedArtifact } from "../core/registry.ts";
import { worded } from "./contract/verb_errors.ts";
import { COMMIT_UPLOAD } from "./contract/verb_options.ts";
import type { ResumableUploads } from "./operations/transfer/resumable/uploads.ts";

export type * from "../core/registry/draft.ts";
export type * from "../core/registry/transfer.ts";
export type {
  ResumableUploads,
  UploadSource,
  UploadState,
} from "./operations/transfer/resumable/uploads.ts";
export type { UploadNote } from "./operations/transfer/resumable/write_pieces.ts";

/**
 * Begins a direct upload, with one URL per file for a PUT request. The registry changes only with
 * {@linkcode commitUpload}; without it, files are garbage collected after `graceMs`.
 *
 * @throws {RegistryError} `Unsupported` if the store has no presigned URLs
 *
 * @example
 * ```ts ignore
 * import { commitUpload, createUpload } from "@holdfast/holdfast/uploads";
 *
 * const upload = await createUpload(registry, { files: [{ path: "model.bin", sha256 }] });
 * const [{ url, method, headers }] = upload.files;
 * await fetch(url, { method, headers, body }); // in a browser
 * await commitUpload(registry, upload, { name: "my:model" });
 * ```
 */
export async function createUpload(
  registry: Registry,
  options: CreateUploadOptions,
): Promise<Upload> {
  checkToolOptions("create an upload", registry, options, undefined, ["files"]);
  const tool = await import("./operations/transfer/direct.ts");
  return await worded({ verb: "create an upload" }, () => tool.createUpload(registry, options));
}

/**
 * Saves the files of a direct upload as a version: copies them (in the store if it can), reads the
 * copies for their SHA-256, writes the record, and removes the upload. A repeat returns the same
 * result: the default `idempotencyKey` is the upload's id.
 *
 * @throws {RegistryError} `NotFound` if a file has not arrived, `Invalid` for a different size or
 * SHA-256. Nothing is committed then, and the file can be sent again.
 */
export async function commitUpload(
  registry: Registry,
  upload: UploadToCommit,
  options: CommitUploadOptions,
): Promise<SavedArtifact> {
  const action = "commit an upload";
  const given = checkToolOptions(action, registry, options, COMMIT_UPLOAD, ["name"]);
  const tool = await import("./operations/transfer/direct.ts");
  const call = { verb: "save", ref: given.name };
  return await worded(call, () => tool.commitUpload(registry, upload, given));
}

/**
 * Returns a URL that downloads a file of a version from the store. The file must have been uploaded
 * directly, or have more than 256 KiB, and not be compressed. If the version is replaced or
 * deleted, the URL works for at least `graceMs`.
 *
 * @throws {RegistryError} `Unsupported` for other files, or if the store has no presigned URLs
 */
export async function presignDownload(
  registry: Registry,
  ref: string,
  options: DirectDownloadOptions = {},
): Promise<DirectDownload> {
  checkRegistry("presign a file", registry);
  const tool = await import("./operations/transfer/direct.ts");
  const call = { verb: "presign a file of", ref };
  return await worded(call, () => tool.presignDownload(registry, ref, options));
}

/**
 * Opens the resumable uploads of a registry: files that arrive in pieces, over connections that
 * break, on any store. Uploads that are not saved are garbage collected after `graceMs`.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { openUploads } from "@holdfast/holdfast/uploads";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * const uploads = await openUploads(registry);
 * const { id } = await uploads.begin({ size: 5 });
 * const piece = (text: string) => ReadableStream.from([new TextEncoder().encode(text)]);
 * await uploads.append(id, piece("hel"), { offset: 0 }); // here the connection breaks
 * const { offset } = await uploads.state(id);
 * await uploads.append(id, piece("lo"), { offset });
 *
 * const source = await uploads.source(id);
 * assertEquals(await new Response(source.stream()).text(), "hello");
 * ```
 */
export async function openUploads(registry: Registry): Promise<ResumableUploads> {
  checkRegistry("open uploads", registry);
  const tool = await import("./operations/transfer/resumable/uploads.ts");
  return tool.createResumableUploads(registry);
}
