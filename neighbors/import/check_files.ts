// Checks of the files of a version in a dry run.
import { filePathProblem, type FileToSave, invalid, PathCheck, shown } from "../../core/kernel.ts";

/** Throws for paths that cannot be saved together. */
export function checkPaths(files: readonly FileToSave[]): void {
  const check = new PathCheck(
    (path) => filePathProblem(path, false),
    (path, problem) => invalid("save a file as", shown(path), problem),
  );
  check.add(files.toSorted((one, other) => one.path < other.path ? -1 : 1));
}

/** Reads files, whose streams check their content. */
export async function readFiles(files: readonly FileToSave[], signal?: AbortSignal): Promise<void> {
  for (const { content } of files) {
    if (!("stream" in content)) continue;
    for await (const _ of content.stream()) signal?.throwIfAborted();
  }
}
