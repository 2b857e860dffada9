// Direct transfers between other programs, or browsers, and the store.
import type { Backend } from "../../../core/backend.ts";
import { iterableStream } from "../../../core/bytes/bytes.ts";
import { fault, isRegistryError, notFound, unsupported } from "../../../core/errors.ts";
import type { RegistryError } from "../../../core/errors.ts";
import type { FileToSave, Materializer } from "../../../core/materializer.ts";
import { shown } from "../../../core/naming/names.ts";
import { parseRef } from "../../../core/naming/refs.ts";
import type { StoredFile, VersionRecord } from "../../../core/record.ts";
import type { Registry, SavedArtifact } from "../../../core/registry.ts";
import type {
  CommitUploadOptions,
  CreateUploadOptions,
  DirectDownload,
  DirectDownloadOptions,
  Upload,
  UploadFile,
  UploadTarget,
  UploadToCommit,
} from "../../../core/registry/transfer.ts";
import { removeObjects } from "../../../core/work/remove_objects.ts";
import { fileInfo } from "../../cache/read.ts";
import { runsOf } from "../../cell/part_runs.ts";
import { settleVersion } from "../../cell/settle.ts";
import { uploadKey } from "../../format/layout.ts";
import { createPathCheck } from "../../payload/content.ts";
import type { PayloadSource } from "../../payload/store_reader.ts";
import { UploadedContent } from "../../payload/stored_content.ts";
import { checkWritable, type Context, contextOf } from "../context.ts";
import { payloadSource } from "../load.ts";
import { locate } from "../resolve.ts";
import { savedArtifact, saveFiles } from "../save.ts";
import { findSaved, isDeleted } from "../target/keyed.ts";

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
    wrong === undefined ? "`files` is empty" : `invalid sha256 of ${shown(wrong.path)}`,
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
    const earlier = await findSaved(context, { ...more, name, key: idempotencyKey }, more.signal);
    if (earlier === undefined || await isDeleted(context, earlier, options.signal)) throw error;
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
    id: files.length === 1 && !files[0]?.path.includes("/") ? "file" : "folder",
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
  return notFound("commit the upload of", shown(path), "it was not uploaded", {
    hint:
      "Send it to its URL. If that was more than the registry's graceMs ago, create a new upload.",
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

export async function presignDownload(
  registry: Registry,
  ref: string,
  options: DirectDownloadOptions = {},
): Promise<DirectDownload> {
  if (registry.service?.presignDownload !== undefined) {
    return await registry.service.presignDownload(ref, options);
  }
  const context = contextOf(registry, `presign a file of ${shown(ref)}`);
  const { version, expiresInMs = DEFAULT_EXPIRY_MS, signal } = options;
  const presign = presigner(context, `presign a file of ${shown(ref)}`);
  const expiresAt = expiry(context, expiresInMs);
  const located = await locate(context, parseRef(ref, version), signal);
  const source = await payloadSource(context, located, signal);
  const file = chosenFile(source, options.path);
  const { fileName = file.path.slice(file.path.lastIndexOf("/") + 1) } = options;
  const key = await wholeObject(context, source, file, signal);
  const url = await presign(key, { method: "GET", fileName, expiresInMs, signal });
  return { url, expiresAt, file: fileInfo(file) };
}

function chosenFile({ files, ref }: PayloadSource, path: string | undefined): StoredFile {
  const file = path === undefined && files.length === 1
    ? files[0]
    : files.find((file) => file.path === path);
  if (file !== undefined) return file;
  const known = files.slice(0, 8).map((file) => shown(file.path)).join(", ");
  throw fault({
    code: path === undefined ? "Invalid" : "NotFound",
    action: "presign a file of",
    subject: `"${ref}"`,
    state: path === undefined ? "it has several files" : `no file ${shown(path)}`,
    hint: `Pass the path of one of its ${files.length}: ${known}${files.length > 8 ? ", …" : ""}`,
  });
}

async function wholeObject(
  { backend }: Context,
  source: PayloadSource,
  file: StoredFile,
  signal?: AbortSignal,
): Promise<string> {
  const [run, ...others] = runsOf(file.parts);
  const isAlone = others.length === 0 && file.encoding === undefined;
  if (run !== undefined && isAlone && (run.offset ?? 0) === 0) {
    const key = source.keyOf(file, run.parts[0]);
    const info = await backend.head(key, { signal });
    if (info === undefined) return await source.missing(key);
    if (info.size === file.size) return key;
  }
  const [state, hint] = file.encoding !== undefined
    ? ["it is stored compressed", "Read it through the registry, or save it uncompressed."]
    : others.length > 0
    ? [
      "it is stored in several objects, which it shares with other versions",
      "Read it through the registry, or store it whole: save it with `base: null` " +
      "(`holdfast save --share none`).",
    ]
    : [
      "it shares an object with other files or the record",
      "Read it through the registry. Only large or uploaded files have URLs.",
    ];
  throw unsupported("presign", `${shown(file.path)} of "${source.ref}"`, state, {
    hint,
    backend: backend.location,
  });
}

const HOUR_MS = 3_600_000;
const MIN_EXPIRY_MS = 1_000;
const MAX_EXPIRY_MS = 7 * 24 * HOUR_MS; // limit of AWS and GCS

/** Default lifetime of a URL, milliseconds. */
export const DEFAULT_EXPIRY_MS = HOUR_MS;

/** Returns the presign method. Throws `Unsupported` if the store has none. */
export function presigner({ backend }: Context, action: string): NonNullable<Backend["presign"]> {
  if (backend.presign !== undefined) return backend.presign.bind(backend);
  const state = `${backend.location} has no presigned URLs`;
  const hint = "Use a bucket with credentials that can sign, or transfer through the registry.";
  throw fault({ code: "Unsupported", action, state, hint, backend: backend.location });
}

/** Returns the expiry of a new URL. Throws `Invalid` for a lifetime that no store allows. */
export function expiry({ system }: Context, expiresInMs: number): Date {
  const valid = Number.isSafeInteger(expiresInMs) && expiresInMs >= MIN_EXPIRY_MS &&
    expiresInMs <= MAX_EXPIRY_MS;
  if (valid) return new Date(system.now() + expiresInMs);
  const state = `expiresInMs ${shown(expiresInMs)} is not between 1000 and ${MAX_EXPIRY_MS}`;
  const hint = "Pass an integer number of milliseconds, from 1 second to 7 days.";
  throw fault({ code: "Invalid", action: "presign a URL", state, hint });
}
