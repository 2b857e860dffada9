// Direct uploads: other programs and browsers send files straight to the store.
import { fault } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import type {
  CreateUploadOptions,
  Upload,
  UploadFile,
  UploadTarget,
} from "../../../core/registry/transfer.ts";
import type { Registry } from "../../../core/registry.ts";
import { checkWritable, contextOf } from "../context.ts";
import { uploadKey } from "../../format/layout.ts";
import { createPathCheck } from "../../payload/content.ts";
import { DEFAULT_EXPIRY_MS, expiry, presigner } from "./presign_download.ts";

/** What `createUpload` of `registry/tools.ts` does. */
export async function createUpload(
  registry: Registry,
  options: CreateUploadOptions,
): Promise<Upload> {
  if (registry.service?.createUpload !== undefined) {
    return await registry.service.createUpload(options);
  }
  const context = contextOf(registry, "create an upload");
  const { expiresInMs = DEFAULT_EXPIRY_MS, signal } = options;
  checkWritable(context, "create an upload");
  const presign = presigner(context, "create an upload");
  checkList(options.files);
  const files = options.files.map((file) => typeof file === "string" ? { path: file } : file);
  checkFiles(files);
  const id = context.system.id();
  const expiresAt = expiry(context, expiresInMs);
  const targets: UploadTarget[] = [];
  for (const [n, { path, mediaType, size, sha256 }] of files.entries()) {
    const url = await presign(uploadKey(id, n), {
      method: "PUT",
      contentType: mediaType,
      expiresInMs,
      signal,
    });
    targets.push({
      path,
      ...(mediaType === undefined ? {} : { mediaType }),
      ...(size === undefined ? {} : { size }),
      ...(sha256 === undefined ? {} : { sha256 }),
      url,
      method: "PUT",
      headers: mediaType === undefined ? {} : { "content-type": mediaType },
    });
  }
  return { id, files: targets, expiresAt };
}

/** Throws `Invalid` for files that could not be those of an artifact. */
export function checkFiles(files: readonly UploadFile[]): void {
  checkList(files);
  const checkPath = createPathCheck();
  for (const file of files) checkPath({ ...file, content: NOTHING });
  const wrong = files.find(({ sha256 }) => sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256));
  if (wrong === undefined && files.length > 0) return;
  throw fault({
    code: "Invalid",
    action: "upload files",
    state: wrong === undefined ? "there are none" : `the sha256 of ${shown(wrong.path)} is none`,
    hint: "An upload has one file or more; a sha256 is 64 lowercase hexadecimal digits.",
  });
}

function checkList(files: unknown): void {
  if (Array.isArray(files)) return;
  throw fault({
    code: "Invalid",
    action: "upload files",
    state: "they are no list",
    hint: 'Give them as { files: ["model.bin"] }, or to commitUpload what createUpload gave.',
  });
}

const NOTHING = new Uint8Array();
