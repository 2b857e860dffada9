import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import fs from "node:fs";
import process from "node:process";
import { realSystem } from "../../core/system.ts";
import { localPath, openRegistry } from "../../mod.ts";
import { verifyRegistry, type VerifyReport } from "../../apps/maintenance.ts";
import { runDeno } from "../support/run_deno.ts";
import { FolderWorld, PIECES, SIZE } from "./folder_world.ts";
import { crash, watchWorkers } from "./watched_workers.ts";

const MIB = 1024 * 1024;

const cases: { name: string; run(world: FolderWorld): Promise<void> }[] = [];

function verifyTest(name: string, run: (world: FolderWorld) => Promise<void>): void {
  cases.push({ name, run });
}

/** True if this process has a file open. Only Linux tells. */
function isOpen(path: string): boolean {
  if (process.platform !== "linux") return false;
  return fs.readdirSync("/proc/self/fd").some((name) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false; // that of the listing
    }
  });
}

/** Verifies the registry on threads as it is, and then on this thread: the reports are equal. */
async function assertSameReport(
  world: FolderWorld,
  onPost?: Parameters<typeof watchWorkers>[0],
): Promise<VerifyReport> {
  using workers = watchWorkers(onPost);
  const report = await world.verify(2);
  assertEquals([workers.started, workers.live], [2, 0]);
  assertEquals(await world.verify(1), report);
  assertEquals(workers.started, 2);
  return report;
}

verifyTest("check each piece of a large file, and report what one thread does", async (world) => {
  let posts = 0;
  const { ok, files, bytes } = await assertSameReport(world, () => posts++ >= 0);
  assertEquals([ok, files, bytes, posts], [true, 1, SIZE, PIECES]);
});

for (const [place, at] of Object.entries({ first: 0, middle: 37 * MIB + 5, last: SIZE - 1 })) {
  verifyTest(`damage in the ${place} piece has the report of one thread`, async (world) => {
    world.replace(at);
    const { ok, bytes, problems: [problem, ...others] } = await assertSameReport(world);
    assertEquals([ok, bytes, others, problem?.code], [false, 0, [], "Corrupt"]);
    assert(problem?.path !== undefined && problem.key.startsWith("objects/"));
  });
}

verifyTest("an object that is longer has the report of one thread", async (world) => {
  fs.appendFileSync(world.object, "more");
  assertEquals((await assertSameReport(world)).ok, true); // no reader reads it
});

verifyTest("objects that are shorter, or gone, are read by no thread", async (world) => {
  for (
    const harm of [() => fs.truncateSync(world.object, SIZE - MIB), () => fs.rmSync(world.object)]
  ) {
    harm();
    using workers = watchWorkers();
    const report = await world.verify(2);
    assertEquals([report.ok, workers.started], [false, 0]);
    assertEquals(await world.verify(1), report);
  }
});

verifyTest("a lost one leaves its pieces to this one", async (world) => {
  const { ok } = await assertSameReport(world, (worker, count) => {
    if (count === 3) crash(worker);
    return count !== 3;
  });
  assertEquals(ok, true);
  world.replace(SIZE - 1);
  const { problems } = await assertSameReport(world, (worker, count) => {
    if (count === 3) crash(worker);
    return count !== 3;
  });
  assertEquals(problems.length, 1);
});

verifyTest("that cannot start leave the file to this one", async (world) => {
  const Original = globalThis.Worker;
  globalThis.Worker = class {
    constructor() {
      throw new Error("no workers");
    }
  } as unknown as typeof Worker;
  try {
    assertEquals((await world.verify(2)).ok, true);
    world.replace(37 * MIB);
    assertEquals(await world.verify(2), await world.verify(1));
  } finally {
    globalThis.Worker = Original;
  }
});

verifyTest("are not started where the program may read only the registry", async (world) => {
  const args = ["verify", "--registry", world.folder, "--json"];
  const permissions = [`--allow-read=${world.folder}`];
  const right = await runDeno("apps/cli.ts", args, { permissions });
  assertEquals(right.code, 0, right.stderr);
  assertEquals(JSON.parse(right.stdout).bytes, SIZE);
  world.replace(37 * MIB);
  const wrong = await runDeno("apps/cli.ts", args, { permissions });
  assertEquals(wrong.code, 1, wrong.stderr);
});

const MEANWHILE: Record<string, { harm(world: FolderWorld): void; ok: boolean }> = {
  "the same bytes": { harm: (world) => world.reset(), ok: true },
  "other bytes": { harm: (world) => world.replace(SIZE - 1), ok: false },
  "a shorter file": {
    harm: (world) => fs.truncateSync(world.object, 40 * MIB),
    ok: false,
  },
  "nothing": { harm: (world) => fs.rmSync(world.object), ok: false },
};

for (const [state, { harm, ok }] of Object.entries(MEANWHILE)) {
  verifyTest(
    `an object that becomes ${state} meanwhile is reported as it is then`,
    async (world) => {
      const report = await assertSameReport(world, (_, count) => {
        if (count === 3) harm(world);
        return true;
      });
      assertEquals(report.ok, ok);
    },
  );
}

verifyTest("an abort ends them, and they leave no file open", async (world) => {
  await using registry = await world.open();
  const controller = new AbortController(), { signal } = controller;
  using workers = watchWorkers((_, count) => {
    if (count === 3) controller.abort(new Error("enough"));
    return true;
  });
  const reason = await assertRejects(() => verifyRegistry(registry, { signal }));
  assertStrictEquals(reason, signal.reason);
  assertEquals([workers.started, workers.live], [2, 0]);
  // A thread that is ended between two pieces has none open, and the runtime closes those of others.
  while (isOpen(world.object)) await realSystem.sleep(5);
});

verifyTest("a later version that shares bytes has the report of one thread", async (world) => {
  const source = world.root.join("source");
  fs.appendFileSync(source, "more");
  {
    await using registry = await world.open();
    await registry.save("big", localPath(source));
  }
  assertEquals((await assertSameReport(world)).problems, []);
  world.replace(37 * MIB);
  const { problems } = await assertSameReport(world);
  assertEquals(problems.map(({ ref }) => ref).sort(), ["big@1.0.0", "big@2.0.0"]);
  await using registry = await world.open();
  await registry.delete("big@2");
});

verifyTest("damage that they find is repaired from a copy", async (world) => {
  const copied = world.root.join("copy");
  fs.cpSync(world.folder, copied, { recursive: true });
  world.replace(37 * MIB);
  await using registry = await world.open();
  await using copy = await openRegistry(copied, { readOnly: true });
  const { ok, repaired } = await verifyRegistry(registry, { repairFrom: copy });
  assertEquals([ok, repaired?.length], [true, 1]);
  assertEquals((await assertSameReport(world)).ok, true);
});

Deno.test("verify on threads", async (t) => {
  await using world = await FolderWorld.create();
  for (const { name, run } of cases) {
    await t.step({
      name,
      async fn() {
        world.reset();
        await run(world);
      },
    });
  }
});
