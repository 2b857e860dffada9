// The registries of programs of earlier commits and of this one.
import { assertEquals } from "@std/assert";
import { mkdir } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import type { StoredRegistry } from "../../../core/registry.ts";
import { createLocalBackend, openRegistry } from "../../../mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { withAge } from "../with_age.ts";
import { COMMITS, SERVED } from "./commits.ts";
import { programAt, VALUES, writeContent } from "./content.ts";
import { unpackFixture } from "./fixtures.ts";
import { writeServed } from "./served.ts";

export interface World {
  folder: string;
  /** Opens one of the registries, by default as if all was written a week ago. */
  open(name: string, ageMs?: number): Promise<StoredRegistry>;
}

/** A test of the registries of each earlier commit and of this program. */
export function testOnAll(sentence: string, body: (world: World) => Promise<void>): void {
  for (const commit of [...COMMITS, "this program"]) {
    testInRoot(`${sentence} (${commit.slice(0, 8)})`, async (root) => {
      const folder = await registriesOf(commit, root);
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

/** A test of what each commit in `SERVED`, and this program, served. */
export function testOnServed(
  sentence: string,
  body: (world: { folder: string }) => Promise<void>,
): void {
  for (const commit of [...SERVED, "this program"]) {
    testInRoot(`${sentence} (${commit.slice(0, 8)})`, async (root) => {
      const folder = root.join("served");
      await mkdir(folder);
      if (COMMITS.includes(commit)) await unpackFixture(commit, folder);
      else await writeServed(SOURCE, folder);
      await body({ folder });
    });
  }
}

const SOURCE = pathToFileURL(REPOSITORY).href;

async function registriesOf(commit: string, root: TempRoot): Promise<string> {
  const folder = root.join("registries");
  await mkdir(folder);
  if (COMMITS.includes(commit)) await unpackFixture(commit, folder);
  else await writeContent(await programAt(SOURCE), folder);
  return folder;
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
