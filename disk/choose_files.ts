// Selection of the files of a version by patterns, as in `.gitignore`.
import { foldersOf } from "../core/naming/file_paths.ts";
import type { FileInfo } from "../core/record.ts";
import type { FilePatterns } from "../core/registry.ts";
import { loadPart } from "../core/urls/load_part.ts";

/** True for selected paths. The path of a folder ends with `/`. */
export interface ChosenPath {
  (path: string): boolean;
  /** True for what is left out with all below it, whatever it contains. */
  excludes?(path: string): boolean;
}

interface PatternPart {
  createPatterns(
    lines: readonly string[],
  ): { test(path: string): "matched" | "negated" | undefined };
}

/** Compiles patterns; undefined if there are none. */
export async function chooseFiles(
  { include, exclude }: FilePatterns,
): Promise<ChosenPath | undefined> {
  if (include === undefined && exclude === undefined) return undefined;
  const { createPatterns } = await loadPart<PatternPart>(
    "../materializers/path/ignore_rules.ts",
    import.meta.url,
  );
  const [wanted, refused] = [include, exclude].map((patterns) =>
    patterns && createPatterns([patterns].flat())
  );
  const excludes = (path: string) => !!refused && refused.test(path) === "matched";
  const chosen = (path: string) => !excludes(path) && (!wanted || wanted.test(path) === "matched");
  return Object.assign(chosen, { excludes });
}

/** Returns the selected files, and the folders that contain some. */
export function chosenAmong<F>(
  files: readonly F[],
  infoOf: (file: F) => FileInfo,
  chosen: ChosenPath | undefined,
): readonly F[] {
  if (chosen === undefined) return files;
  const infos = files.map(infoOf);
  const folders = foldersOf(infos.map(({ path }) => path));
  const wanted = infos.filter(({ path, mode }) =>
    !folders.has(path) && chosen(mode === "folder" ? `${path}/` : path)
  );
  const paths = new Set(wanted.map(({ path }) => path));
  const chosenPaths = paths.union(foldersOf(paths));
  return files.filter((file) => chosenPaths.has(infoOf(file).path));
}
