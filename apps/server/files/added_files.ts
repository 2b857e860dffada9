// Files that extensions add to the versions that gateways show, such as signatures. They are made when
// a request needs them, and are neither saved nor part of the digest of the version.
import type { Artifact, ArtifactFile } from "../../../core/artifact.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { readableFile } from "../../../core/registry/artifact_file.ts";
import type { Registry } from "../../../core/registry.ts";
import type { OpenPages } from "./opened.ts";

/** A file beside those of a version. */
export interface AddedFile {
  /** A plain file name, which no server takes for a page or a script. */
  path: string;
  mediaType: string;
  bytes: Uint8Array;
}

/** Adds files to versions. */
export interface AddedFiles {
  /** Returns true for a path that it may add: for others, nothing is read. */
  mayAdd(path: string): boolean;
  /** Returns the files of a version. A path that the version has itself is left out. */
  of(
    registry: Registry,
    version: { name: string; version: string; commit: string },
  ): Promise<readonly AddedFile[]>;
}

const added = new WeakSet<ArtifactFile>();

/** True for a file that is not one of its version: it may change. */
export function isAdded(file: ArtifactFile): boolean {
  return added.has(file);
}

/** Returns a function that opens versions with added files, but for those whose list is in pages. */
export function withAdded(
  openPages: OpenPages,
  registry: Registry,
  all: readonly AddedFiles[],
): OpenPages {
  if (all.length === 0) return openPages;
  return async (asked, access) => {
    const version = await openPages(asked, access);
    const { name, version: exact, commit, files } = version.info;
    if (files === undefined) return version;
    const make = async () => {
      const lists = all.map((each) => each.of(registry, { name, version: exact, commit }));
      const own = new Set(files.map(({ path }) => path));
      return (await Promise.all(lists)).flat().filter(({ path }) => !own.has(path)).map(fileOf);
    };
    // Once, whatever a request lists: all of its answer is of the same time.
    let made: Promise<ArtifactFile[]> | undefined;
    const read = () => made ??= make();
    return {
      ...version,
      async *pages(options) {
        for await (const page of version.pages(options)) yield withFiles(page, await read());
      },
      async file(path) {
        version.checkFiles?.();
        const mayBeAdded = all.some((each) => each.mayAdd(path));
        const found = mayBeAdded && (await read()).find(({ info }) => info.path === path);
        return found || await version.file(path);
      },
    };
  };
}

function withFiles(page: Artifact, more: readonly ArtifactFile[]): Artifact {
  if (more.length === 0) return page;
  return {
    ...page,
    info: { ...page.info, files: [...page.info.files, ...more.map(({ info }) => info)] },
    files: () => [...page.files(), ...more],
    file: (path) => more.find(({ info }) => info.path === path) ?? page.file(path),
  };
}

function fileOf({ path, mediaType, bytes }: AddedFile): ArtifactFile {
  const file = readableFile({
    info: { path, mediaType, size: bytes.byteLength, sha256: sha256(bytes) },
    bytes: () => Promise.resolve(bytes),
    stream({ offset, length = bytes.byteLength } = { offset: 0 }) {
      return new Blob([bytes.slice(offset, offset + length)]).stream();
    },
  });
  added.add(file);
  return file;
}
