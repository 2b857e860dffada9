// A save that was interrupted goes on: what the store has already is not sent again.
import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { localPath, openRegistry } from "../../mod.ts";
import type { Registry } from "../../core/registry.ts";
import { realSystem } from "../../core/system.ts";
import { verifyRegistry } from "../../apps/maintenance.ts";
import { noise } from "../registry/registries.ts";
import { spawnDeno } from "../support/run_deno.ts";
import { REAL_SERVERS, type ServerKind } from "../support/servers/mod.ts";
import { type SlowLine, startSlowLine } from "../support/slow_line.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";
import { watchProcess } from "../support/watch_process.ts";
import { placeOf, type ServerWorld, testOnServers } from "./server_world.ts";

const MIB = 2 ** 20;
const LARGE = 32, SMALL = 8;
/** Files of 1 MiB, the least that goes on, and a pack of 200 KiB each; 16 objects are on their way at once. */
const WHOLE = LARGE * MIB + SMALL * 200 * 1024;

/** The setup of a test. */
interface Interrupted {
  world: ServerWorld;
  root: TempRoot;
  line: SlowLine;
  /** Opens the registry, with the cache of all saves of a test. */
  open(): Promise<Registry>;
  /** Saves the folder and returns the bytes that this sent. */
  save(registry: Registry): Promise<number>;
}

/**
 * Starts a save of the folder over a line that stalls before its end, ends it by `interrupt` when much
 * is noted as stored, and goes on by `then`. Up to 17 MiB are on their way when the line stalls.
 */
function interruptedTest(
  name: string,
  interrupt: (test: Interrupted, much: () => boolean) => Promise<void>,
  then: (test: Interrupted) => Promise<void>,
  kinds: ServerKind | readonly ServerKind[] = REAL_SERVERS,
): void {
  testOnServers(name, kinds, async (world) => {
    await using root = await tempRoot();
    await using line = await startSlowLine(world.server.endpoint, 96 * MIB);
    await Deno.mkdir(root.join("folder"));
    const files = [
      ...Array.from({ length: LARGE }, () => MIB),
      ...Array.from({ length: SMALL }, () => 200 * 1024),
    ];
    for (const [i, size] of files.entries()) {
      await Deno.writeFile(root.join("folder", `${i}`), noise(size, i));
    }
    const test: Interrupted = {
      world,
      root,
      line,
      open: () =>
        openRegistry(world.store({ endpoint: line.endpoint }), { cache: { path: root.join("c") } }),
      async save(registry) {
        const before = line.sent();
        await registry.save("a", localPath(root.join("folder")));
        return line.sent() - before;
      },
    };
    line.stallAfter(WHOLE * 0.9);
    await interrupt(test, () => notedBytes(root.join("c")) > WHOLE * 0.33);
    line.disconnect(); // what is in the buffers of its connections is not of the next save
    line.stallAfter(Infinity);
    await then(test);
    await using registry = await openRegistry(world.store(), { cache: false });
    await registry.download("a", { to: root.join("again") });
    for (const { name } of Deno.readDirSync(root.join("folder"))) {
      const [was, is] = await Promise.all(
        ["folder", "again"].map((place) => Deno.readFile(root.join(place, name))),
      );
      assertEquals(is, was);
    }
    const { ok, problems } = await verifyRegistry(registry);
    assert(ok, JSON.stringify(problems));
  });
}

/** Returns the bytes of the objects that the note in a cache names as stored. */
function notedBytes(folder: string): number {
  if (!existsSync(folder)) return 0;
  const sizes = [...Deno.readDirSync(folder)].map(({ name, isDirectory }) =>
    isDirectory ? notedBytes(`${folder}/${name}`) : bytesOfNote(`${folder}/${name}`)
  );
  return Math.max(0, ...sizes);
}

function bytesOfNote(path: string): number {
  if (!/\/[0-9a-f]{64}$/.test(path)) return 0; // a temporary file, which a killed save leaves behind
  try {
    const sizes = Deno.readTextFileSync(path).matchAll(/"key":"objects[^"]*","size":(\d+)/g);
    return [...sizes].reduce((sum, [, size]) => sum + Number(size), 0);
  } catch {
    return 0; // replaced meanwhile
  }
}

async function killed({ world, line, root }: Interrupted, much: () => boolean): Promise<void> {
  const args = [line.endpoint, world.prefix, root.join("c"), root.join("folder")];
  const child = spawnDeno(
    "tests/servers/programs/save_folder.ts",
    [JSON.stringify(placeOf(world.server)), ...args],
    { permissions: ["--no-check", "-A"], env: { NODE_NO_WARNINGS: "1" } },
  );
  const program = watchProcess(child);
  await program.until(much);
  await program.stop("SIGKILL");
}

async function aborted({ root, open }: Interrupted, much: () => boolean): Promise<void> {
  await using registry = await open();
  const stop = new AbortController();
  const { signal } = stop;
  const saving = registry.save("a", localPath(root.join("folder")), { signal })
    .catch((error) => error.message);
  while (!much()) await Promise.race([realSystem.sleep(1), saving]);
  stop.abort(new Error("enough"));
  assertEquals(await saving, "enough");
}

async function goesOn({ open, save }: Interrupted): Promise<void> {
  await using registry = await open();
  const sent = await save(registry);
  assert(sent < WHOLE * 0.75, `${sent} of ${WHOLE} bytes were sent`);
}

interruptedTest("a killed save goes on", killed, goesOn);
interruptedTest("an aborted save goes on", aborted, goesOn, "minio");

interruptedTest("a save whose left objects were collected stores all", aborted, async (test) => {
  const store = test.world.store();
  for await (const found of store.list("objects/")) {
    if ("key" in found) await store.delete(found.key);
  }
  await using registry = await test.open();
  const sent = await test.save(registry);
  assert(sent > WHOLE, `${sent} bytes were sent`);
}, "minio");

interruptedTest("changed files of an interrupted save are sent", aborted, async (test) => {
  for (let i = 0; i < LARGE; i += 2) {
    await Deno.writeFile(test.root.join("folder", `${i}`), noise(MIB, 1_000 + i));
  }
  await using registry = await test.open();
  await test.save(registry);
}, "minio");
