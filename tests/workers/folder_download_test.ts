import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import fs from "node:fs";
import { localPath, RegistryError } from "../../mod.ts";
import { assertFileHas, DOWNLOADED, FolderWorld, PIECES } from "./folder_world.ts";
import { crash, watchWorkers } from "./watched_workers.ts";

const MIB = 1024 * 1024;

type Run = (world: FolderWorld, to: string) => Promise<void>;
const cases: { name: string; run: Run }[] = [];

function folderTest(name: string, run: Run): void {
  cases.push({ name, run });
}

function assertSame(path: string, { bytes }: FolderWorld): void {
  assertFileHas(path, bytes);
}

folderTest("write each byte of a large file once, and leave holes for zeros", async (world, to) => {
  let posts = 0, bytes = 0;
  using workers = watchWorkers(() => posts++ >= 0);
  await using registry = await world.open();
  await registry.download("big", { to, onProgress: (progress) => void (bytes = progress.bytes) });
  assertSame(to, world);
  assertEquals([workers.started, workers.live, posts, bytes], [2, 0, PIECES + 8, DOWNLOADED]);
  assertGreater(DOWNLOADED - 2 * MIB, (fs.statSync(to).blocks ?? 0) * 512);
});

folderTest("are not started with threads: 1", async (world, to) => {
  using workers = watchWorkers();
  await using registry = await world.open({ threads: 1 });
  await registry.download("big", { to });
  assertSame(to, world);
  assertEquals(workers.started, 0);
});

folderTest("are not started for a version that one thread reads as fast", async (world, to) => {
  using workers = watchWorkers();
  await using registry = await world.open();
  const small = world.root.join("small");
  fs.writeFileSync(small, world.bytes.subarray(0, DOWNLOADED / 2));
  await registry.save("small", localPath(small));
  await registry.download("small", { to });
  assertFileHas(to, world.bytes.subarray(0, DOWNLOADED / 2));
  assertEquals(workers.started, 0);
});

folderTest("a lost one leaves its pieces to this one", async (world, to) => {
  using _workers = watchWorkers((worker, count) => {
    if (count === 3) crash(worker);
    return count !== 3;
  });
  await using registry = await world.open();
  await registry.download("big", { to });
  assertSame(to, world);
});

folderTest("an object that is replaced by the same bytes meanwhile is read", async (world, to) => {
  using _workers = watchWorkers((_, count) => {
    if (count === 3) world.reset();
    return true;
  });
  await using registry = await world.open();
  await registry.download("big", { to });
  assertSame(to, world);
});

folderTest(
  "a damaged, shorter or missing object fails, and nothing is written",
  async (world, to) => {
    const harms = [
      () => world.replace(37 * MIB),
      () => fs.truncateSync(world.object, DOWNLOADED - MIB),
      () => fs.rmSync(world.object),
    ];
    for (const harm of harms) {
      harm();
      for (const threads of [1, 2]) {
        await using registry = await world.open({ threads });
        const error = await assertRejects(() => registry.download("big", { to }), RegistryError);
        assertEquals(error.code, "Corrupt");
        assertEquals(fs.existsSync(to), false);
      }
    }
  },
);

folderTest("an aborted download resumes", async (world, to) => {
  await using registry = await world.open();
  const controller = new AbortController(), { signal } = controller;
  const onProgress = ({ bytes }: { bytes: number }) => {
    if (bytes >= 16 * MIB) controller.abort(new Error("enough"));
  };
  await assertRejects(() => registry.download("big", { to, signal, onProgress }), Error, "enough");
  assertEquals(fs.existsSync(to), false);
  await registry.download("big", { to });
  assertSame(to, world);
});

Deno.test("downloads from a folder on threads", async (t) => {
  await using world = await FolderWorld.create(DOWNLOADED);
  for (const { name, run } of cases) {
    await t.step({
      name,
      async fn() {
        world.reset();
        const to = world.root.join("out");
        await run(world, to);
        fs.rmSync(to, { force: true });
      },
    });
  }
});
