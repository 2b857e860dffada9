// Locates the checker of histories: its source here, its binary next to those of the test servers.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "@std/path";
import { REPOSITORY } from "../../support/run_deno.ts";
import { serversFolder } from "../../support/servers/find_server.ts";

export const CHECKER = "history-checker";
export const CHECKER_SOURCE: string = join(REPOSITORY, "tests/judges/linearizability/checker");

/** Returns the version of a program built from a folder: a digest of its files. */
export function sourceVersion(folder: string): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(folder).sort()) {
    hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  }
  return hash.digest("hex").slice(0, 16);
}

/** Returns the path of the binary, or undefined if it is not built from this source. */
export async function findChecker(): Promise<string | undefined> {
  const path = join(serversFolder(), CHECKER);
  const version = await readFile(`${path}.version`, "utf8").catch(() => undefined);
  return version === sourceVersion(CHECKER_SOURCE) ? path : undefined;
}
