// What is done beside saving and loading. Each function loads what it is made of when it is called,
// so that programs which do without start sooner; what they are options is read at once.
import type { Backend } from "../core/backend.ts";
import { checkGiven, checkRegistry, checkToolOptions } from "../core/options/check_options.ts";
import { COMMIT_UPLOAD } from "./contract/verb_options.ts";
import { worded } from "./contract/verb_errors.ts";
import type { FilesToSave } from "../core/materializer.ts";
import type { FileInfo } from "../core/record.ts";
import type {
  CommitUploadOptions,
  CreateUploadOptions,
  DirectDownload,
  DirectDownloadOptions,
  Upload,
  UploadToCommit,
} from "../core/registry/transfer.ts";
import type { Registry, SavedArtifact, SignalOptions } from "../core/registry.ts";
import type { GarbageOptions, GarbageReport } from "./maintenance/collection.ts";
import type { SpaceReport } from "./maintenance/space.ts";
import type { PruneOptions, PruneReport } from "./maintenance/prune_report.ts";
import type { VerifyOptions, VerifyReport } from "./maintenance/verify_report.ts";
import type { MirrorOptions } from "./maintenance/mirror/mirror.ts";
import type { MirrorReport } from "./maintenance/mirror/report.ts";
import { GARBAGE, MIRROR, PRUNE } from "./tools/options.ts";
import type { ProbeCertificate, ProbeOptions } from "./maintenance/probe/probe.ts";
import type { ResumableUploads } from "./operations/transfer/resumable/uploads.ts";

/**
 * The digest that a value would have if it was saved: whether it is what a version holds. Nothing is stored.
 *
 * @example
 * ```ts
 * import { digestOfValue, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * const { digest } = await registry.save("my:config", { depth: 12 });
 * assertEquals(await digestOfValue(registry, { depth: 12 }), digest);
 * ```
 */
export async function digestOfValue(
  registry: Pick<Registry, "materializers">,
  value: unknown,
  options: SignalOptions = {},
): Promise<string> {
  const { signal } = options;
  checkGiven("compute the digest of a value", registry, {
    is: typeof registry?.materializers?.forValue === "function",
    what: "registry",
    hint: "Write digestOfValue(registry, value).",
  });
  const materializer = registry.materializers.forValue(value);
  const [tool, files] = await Promise.all([
    import("./operations/digest.ts"),
    materializer.save(value, { signal }),
  ]);
  return await tool.digestOfFiles(materializer, files, { signal });
}

/**
 * Sizes and digests of files that are not saved, as the info of an artifact has them.
 *
 * @param produced what the `save` of a materializer gives
 */
export async function hashFiles(
  produced: FilesToSave,
  options: SignalOptions = {},
): Promise<FileInfo[]> {
  const [tool, files] = await Promise.all([import("./operations/digest.ts"), produced]);
  return await tool.hashFiles(files, options);
}

/**
 * Finds out by trying whether a store does what a registry needs: races of creates with exactly one winner, reads and
 * lists that see the last write, order, ranges, keys, clock. It writes below `scratch/` only, and removes that again.
 * It takes some 300 requests, most of them several at once. A store that passes may still be wrong now and then: a
 * race that is rarely lost is rarely seen.
 *
 * @throws {RegistryError} where the store could not be asked: `Unavailable`, `Denied`, `NotFound`
 *
 * @example
 * ```ts
 * import { createMemoryBackend } from "@holdfast/holdfast";
 * import { probeBackend } from "@holdfast/holdfast/maintenance";
 * import { assert } from "@std/assert";
 *
 * const certificate = await probeBackend(createMemoryBackend());
 * assert(certificate.ok);
 * ```
 */
export async function probeBackend(
  backend: Backend,
  options: ProbeOptions = {},
): Promise<ProbeCertificate> {
  const tool = await import("./maintenance/probe/probe.ts");
  return await tool.probeBackend(backend, options);
}

/**
 * Begins a direct upload: one URL per file, each to be sent with PUT. Nothing is in the registry before
 * {@linkcode commitUpload}. Files that are not committed within the registry's `graceMs` are collected as garbage.
 *
 * @throws {RegistryError} `Unsupported` where the store gives no such URLs
 *
 * @example
 * ```ts ignore
 * import { commitUpload, createUpload } from "@holdfast/holdfast/uploads";
 *
 * const upload = await createUpload(registry, { files: [{ path: "model.bin", sha256 }] });
 * for (const { url, method, headers } of upload.files) await fetch(url, { method, headers, body }); // in a browser
 * await commitUpload(registry, upload, { name: "my:model" });
 * ```
 */
