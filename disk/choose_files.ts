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
    options: { strict: boolean },
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
    patterns && createPatterns([patterns].flat(), { strict: true })
  );
  const excludes = (path: string) => !!refused && refused.test(path) === "matched";
  const chosen = (path: string) => !excludes(path) && (!wanted || wanted.test(path) === "matched");
  return Object.assign(chosen, { excludes });
}

/** Yields the selected files of each page, and at the end the folders that contain some. */
export async function* chosenPages<F>(
  pages: AsyncIterable<readonly F[]>,
  infoOf: (file: F) => FileInfo,
  chosen: ChosenPath | undefined,
): AsyncGenerator<readonly F[]> {
  if (chosen === undefined) return yield* pages;
  const isFolder = (file: F) => infoOf(file).mode === "folder";
  const folders: F[] = [];
  const filled = new Set<string>(), wanted = new Set<string>(); // folders, also those without entry
  const note = (into: Set<string>, files: readonly F[]) => {
    for (const folder of foldersOf(files.map((file) => infoOf(file).path))) into.add(folder);
  };
  for await (const page of pages) {
    note(filled, page);
    folders.push(...page.filter(isFolder));
    const files = page.filter((file) => !isFolder(file) && chosen(infoOf(file).path));
    note(wanted, files);
    yield files;
  }
  const empty = folders.filter((file) => {
    const { path } = infoOf(file);
    return !filled.has(path) && chosen(`${path}/`);
  });
  note(wanted, empty);
  for (const file of empty) wanted.add(infoOf(file).path);
  yield folders.filter((file) => wanted.has(infoOf(file).path));
}
