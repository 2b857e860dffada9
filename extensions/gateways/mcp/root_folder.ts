// The folder whose files a client may save.
import { realpathSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { dirname, relative, resolve, sep } from "node:path";
import { denied, isRegistryFolder, realSystem, type RegistryError } from "../../../core/kernel.ts";
import { cacheFolder } from "../../../apps/server/extending.ts";
import { localPath } from "../../../mod.ts";

/**
 * Returns a path below the root, to be saved. Links are followed first, and each file is checked
 * again once it is open: no link and no renamed folder leads out of the root, into a registry, or
 * into the cache, which have files of names that the client may not read.
 */
export async function pathBelow(
  root: string,
  path: string,
  cache: string | undefined = placeOfCache(),
): Promise<ReturnType<typeof localPath>> {
  const place = path === ""
    ? undefined
    : await realpath(resolve(root, path)).catch(() => undefined);
  if (place === undefined || !isBelow(root, place)) {
    throw refused(path, "no such file or folder below the root folder", {
      hint: "Pass a path relative to the root folder of this server.",
    });
  }
  const isSecret = createSecrecy(cache);
  if (isSecret(place)) {
    const hint = "Pass another path: files of a registry are read by their names.";
    throw refused(path, "it is part of a registry, or of the cache", { hint });
  }
  const holdsCache = cache !== undefined && isBelow(place, cache);
  return localPath(place, {
    allows: (opened) => isBelow(root, opened) && !isSecret(opened),
    readAll: true, // a file that is not read is not checked
    empty: "refuse",
    exclude: holdsCache ? patternOf(relative(place, cache)) : [],
  });
}

function refused(path: string, state: string, { hint }: { hint: string }): RegistryError {
  return denied("save", JSON.stringify(path), state, { hint });
}

function placeOfCache(): string | undefined {
  const cache = cacheFolder(undefined, realSystem);
  try {
    return "path" in cache ? realpathSync.native(cache.path) : undefined;
  } catch {
    return undefined; // it does not exist yet
  }
}

function isBelow(folder: string, place: string): boolean {
  return place === folder || place.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Returns a function that is true for the cache, and for registries and all that is in them. */
function createSecrecy(cache: string | undefined): (place: string) => boolean {
  const known = new Map<string, boolean>();
  const isInRegistry = (folder: string): boolean => {
    let isSecret = known.get(folder);
    if (isSecret !== undefined) return isSecret;
    const above = dirname(folder);
    isSecret = isRegistryFolder(folder) || above !== folder && isInRegistry(above);
    known.set(folder, isSecret);
    return isSecret;
  };
  return (place) => cache !== undefined && isBelow(cache, place) || isInRegistry(place);
}

/** Returns a pattern of `.gitignore` for one folder. */
function patternOf(folder: string): string {
  return `/${folder.replaceAll(sep, "/").replace(/[\\*?[\]!# ]/g, "\\$&")}/`;
}
