// The registries that programs of earlier commits wrote.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "@std/path";
import { tgz } from "../../../formats/archive.ts";
import { bytesFile } from "../../../formats/content/content.ts";
import { REPOSITORY } from "../../support/run_deno.ts";

export function fixtureOf(commit: string): string {
  return join(REPOSITORY, `tests/fixtures/earlier/${commit.slice(0, 8)}.tar.gz`);
}

/** Writes the registries of a commit to a folder. */
export async function unpackFixture(commit: string, folder: string): Promise<void> {
  const path = fixtureOf(commit);
  for (const entry of await tgz().decode(bytesFile(path, await readFile(path)))) {
    const target = join(folder, entry.path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, await entry.bytes());
  }
}
