// Tests over a folder on disk, and what is saved of it.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FileToSave } from "../../core/materializer.ts";
import { createMaterializers, localPath, type LocalPathOptions } from "../../materializers/mod.ts";
import { tempRoot } from "../support/temp_root.ts";
import { readFiles } from "./fake_artifact.ts";

/** A test, given its folder. */
export type Test = (root: string) => Promise<void> | void;

/** Runs a test in a folder of its own. */
export function inFolder(name: string, test: Test, options: { ignore?: boolean } = {}): void {
  Deno.test({
    name,
    ignore: options.ignore ?? false,
    async fn() {
      const root = await tempRoot();
      try {
        mkdirSync(root.join("data"));
        await test(root.join("data"));
      } finally {
        await root.remove();
      }
    },
  });
}

/** Writes a file, and the folders above it. */
export function write(root: string, path: string, content: string | Uint8Array = path): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), content);
}

/** The files that are saved of a path. */
export async function save(
  path: string,
  options?: LocalPathOptions,
): Promise<(FileToSave & { content: Uint8Array })[]> {
  const value = localPath(path, options);
  return await readFiles(createMaterializers().forValue(value).save(value, {}));
}

/** Path, mode and text of each file. */
export async function listed(root: string, options?: LocalPathOptions): Promise<string[]> {
  const files = await save(root, options);
  return files.map(({ path, mode = "-", content }) =>
    `${path} ${mode} ${new TextDecoder().decode(content)}`
  );
}
