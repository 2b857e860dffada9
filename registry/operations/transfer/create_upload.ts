// Direct uploads, which other programs and browsers send straight to the store.
import { fault, type RegistryError } from "../../../core/errors.ts";
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

/** Implements `createUpload` of `registry/tools.ts`. */
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
  for (const [n, file] of files.entries()) {
    const { path, mediaType: contentType, size, sha256 } = file;
    const how = { method: "PUT", contentType, expiresInMs, signal } as const;
    const url = await presign(uploadKey(id, n), how);
    targets.push({
      path,
      ...(contentType === undefined ? {} : { mediaType: contentType }),
      ...(size === undefined ? {} : { size }),
      ...(sha256 === undefined ? {} : { sha256 }),
      url,
      method: "PUT",
      headers: contentType === undefined ? {} : { "content-type": contentType },
    });
  }
  return { id, files: targets, expiresAt };
}

/** Throws `Invalid` for files that cannot be those of an artifact. */
export function checkFiles(files: readonly UploadFile[]): void {
  checkList(files);
  const checkPath = createPathCheck();
  for (const file of files) checkPath({ ...file, content: NOTHING });
  const wrong = files.find(({ sha256 }) => sha256 !== undefined && !/^[0-9a-f]{64}$/.test(sha256));
  if (wrong === undefined && files.length > 0) return;
  throw invalid(
    wrong === undefined ? "there are none" : `invalid sha256 of ${shown(wrong.path)}`,
    "Pass one file or more; a sha256 is 64 lowercase hexadecimal digits.",
  );
}

function checkList(files: unknown): void {
  if (Array.isArray(files)) return;
  const hint = 'Pass { files: ["model.bin"] }; to commitUpload, the result of createUpload.';
  throw invalid("files is not a list", hint);
}

function invalid(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "upload files", state, hint });
}

const NOTHING = new Uint8Array();
