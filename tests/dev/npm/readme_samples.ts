// The samples of README, as a newcomer copies them.
import { readFile } from "node:fs/promises";
import { join } from "@std/path";
import { REPOSITORY } from "../../support/run_deno.ts";

/** A sample. */
export interface ReadmeSample {
  /** Its text, word for word. */
  text: string;
  /** The permissions that its first line says: `--allow-read=.`. */
  permissions: string[];
}

/** All of them, in order. Each says in its first line what it may do. */
export async function readmeSamples(): Promise<ReadmeSample[]> {
  const readme = await readFile(join(REPOSITORY, "README.md"), "utf8");
  return Array.from(readme.matchAll(/^```ts\n([^]*?)^```$/gm), ([, text]) => {
    const [line] = text.split("\n");
    if (!line.startsWith("// deno run ")) {
      throw new Error(`Cannot run a sample: it does not say how: ${line}`);
    }
    return { text, permissions: line.match(/--allow-\S+/g) ?? [] };
  });
}
