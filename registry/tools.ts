// Functions beside saving and loading. Each imports its code when it is called, so that programs
// start faster.
import type { Backend } from "../core/backend.ts";
import {
  checkGiven,
  checkRegistry,
  checkToolOptions,
  type OptionNames,
} from "../core/options/check_options.ts";
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
import type { VersionSpaceOptions, VersionSpaces } from "./maintenance/version_space.ts";
import type { PruneOptions, PruneReport } from "./maintenance/prune_report.ts";
import type { VerifyOptions, VerifyReport } from "./maintenance/verify_report.ts";
import type { MirrorOptions } from "./maintenance/mirror/mirror.ts";
import type { MirrorReport } from "./maintenance/mirror/report.ts";
import type { ProbeCertificate, ProbeOptions } from "./maintenance/probe/probe.ts";
import type { ResumableUploads } from "./operations/transfer/resumable/uploads.ts";

const GARBAGE: OptionNames<GarbageOptions> = {
  ...{ dryRun: true, forget: true, now: true, onItem: true, onWaiting: true, signal: true },
};

const PRUNE: OptionNames<PruneOptions> = {
  ...{ keepLast: true, keepDaily: true, keepWeekly: true, keepMonthly: true, keepWhere: true },
  ...{ olderThanMs: true, keepAliased: true, onDeleted: true },
  ...{ names: true, dryRun: true, signal: true },
};

const MIRROR: OptionNames<MirrorOptions> = {
  ...{ names: true, prefix: true, rename: true, range: true, aliases: true, deleted: true },
  ...{ verify: true, concurrency: true, dryRun: true },
  ...{ onItem: true, onProgress: true, signal: true },
};

/**
 * Returns the digest that a value would have if it was saved. Stores nothing.
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
 * Returns sizes and digests of files that are not saved, such as those of a materializer's `save`.
 */
export async function hashFiles(
  produced: FilesToSave,
  options: SignalOptions = {},
): Promise<FileInfo[]> {
  const [tool, files] = await Promise.all([import("./operations/digest.ts"), produced]);
  return await tool.hashFiles(files, options);
}

/**
 * Tests by some 300 requests whether a store does what a registry needs: races of creates with
 * exactly one winner, reads and lists that see the last write, order, ranges, keys, clock. Writes
 * below `scratch/` only, and removes that again. Rare failures can stay unnoticed.
 *
 * @throws {RegistryError} if the store is not reachable: `Unavailable`, `Denied`, `NotFound`
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
  return await worded({ verb: "createUpload" }, () => tool.createUpload(registry, options));
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
  const call = { verb: "presignDownload", ref };
  return await worded(call, () => tool.presignDownload(registry, ref, options));
}

/**
 * Removes garbage that is older than `graceMs` by the store's clock: replaced generations, payload
 * of deleted or failed saves, and unfinished uploads. Idempotency keys and stale lineage entries go
 * after 30 days or 30 graces, drafts 7 days or 7 graces after the last addition, whichever is
 * longer. Live data is never touched.
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
 * Measures the space of a registry in total and by name, shared data, and garbage with its removal
 * dates. Reads every record and writes nothing. Files with several hard links count once per name.
 *
 * @throws {RegistryError} `Unsupported` unless `openRegistry` opened the registry here
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
 * assertEquals([data?.versions, data?.size, garbage.bytes], [1, 100_000, 0]);
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
 * Measures the versions of a name: the bytes that each stores alone, those that it shares, and the
 * bytes that deleting some of them would free. Writes nothing.
 *
 * @throws {RegistryError} `Unsupported` for a registry that `openRegistry` did not open, `Corrupt`
 * if a record of the name cannot be read
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { spaceOfVersions } from "@holdfast/holdfast/maintenance";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("data", new Uint8Array(100_000));
 * const { freedBytes } = await spaceOfVersions(registry, "data", { deleting: ["1.0.0"] });
 * assertEquals(freedBytes, 100_000);
 * ```
 */
export async function spaceOfVersions(
  registry: Registry,
  name: string,
  options: VersionSpaceOptions = {},
): Promise<VersionSpaces> {
  const given = checkToolOptions("measure versions", registry, options, {
    deleting: true,
    signal: true,
  });
  const tool = await import("./maintenance/version_space.ts");
  return await worded(
    { verb: "measure versions" },
    () => tool.spaceOfVersions(registry, name, given),
  );
}

/**
 * Deletes old versions, oldest first. `collectGarbage` frees their bytes once `graceMs` has passed.
 *
 * Only versions that can be read count as kept. It looks again between deletions, so if another
 * program deletes a version that was to be kept, it keeps the next. A registry that `openRegistry`
 * did not open is pruned through its methods, by this machine's clock.
 *
 * @throws {RegistryError} `Unavailable` for `olderThanMs` if this machine's clock and the store's
 * differ by more than `graceMs / 4`
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
 * Reads and checks every record and version, or those of `names`. Damage is reported; failures of
 * the store are thrown. The report lists what was not checked.
 */
export async function verifyRegistry(
  registry: Registry,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  checkToolOptions("verify the registry", registry, options);
  const tool = await import("./maintenance/verify.ts");
  const call = { verb: "verify the registry" };
  return await worded(call, () => tool.verifyRegistry(registry, options));
}

/**
 * Copies a registry to another one: versions with their files, metadata, lineage and dates,
 * deletions and aliases. Checks every byte against its SHA-256. Shared files stay shared. A
 * mirrored version has a new commit; `origin` has the original one. Idempotency keys are not
 * copied.
 *
 * Each may be any registry, such as a client of a service; `leftOut` of the report lists what such
 * a registry cannot provide (deletions) or keep (dates).
 *
 * A repeated run copies only what is missing. A different value is overwritten in a mutable target,
 * and a `Conflict` in `failures` in an immutable one.
 *
 * @throws {RegistryError} `Invalid` for registries that differ in `versioned`, and failures of a
 * whole store. Failures of single versions are in `failures`
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