export async function createUpload(
  registry: Registry,
  options: CreateUploadOptions,
): Promise<Upload> {
  checkToolOptions("create an upload", registry, options, undefined, [
    "files",
  ]);
  const tool = await import("./operations/transfer/create_upload.ts");
  return await worded({ verb: "createUpload" }, () => tool.createUpload(registry, options));
}

/**
 * Saves the files of a direct upload as a version: copies them, in the store where it can, reads the copies for their
 * SHA-256, and writes the record. Then the upload is removed. A repeat returns what the first one saved, unless it has
 * an `idempotencyKey` of its own; the default is the upload's id.
 *
 * @throws {RegistryError} `NotFound` where a file has not arrived; `Invalid` where it is not of the size or the SHA-256
 * that was said. Nothing is committed then, and as long as its URL works the file can be sent again.
 */
export async function commitUpload(
  registry: Registry,
  upload: UploadToCommit,
  options: CommitUploadOptions,
): Promise<SavedArtifact> {
  const given = checkToolOptions("commit an upload", registry, options, COMMIT_UPLOAD, [
    "name",
  ]);
  const tool = await import("./operations/transfer/commit_upload.ts");
  return await worded(
    { verb: "save", ref: given.name },
    () => tool.commitUpload(registry, upload, given),
  );
}

/**
 * The resumable uploads of a registry: files that arrive in pieces through this program, over connections that break.
 * What had arrived is kept, on any store, and their content is saved like that of any file. An upload that is not saved
 * is collected as garbage the registry's `graceMs` after it was begun.
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

/**
 * Gives a URL that fetches a file of a version straight from the store. That needs an object of its own: uploaded
 * directly, or larger than 256 KiB, and not compressed. The URL may end earlier than it says where the version is
 * overwritten or deleted, but not within the registry's `graceMs`.
 *
 * @throws {RegistryError} `Unsupported` where the file has none, or the store gives no such URLs
 */
export async function presignDownload(
  registry: Registry,
  ref: string,
  options: DirectDownloadOptions = {},
): Promise<DirectDownload> {
  checkRegistry("presign a file", registry);
  const tool = await import("./operations/transfer/presign_download.ts");
  return await worded(
    { verb: "presignDownload", ref },
    () => tool.presignDownload(registry, ref, options),
  );
}

/**
 * Removes replaced generations, the payload of what was deleted or never committed, and unfinished uploads, all
 * older than the registry's `graceMs` by the store's clock; and idempotency keys that were last used 30 days ago, or
 * 30 times the grace if that is longer, and notes of lineage that came to nothing so long ago; and drafts that were
 * discarded, or to which nothing was added for 7 days, or 7 times the grace. What is live is never touched.
 *
 * @example
 * ```ts
 * import { collectGarbage } from "@holdfast/holdfast/maintenance";
 * import { createMemoryBackend, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry(createMemoryBackend());
 * const report = await collectGarbage(registry, { dryRun: true });
 * assertEquals(report.bytes, 0);
 * ```
 */
export async function collectGarbage(
  registry: Registry,
  options: GarbageOptions = {},
): Promise<GarbageReport> {
  const given = checkToolOptions("collect garbage", registry, options, GARBAGE);
  const tool = await import("./maintenance/collect_garbage.ts");
  return await worded({ verb: "collect garbage" }, () => tool.collectGarbage(registry, given));
}

/**
 * How much a registry takes of its store: in all, by name, what versions have in common, and what nobody needs and from
 * when on it may be removed. Every record is read, and nothing is written. What a file system shares besides (copies by
 * hard link) is counted once for each name.
 *
 * @throws {RegistryError} `Unsupported` for a registry that `openRegistry` did not open, such as a client of a service
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { spaceOf } from "@holdfast/holdfast/maintenance";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("data", new Uint8Array(100_000));
 * const { names: [data], garbage } = await spaceOf(registry);
 * assertEquals([data.versions, data.size, garbage.bytes], [1, 100_000, 0]);
 * ```
 */
