// Files of the pipeline's folder that a command names, which are part of its code.
import { realpathSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isAbsolute, relative, resolve } from "@std/path";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { PipelineStep } from "../../../core/pipelines/pipeline.ts";

const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Returns a digest of the files that a start command names, also behind an option or in the text of a shell; undefined
 * without any. Files outside the folder, and those that a shell writes to (`> file`), do not count.
 *
 * @param root the folder of the configuration, in which commands run
 */
export async function commandFiles(
  { startCommand }: PipelineStep,
  root: string,
): Promise<string | undefined> {
  const named = new Map<string, string>();
  for (const word of new Set((startCommand ?? []).flatMap(wordsIn))) {
    const path = fileInside(root, word);
    if (path !== undefined) {
      named.set(path, sha256(await readFile(resolve(realpathSync(root), path))));
    }
  }
  return named.size === 0 ? undefined : sha256(JSON.stringify([...named].sort()));
}

function wordsIn(argument: string): string[] {
  return [argument, ...argument.replace(/>+\s*[^\s;|&]+/g, " ").split(/[\s"'`=;|&<>()]+/)].filter((
    word,
  ) => word !== "");
}

/** Returns the path of a file below the folder, relative to it. */
function fileInside(root: string, word: string): string | undefined {
  try {
    const found = resolve(root, word);
    const { size } = statSync(found, { throwIfNoEntry: false }) ?? {};
    if (size === undefined || size > MAX_BYTES || !statSync(found).isFile()) return undefined;
    const path = relative(realpathSync(root), realpathSync(found));
    return /^\.\.(?=[/\\]|$)/.test(path) || isAbsolute(path) ? undefined : path;
  } catch {
    return undefined; // not a valid path of this disk
  }
}
