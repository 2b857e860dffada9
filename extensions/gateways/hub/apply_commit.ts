// A commit of the Hub: lines of JSON, applied to the latest version.
import { type Artifact, isRegistryError, type SavedArtifact } from "../../../mod.ts";
import type { RegistryError } from "../../../mod.ts";
import {
  conflict,
  fileToSave,
  inTurns,
  isUnreadable,
  nextVersion,
  parseVersion,
  shown,
  slicesInTurns,
} from "../../../core/kernel.ts";
import type { FileInfo, FileToSave } from "../../../materializers/mod.ts";
import { RefusedRequest } from "../../../apps/gateways.ts";
import type { Access, GatewayContext, ReadablePages } from "../../../apps/gateways.ts";
import { fromBase64, isFile, openSentFiles, passThrough } from "../../../apps/server/extending.ts";
import type { CommitLine } from "./write_schemas.ts";
import { LiveFiles, TouchedPaths } from "./live_files.ts";
import { missing, NO_ENTRY, NO_REVISION, revisionOf } from "./repos.ts";

/** Uploads by SHA-256. Several programs may have sent the same bytes. */
export interface SentObjects {
  /** Takes a whole upload for one commit. */
  take(oid: string): Promise<string | undefined>;
  /** Gives an upload back that was not committed. */
  add(oid: string, upload: string): Promise<void>;
}

export interface Commit {
  summary: string;
  description: string;
  parentCommit?: string;
  changes: Exclude<CommitLine, { key: "header" }>[];
}

interface ApplyOptions {
  /** Returns the name, and its latest version. */
  find(): Promise<{ name: string; base: ReadablePages | undefined }>;
  access: Access;
  objects: SentObjects;
  signal: AbortSignal;
}

const MOST_TRIES = 20;

/** Saves the latest version with the changes as the next one, again if another commit was faster. */
export async function applyCommit(
  context: GatewayContext,
  { summary, description, parentCommit, changes }: Commit,
  { find, access, objects, signal }: ApplyOptions,
): Promise<SavedArtifact> {
  const huggingface = { message: summary, ...(description && { description }) };
  let before: ReadablePages | undefined;
  let version = "";
  const taken = new Map<string, string>();
  try {
    return await save();
  } catch (error) {
    for (const [oid, upload] of taken) await objects.add(oid, upload);
    throw error;
  }

  async function save(): Promise<SavedArtifact> {
    for (let tries = 1;; tries++) {
      const { name, base } = await find();
      if (
        parentCommit !== undefined && (base ? revisionOf(base.info) : NO_REVISION) !== parentCommit
      ) {
        throw notLatest(parentCommit);
      }
      // A version that was deleted stays used: then the number after it is tried.
      const isSame = tries > 1 && before?.info.commit === base?.info.commit;
      const highest = isSame ? version : base?.info.version;
      version = highest === undefined ? "1.0.0" : nextVersion(parseVersion(highest)).canonical;
      before = base;
      const applying = { name, base, changes, access, take, signal };
      const { files: save, removeUploads } = await changedFiles(context, applying);
      const materializer = { ...passThrough({ id: "folder", formatVersion: 1 }, []), save };
      const options = {
        version,
        as: materializer,
        onConflict: "fail" as const,
        metadata: { huggingface },
        signal,
        skipIfUnchanged: true, // clients repeat a commit whose answer was lost
      };
      try {
        const saved = await context.registry.save(name, undefined, options);
        await removeUploads();
        return saved;
      } catch (error) {
        if (!isRegistryError(error, "AlreadyExists") || tries === MOST_TRIES) throw error;
      }
    }
  }

  async function take(oid: string): Promise<string | undefined> {
    const upload = taken.get(oid) ?? await objects.take(oid);
    if (upload !== undefined) taken.set(oid, upload);
    return upload;
  }
}

/** A file with the page of its version that opens it. */
interface OpenedFile {
  readonly page: Artifact;
  readonly file: FileInfo;
}

/**
 * Returns the files of the next version. Those of the latest one that stay are read a page at a time,
 * also while they are saved: memory holds the others.
 */
