// Programs of earlier commits beside this one.
import { assertEquals, assertRejects } from "@std/assert";
import { pathToFileURL } from "node:url";
import { REPOSITORY } from "../../support/run_deno.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { COMMITS, commitsHere, unpackCommit } from "./commits.ts";
import { CallError, type RunningProgram, startProgram } from "./start_program.ts";

const here = await commitsHere();

/** A test of this program beside that of each earlier commit. */
export function testBesideEach(
  sentence: string,
  body: (world: { now: RunningProgram; before: RunningProgram; path: string }) => Promise<void>,
  commits: Iterable<string> = new Set([...COMMITS, ...here]),
): void {
  for (const commit of commits) {
    const run = async (root: TempRoot) => {
      const before = startProgram(await unpackCommit(commit, root));
      const now = startProgram(pathToFileURL(REPOSITORY));
      try {
        await body({ now, before, path: root.join("registry") });
      } finally {
        await Promise.all([before.end(), now.end()]);
      }
    };
    testInRoot(`${sentence} (${commit.slice(0, 8)})`, run, { ignore: !here.includes(commit) });
  }
}

/** Asserts that a call in a program is rejected. */
export async function refuses(code: string, call: Promise<unknown>): Promise<void> {
  assertEquals((await assertRejects(() => call, CallError)).code, code);
}
