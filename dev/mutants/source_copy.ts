// A copy of the source, in which mutants are tried: nothing of the repository itself is ever
// changed.
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { REPOSITORY } from "../../tests/support/run_deno.ts";
import { tempRoot } from "../../tests/support/temp_root.ts";
import { applyEdit } from "./mutant.ts";
import type { Edit } from "./mutant.ts";

/** A copy of the source. */
export interface SourceCopy extends AsyncDisposable {
  /** Its root. */
  readonly path: string;
  /** Does something while the copy has these changes. */
  changed<T>(edits: readonly Edit[], action: () => Promise<T>): Promise<T>;
}

/** Copies the source. What was compiled of the copy goes with it. */
export async function copySource(): Promise<SourceCopy> {
  const root = await tempRoot();
  const path = root.path;
  for (const name of await readdir(REPOSITORY)) {
    if (name.startsWith(".") || name === "node_modules") continue;
    await cp(join(REPOSITORY, name), join(path, name), { recursive: true });
  }
  return {
    path,
    async changed(edits, action) {
      const before = new Map<string, string>();
      try {
        for (const edit of edits) {
          const file = join(path, edit.file);
          const source = await readFile(file, "utf8");
          if (!before.has(file)) before.set(file, source);
          await writeFile(file, applyEdit(source, edit));
        }
        return await action();
      } finally {
        for (const [file, source] of before) await writeFile(file, source);
      }
    },
    async [Symbol.asyncDispose]() {
      const compiled = join(await compiledFolder(), "file", path);
      for (const folder of [path, compiled]) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Where Deno keeps what it compiled of files, by their path. */
async function compiledFolder(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json"],
    cwd: REPOSITORY,
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).typescriptCache;
}