export async function spaceOf(
  registry: Registry,
  options: SignalOptions = {},
): Promise<SpaceReport> {
  checkRegistry("measure space", registry);
  const tool = await import("./maintenance/space.ts");
  return await worded({ verb: "measure space" }, () => tool.spaceOf(registry, options));
}

/**
 * Deletes old versions. Their bytes are freed by `collectGarbage`, once `graceMs` has passed.
 *
 * Records are read of what is kept for its rank, of each version before it goes, and of what was overwritten within
 * `olderThanMs`: a record that does not count (it landed too late, and its payload is gone) is no version that is kept.
 * Oldest first, and before each few deletions it looks again: beside somebody who deletes what was to be kept, it keeps
 * the next. A registry that `openRegistry` did not open is pruned by what every registry has, and ages are measured by
 * this machine's clock.
 *
 * @throws {RegistryError} `Unavailable` where `olderThanMs` is given and this machine's clock differs from the store's
 * by more than `graceMs / 4`
 *
 * @example
 * ```ts
 * import { createMemoryBackend, openRegistry } from "@holdfast/holdfast";
 * import { prune } from "@holdfast/holdfast/maintenance";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry(createMemoryBackend());
 * for (let epoch = 1; epoch <= 5; epoch++) await registry.save("model", { epoch });
 * const report = await prune(registry, { keepLast: 2 });
 * assertEquals(report.deleted.map(({ version }) => version), ["3.0.0", "2.0.0", "1.0.0"]);
 * ```
 */
export async function prune(registry: Registry, options: PruneOptions): Promise<PruneReport> {
  const given = checkToolOptions("prune", registry, options ?? {}, PRUNE);
  const tool = await import("./maintenance/prune.ts");
  return await worded({ verb: "prune" }, () => tool.prune(registry, given));
}

/**
 * Reads every record and every version, and checks them; with `names` those of these names (one that is not there is
 * `NotFound`). Damage is reported, never thrown; what the store refuses is thrown. The report also says what was not
 * looked at.
 */
export async function verifyRegistry(
  registry: Registry,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  checkToolOptions("verify the registry", registry, options);
  const tool = await import("./maintenance/verify.ts");
  return await worded(
    { verb: "verify the registry" },
    () => tool.verifyRegistry(registry, options),
  );
}

/**
 * Brings what a registry holds to another one: versions with their files, metadata, lineage and dates, deletions and
 * aliases. Nothing is materialized; every byte is checked against its SHA-256 on its way; files that versions share
 * are shared in the target too. A mirrored version has a commit of its own, and `origin` says where it was saved
 * first. Idempotency keys stay behind: they belong to the operations of the source.
 *
 * Either may be any registry, such as a client of a service: its versions are then read, or saved, by what every
 * registry has. `leftOut` of the report says what such a one cannot tell (deletions) or keep (dates).
 *
 * It may be run again: what is there is only listed, and what a run that was interrupted has left is completed. In a
 * mutable target a version of another value is overwritten, in an immutable one it is a `Conflict` in `failures`. What an
 * earlier run left there and does not count, because it landed too late, is no value: the version is written above it.
 *
 * @throws {RegistryError} `Invalid` for registries that differ in `versioned`; what a store as a whole refuses. What
 * concerns single versions is in `failures`
 *
 * @example
 * ```ts
 * import { createMemoryBackend, openRegistry } from "@holdfast/holdfast";
 * import { mirrorRegistry } from "@holdfast/holdfast/maintenance";
 * import { assertEquals } from "@std/assert";
 *
 * await using from = await openRegistry(createMemoryBackend());
 * await using to = await openRegistry(createMemoryBackend());
 * await from.save("my:model", { depth: 12 });
 * await from.setAlias("my:model", "production", "1");
 * const { copied, aliases } = await mirrorRegistry(from, to);
 * assertEquals([copied, aliases], [1, 1]);
 * assertEquals(await to.load("my:model@production"), { depth: 12 });
 * ```
 */
export async function mirrorRegistry(
  from: Registry,
  to: Registry,
  options: MirrorOptions = {},
): Promise<MirrorReport> {
  const given = checkToolOptions("mirror the registry", from, options, MIRROR);
  checkRegistry("mirror the registry", to);
  const tool = await import("./maintenance/mirror/mirror.ts");
  return await worded({ verb: "mirror the registry" }, () => tool.mirrorRegistry(from, to, given));
}