async function changedFiles(
  context: GatewayContext,
  { name, base, changes, access, take, signal }: Pick<ApplyOptions, "access" | "signal"> & {
    name: string;
    base: ReadablePages | undefined;
    changes: Commit["changes"];
    take: SentObjects["take"];
  },
): Promise<{ files(): AsyncIterable<FileToSave>; removeUploads(): Promise<void> }> {
  base?.checkFiles?.();
  const touched = new TouchedPaths(changes);
  const { before, kept } = await filesOfChanges(base, changes, touched);
  const files = new LiveFiles(
    [...before, ...changes.map(({ value }) => value)].map(({ path }) => path),
  );
  for await (const file of inTurns(before)) files.set(file.path, file);
  const uploads = new Map<string, string>();
  let earlier: Awaited<ReturnType<typeof earlierFiles>> | undefined;
  for await (const { key, value } of inTurns(changes)) {
    const { path } = value;
    uploads.delete(path);
    if (key === "file") {
      files.set(path, { path, content: fromBase64(path, value.content) });
    } else if (key === "lfsFile") {
      let same = kept.get(value.oid);
      const upload = same === undefined ? await take(value.oid) : undefined;
      if (upload !== undefined) uploads.set(path, upload);
      else {
        same ??= (earlier ??= await earlierFiles(context, { name, changes, access }))
          .get(value.oid);
        if (same === undefined) throw notSent(path);
        files.set(path, fileToSave(same.page, same.file, path));
      }
    } else if (key === "deletedFile") {
      if (!files.delete(path)) throw noFile(path);
    } else if (!files.deleteFolder(path)) throw noFile(path);
  }
  const oids = new Map(
    changes.flatMap(({ key, value }) => key === "lfsFile" ? [[value.path, value.oid]] : []),
  );
  const sent = [...uploads].map(([path, upload]) => ({ path, upload, sha256: oids.get(path) }));
  const { files: added, removeUploads } = await openSentFiles(context, sent, { access, signal });
  for (const file of added) files.set(file.path, file);
  return { files: opened, removeUploads };

  /** A save may ask twice. */
  async function* opened(): AsyncGenerator<FileToSave> {
    const rest = new Map(files);
    for await (const { page, some } of slicesOf(base)) {
      for (const file of some) {
        const next = touched.has(file.path) ? rest.get(file.path) : file;
        rest.delete(file.path);
        if (next !== undefined) yield "content" in next ? next : fileToSave(page, file);
      }
    }
    for (const file of rest.values()) if ("content" in file) yield file;
  }
}

/** Returns the files of the latest version that changes delete or move, and those that have their content. */
async function filesOfChanges(
  base: ReadablePages | undefined,
  changes: Commit["changes"],
  touched: TouchedPaths,
): Promise<{ before: FileInfo[]; kept: Map<string, OpenedFile> }> {
  const named = oidsIn(changes);
  const before: FileInfo[] = [], kept = new Map<string, OpenedFile>();
  const asksForFiles = changes.some(({ key }) => key !== "file");
  for await (const { page, some } of slicesOf(asksForFiles ? base : undefined)) {
    for (const file of some) {
      if (named.has(file.sha256)) kept.set(file.sha256, { page, file });
      if (touched.has(file.path)) before.push(file);
    }
  }
  return { before, kept };
}

/** Yields the files of a version, some at a time. */
async function* slicesOf(
  version: ReadablePages | undefined,
): AsyncGenerator<{ page: Artifact; some: readonly FileInfo[] }> {
  for await (const page of version?.pages() ?? []) {
    for await (const some of slicesInTurns(page.info.files)) yield { page, some };
  }
}

function oidsIn(changes: Commit["changes"]): Set<string> {
  return new Set(changes.flatMap(({ key, value }) => key === "lfsFile" ? [value.oid] : []));
}

/** Maximum number of versions in which a commit looks for the content that it names. */
const MOST_EARLIER = 1000;

/**
 * Returns the files of earlier versions that a commit names by their SHA-256 only: a copy from an
 * older revision. Leaves out versions that are damaged, or whose files are hidden.
 */
async function earlierFiles(
  { registry, openPages }: Pick<GatewayContext, "registry" | "openPages">,
  { name, changes, access }: {
    name: string;
    changes: Commit["changes"];
    access: Access;
  },
): Promise<Map<string, OpenedFile>> {
  const files = new Map<string, OpenedFile>();
  if (!access.may("read", name)) return files;
  const missing = oidsIn(changes);
  const asked = { details: true, withoutFiles: true, limit: MOST_EARLIER };
  for await (const { version, info } of registry.versions(name, asked)) {
    if (missing.size === 0) break;
    if (info === undefined) continue;
    try {
      const artifact = await openPages({ name, version, commit: info.commit }, access);
      for await (const { page, some } of slicesOf(artifact)) {
        for (const file of some) {
          if (isFile(file) && missing.delete(file.sha256)) files.set(file.sha256, { page, file });
        }
      }
    } catch (error) {
      if (!isRegistryError(error, "Denied") && !isUnreadable(error)) throw error;
    }
  }
  return files;
}

function noFile(path: string): RefusedRequest {
  return missing(NO_ENTRY, {
    action: "delete",
    subject: shown(path),
    state: "A file with this name doesn't exist", // the words that clients look for
    hint: "List the files with list_repo_files.",
  });
}

function notSent(path: string): RegistryError {
  const state = "its content was not sent to this service, or was committed";
  const hint = "Upload it again. Behind a load balancer, send all requests to one service.";
  return conflict("commit", shown(path), state, { hint });
}

function notLatest(parent: string): RefusedRequest {
  return new RefusedRequest({
    status: 412,
    code: "Conflict",
    action: "commit",
    subject: `above ${parent}`,
    state: "it is not the latest version",
    hint: "Read the latest version, and apply your change to it.",
  });
}
