// The registries of programs of earlier commits and of this one.
import { assertEquals } from "@std/assert";
import { mkdir } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import type { StoredRegistry } from "../../../core/registry.ts";
import { createLocalBackend, openRegistry } from "../../../mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { withAge } from "../with_age.ts";
import { COMMITS, SERVED } from "./commits.ts";
import { programAt, VALUES, writeContent } from "./content.ts";
import { unpackFixture } from "./fixtures.ts";
import { writeLater } from "./later.ts";
import { writeServed } from "./served.ts";

export interface World {
  folder: string;
  /** Opens one of the registries, by default as if all was written a week ago. */
  open(name: string, ageMs?: number): Promise<StoredRegistry>;
}

type Body = (world: World) => Promise<void>;

/** A test of the fixtures of commits, and of what this program writes instead. */
function testOn(
  sentence: string,
  { commits, write }: { commits: readonly string[]; write(folder: string): Promise<void> },
  body: Body,
): void {
  for (const commit of [...commits, "this program"]) {
    testInRoot(`${sentence} (${commit.slice(0, 8)})`, async (root) => {
      const folder = root.join("registries");
      await mkdir(folder);
      await (commits.includes(commit) ? unpackFixture(commit, folder) : write(folder));
      const opened: StoredRegistry[] = [];
      await body({
        folder,
        open: async (name, ageMs = 0) => {
          const backend = createLocalBackend({ path: `${folder}/${name}`, durability: "os" });
          const registry = await openRegistry(withAge(backend, ageMs), { create: false });
          opened.push(registry);
          return registry;
        },
      });
      for (const registry of opened) await registry[Symbol.asyncDispose]();
    });
  }
}

const SOURCE = pathToFileURL(REPOSITORY).href;

/** A test of the registries of each earlier commit and of this program. */
export function testOnAll(sentence: string, body: Body): void {
  const write = async (folder: string) => writeContent(await programAt(SOURCE), folder);
  testOn(sentence, { commits: COMMITS, write }, body);
}

/** A test of what the services of the commits in `SERVED`, and of this program, served. */
export function testOnServed(sentence: string, body: Body): void {
  testOn(sentence, { commits: SERVED, write: (folder) => writeServed(SOURCE, folder) }, body);
}

/** A test of content that the commits in `SERVED`, and this program, write. */
export function testOnLater(sentence: string, body: Body): void {
  const write = async (folder: string) => writeLater(await programAt(SOURCE), SOURCE, folder);
  testOn(sentence, { commits: SERVED, write }, body);
}

/** Asserts that everything can be loaded, or everything of some names. */
export async function assertHas(
  registry: StoredRegistry,
  refs = Object.keys(VALUES),
): Promise<void> {
  for (const ref of refs) assertEquals(await registry.load(ref), VALUES[ref], ref);
  const { problems, unseen } = await verifyRegistry(registry);
  assertEquals([problems, unseen.strangers], [[], 0]);
}
