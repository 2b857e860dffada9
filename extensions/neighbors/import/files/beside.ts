// Parts of imported folders that extensions keep, such as signatures. They are compared with the files
// as these are read for the save.
import { addedTo, type CommandContext } from "../../../../apps/cli/extending.ts";
import type { Beside, Extension, ImportedFolder } from "../../../../apps/cli/program/extension.ts";
import type { FileToSave } from "../../../../materializers/mod.ts";
import { createSha256, iterableStream, sha256 } from "../../../../core/kernel.ts";

/** Returns what an extension keeps of a folder. */
export type Keeps = (folder: ImportedFolder) => Promise<KeptBeside>;

/** The files of a folder that are saved as such, and what is done with the others. */
export interface KeptBeside {
  /** Their save fails if they do not fit what is kept. */
  readonly files: readonly FileToSave[];
  after(...saved: Parameters<Beside["after"]>): Promise<void>;
}

/** Returns what the options of a line keep; undefined if they keep nothing. */
export function keptBy(
  extensions: readonly Extension[],
  flags: unknown,
  context: CommandContext,
): Keeps | undefined {
  const readers = addedTo("import files", extensions)
    .flatMap(({ among }) => among?.(flags, context) ?? []);
  if (readers.length === 0) return undefined;
  return async (folder) => {
    const all = await Promise.all(readers.map((read) => read(folder)));
    const beside = all.flatMap((each) => each ?? []);
    const kept = new Set(beside.flatMap(({ files }) => files));
    const files = folder.files.filter(({ path }) => !kept.has(path));
    return {
      files: beside.length === 0 ? files : checkedFiles(files, beside),
      async after(saved) {
        for (const { after } of beside) await after(saved);
      },
    };
  };
}

/** Returns files that are hashed as they are read. Their save fails if they do not fit. */
function checkedFiles(
  files: readonly FileToSave[],
  beside: readonly Beside[],
): readonly FileToSave[] {
  const digests = new Map<string, string>();
  const check = () => {
    // A save need not read what is empty.
    const hashed = files.map(({ path, mode }) => ({
      path,
      mode,
      sha256: digests.get(path) ?? sha256(""),
    }));
    for (const each of beside) each.check(hashed);
  };
  return files.map((file, at): FileToSave => {
    const { path, content } = file;
    if (!("stream" in content)) return file;
    async function* hashing(stream: AsyncIterable<Uint8Array>) {
      const hash = createSha256();
      for await (const chunk of stream) {
        hash.update(chunk);
        yield chunk;
      }
      digests.set(path, hash.digest());
    }
    const stream = () => iterableStream(hashing(content.stream()));
    const isLast = at === files.length - 1;
    return { ...file, content: { size: content.size, stream }, ...isLast && { check } };
  });
}
