import { assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import {
  closeSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { gzipSync } from "node:zlib";
import { PieceThreads } from "../../disk/spread/piece_threads.ts";
import { RegistryError } from "../../mod.ts";
import { verifyRegistry, type VerifyReport } from "../../apps/maintenance.ts";
import { canMount, smallDisk } from "../support/small_disk.ts";
import { assertFileHas } from "./folder_world.ts";
import { partial, SIZE, SpreadWorld } from "./spread_world.ts";
import { crash, watchWorkers } from "./watched_workers.ts";

const MIB = 1024 * 1024;

type Run = (world: SpreadWorld, to: string) => Promise<void>;
interface CaseOptions {
  ignore?: boolean;
  onPost?: Parameters<typeof watchWorkers>[0];
}
const cases: { name: string; run: Run; options: CaseOptions }[] = [];

function spreadTest(name: string, run: Run, options: CaseOptions = {}): void {
  cases.push({ name, run, options });
}

function assertSame(path: string, world: SpreadWorld): void {
  assertFileHas(path, world.bytes);
}

spreadTest("write each byte of a large file once, and leave holes for zeros", async (world, to) => {
  await using registry = await world.open();
  let bytes = 0;
  await registry.download("big", { to, onProgress: (progress) => void (bytes = progress.bytes) });
  assertSame(to, world);
  assertEquals(bytes, SIZE);
  assertEquals(world.storeReads, 0);
  const ranges = world.reads.toSorted((a, b) => a.from - b.from);
  assertGreater(ranges.length, 8);
  ranges.reduce((end, { from, to }) => (assertEquals(from, end), to), 0);
  assertEquals(ranges.at(-1)?.to, SIZE);
  assertGreater(SIZE - 3 * MIB, (statSync(to).blocks ?? 0) * 512);
  const urls = new Set(world.urls); // valid for an hour, and renewed
  assertEquals([...urls].toSorted(), ["?number=0&expires=3600000", "?number=1&expires=3600000"]);
});

spreadTest("report each block, also of a piece that fails later, once", async (world, to) => {
  world.answer = ({ index, bytes, ...range }, response) => {
    if (index !== 3) return false;
    response.writeHead(206, { ...partial(range), "content-length": bytes.byteLength });
    response.end(bytes.with(bytes.byteLength - 1, bytes.at(-1)! ^ 1));
    return true;
  };
  await using registry = await world.open();
  const progress: number[] = [];
  await registry.download("big", { to, onProgress: ({ bytes }) => void progress.push(bytes) });
  assertSame(to, world);
  assertEquals(progress, progress.toSorted((a, b) => a - b));
  assertEquals(progress.at(-1), SIZE);
  const steps = progress.map((bytes, i) => bytes - (progress[i - 1] ?? 0));
  assertLess(Math.max(...steps), 3 * MIB);
  assertGreater(world.storeReads, 0);
});

spreadTest("are not started with threads: 1", async (world, to) => {
  await using registry = await world.open({ threads: 1 });
  using workers = watchWorkers();
  await registry.download("big", { to });
  assertSame(to, world);
  assertEquals([workers.started, world.reads.length], [0, 0]);
});

spreadTest("two read a bucket on one processor", async (world, to) => {
  const one = { get: () => 1, configurable: true };
  Object.defineProperty(navigator, "hardwareConcurrency", one);
  try {
    await using registry = await world.open({ threads: undefined });
    using workers = watchWorkers();
    await registry.download("big", { to });
    assertEquals([workers.started, world.storeReads], [2, 0]);
  } finally {
    Reflect.deleteProperty(navigator, "hardwareConcurrency");
  }
  assertSame(to, world);
});

spreadTest("their number is a positive integer", async (world) => {
  for (const threads of [0, 1.5, -1, NaN, "2"]) {
    const opened = world.open({ threads: threads as number });
    assertEquals((await assertRejects(() => opened, RegistryError)).code, "Invalid");
  }
});

spreadTest("that cannot start leave the file to this one", async (world, to) => {
  await using registry = await world.open();
  const Original = globalThis.Worker;
  globalThis.Worker = class {
    constructor() {
      throw new Error("no workers");
    }
  } as unknown as typeof Worker;
  try {
    await registry.download("big", { to });
  } finally {
    globalThis.Worker = Original;
  }
  assertSame(to, world);
  assertEquals(world.reads, []);
});

const FAULTS: Record<string, SpreadWorld["answer"]> = {
  "answers 200 with the whole object": (read, response) => {
    if (read.index % 2 === 0) return false;
    response.writeHead(200, { "content-length": SIZE }).end(new Uint8Array(SIZE));
    return true;
  },
  "sends another range, unverified": (read, response) => {
    if (read.index !== 3) return false;
    const { from, to, bytes } = read;
    const others = { from: from + MIB, to: to + MIB };
    response.writeHead(206, partial(others)).end(new Uint8Array(bytes.byteLength).fill(1));
    return true;
  },
  "compresses it, unverified": (read, response) => {
    if (read.index !== 3) return false;
    response.writeHead(206, { ...partial(read), "content-encoding": "gzip" });
    response.end(gzipSync(read.bytes, { level: 0 }));
    return true;
  },
  "sends too little": ({ index, bytes, ...range }, response) => {
    if (index !== 3) return false;
    response.writeHead(206, partial(range)).end(bytes.subarray(0, MIB));
    return true;
  },
  "breaks the connection": ({ index, bytes, ...range }, response) => {
    if (index !== 3) return false;
    response.writeHead(206, { ...partial(range), "content-length": bytes.byteLength });
    response.write(bytes.subarray(0, MIB), () => response.destroy());
    return true;
  },
  "sends other bytes": ({ index, bytes, ...range }, response) => {
    if (index !== 3) return false;
    const others = bytes.slice();
    others[MIB]! ^= 1;
    response.writeHead(206, { ...partial(range), "content-length": bytes.byteLength }).end(others);
    return true;
  },
  "refuses every read": (_, response) => {
    response.writeHead(403).end();
    return true;
  },
};

for (const [fault, answer] of Object.entries(FAULTS)) {
  spreadTest(`a piece is read again if the store ${fault}`, async (world, to) => {
    world.answer = answer;
    const verify = /whole object|unverified/.test(fault) ? "none" : "integrity";
    await using registry = await world.open({ verify });
    let bytes = 0;
    await registry.download("big", { to, onProgress: (progress) => void (bytes = progress.bytes) });
    assertSame(to, world);
    assertEquals(bytes, SIZE);
    if (fault === "breaks the connection") assertEquals(world.storeReads, 0);
    else assertGreater(world.storeReads, 0);
  });
}

spreadTest("a damaged piece has the error of one thread", async (world, to) => {
  const messages: string[] = [];
  await world.whileDamaged(50 * MIB, async () => {
    for (const threads of [1, 2]) {
      await using registry = await world.open({ threads });
      const error = await assertRejects(() => registry.download("big", { to }), RegistryError);
      assertEquals([error.code, error.key], ["Corrupt", world.objectKey]);
      messages.push(error.message);
    }
  });
  assertEquals(messages[0], messages[1]);
  assertEquals(readdirSync(world.root.path), ["source"]);
});

spreadTest("a lost one leaves its pieces to this one", async (world, to) => {
  await using registry = await world.open();
  await registry.download("big", { to });
  assertSame(to, world);
  assertGreater(world.storeReads, 0);
}, {
  onPost(worker, count) {
    if (count !== 3) return true;
    crash(worker);
    return false;
  },
});

spreadTest("verify each byte of a file in a bucket once", async (world) => {
  await using registry = await world.open();
  const right = await verifyRegistry(registry);
  assertEquals([right.ok, right.bytes, world.storeReads], [true, SIZE, 0]);
  assertEquals(world.reads.reduce((sum, { from, to }) => sum + to - from, 0), SIZE);
});

spreadTest("damage in a bucket has the report of one thread", async (world) => {
  const reports: VerifyReport[] = [];
  await world.whileDamaged(50 * MIB, async () => {
    for (const threads of [1, 2]) {
      await using registry = await world.open({ threads });
      reports.push(await verifyRegistry(registry));
    }
  });
  assertEquals(reports[0], reports[1]);
  assertEquals(reports[0]?.problems.map(({ key }) => key), [world.objectKey]);
});

spreadTest("verify again what a thread could not read", async (world) => {
  world.answer = ({ index }, response) => {
    if (index !== 3) return false;
    response.writeHead(503).end(); // a runtime sends again what a closed connection lost
    return true;
  };
  await using registry = await world.open();
  const { ok, bytes } = await verifyRegistry(registry);
  assertEquals([ok, bytes], [true, SIZE]);
  assertGreater(world.storeReads, 0);
});

Deno.test("threads: a silent one is lost", async () => {
  using workers = watchWorkers(() => false);
  const waits: number[] = [];
  const system = { sleep: (ms: number) => Promise.resolve(void waits.push(ms)) };
  // deno-lint-ignore no-explicit-any -- it only sleeps
  const threads = new PieceThreads(system as any);
  const piece = {
    offset: 0,
    length: 1,
    isNew: true,
    passTo: () => Promise.resolve(),
    direct: {
      url: () => Promise.resolve(""),
      from: 0,
      threads: 1,
      chunks: () => [{ size: 1 }],
      onWritten() {},
    },
  };
  assertEquals(await threads.write("", piece), false);
  assertEquals(workers.live, 0);
  assertEquals(await threads.write("", piece), false);
  assertEquals(workers.started, 1, "no other one, since none has done anything");
});

spreadTest("another one replaces one that was lost", async (world, to) => {
  await using registry = await world.open();
  using workers = watchWorkers((worker, count) => {
    if (count === 4) crash(worker);
    return count !== 4;
  });
  await registry.download("big", { to });
  assertSame(to, world);
  assertEquals(workers.started, 3);
});

spreadTest("an abort ends them at once", async (world, to) => {
  await using registry = await world.open();
  const controller = new AbortController();
  world.answer = ({ index }) => index >= 4; // the rest never arrives
  const onProgress = ({ bytes }: { bytes: number }) => {
    if (bytes >= 16 * MIB) controller.abort(new Error("enough"));
  };
  const { signal } = controller;
  await assertRejects(() => registry.download("big", { to, signal, onProgress }), Error, "enough");
  world.answer = () => false;
  await registry.download("big", { to }); // resumes
  assertSame(to, world);
});

/** Begins a download, and aborts it when so many bytes have come. Returns the file that it leaves. */
async function abortedAt(least: number, world: SpreadWorld, options: { to: string }) {
  await using registry = await world.open();
  const controller = new AbortController();
  const onProgress = ({ bytes }: { bytes: number }) => bytes >= least && controller.abort();
  const { signal } = controller;
  await assertRejects(() => registry.download("big", { ...options, signal, onProgress }));
  const [stage] = readdirSync(world.root.path).filter((name) => name.startsWith(".holdfast-"));
  return world.root.join(stage!, "files/source");
}

spreadTest("only pieces that are missing are read after an abort", async (world, to) => {
  for (const threads of [1, 2]) {
    world.answer = ({ index }) => index === 1; // never arrives
    await abortedAt(55 * MIB, world, { to });
    world.reset();
    await using registry = await world.open({ threads });
    const progress: number[] = [];
    await registry.download("big", { to, onProgress: ({ bytes }) => void progress.push(bytes) });
    assertSame(to, world);
    assertEquals(progress.at(-1), SIZE);
    assertGreater(progress[0]!, 16 * MIB); // whole pieces
    const read = world.reads.reduce((sum, { from, to }) => sum + to - from, 0);
    if (threads > 1) assertEquals([read, world.storeReads], [SIZE - progress[0]!, 0]);
    rmSync(to);
    world.reset();
  }
});

spreadTest("wrong bytes of an earlier download are replaced", async (world, to) => {
  for (const threads of [1, 2]) {
    const begun = await abortedAt(16 * MIB, world, { to });
    truncateSync(begun, SIZE + MIB);
    const file = openSync(begun, "r+");
    for (const at of [22 * MIB, SIZE - 2 * MIB]) { // zeros in the version
      writeSync(file, new Uint8Array(2 * MIB).fill(1), 0, 2 * MIB, at);
    }
    closeSync(file);
    await using registry = await world.open({ threads });
    await registry.download("big", { to });
    assertSame(to, world);
    rmSync(to);
  }
});

spreadTest("two downloads write one target", async (world, to) => {
  await using registry = await world.open();
  const options = { to, overwrite: true };
  await Promise.all([registry.download("big", options), registry.download("big", options)]);
  assertSame(to, world);
  assertEquals(readdirSync(world.root.path).toSorted(), ["out", "source"]);
});

spreadTest("a full disk is reported as by one thread", async (world) => {
  const messages = [];
  for (const threads of [1, 2]) {
    await using disk = await smallDisk(40 * MIB);
    await using registry = await world.open({ threads });
    const to = disk.join("out");
    const error = await assertRejects(() => registry.download("big", { to }), RegistryError);
    messages.push(error.message.replaceAll(disk.path, ""));
    assertEquals(readdirSync(disk.path), []);
  }
  assertEquals(messages[0], messages[1]);
}, { ignore: !canMount });

spreadTest("a file that they wrote is cached", async (world, to) => {
  const cache = { path: world.root.join("cache") };
  {
    await using registry = await world.open({ cache });
    await registry.download("big", { to });
    assertSame(to, world);
    assertEquals(world.storeReads, 0);
  }
  const reads = world.reads.length;
  await using registry = await world.open({ cache });
  await registry.download("big", { to: `${to}2` });
  assertSame(`${to}2`, world);
  assertEquals([world.storeReads, world.reads.length], [0, reads]);
});

Deno.test("threads", async (t) => {
  await using world = await SpreadWorld.create();
  for (const { name, run, options: { ignore, onPost } } of cases) {
    await t.step({
      name,
      ignore,
      async fn() {
        world.reset();
        using workers = watchWorkers(onPost);
        await run(world, world.root.join("out"));
        assertEquals(workers.live, 0, "no worker is left");
        for (const file of readdirSync(world.root.path)) {
          if (file !== "source") rmSync(world.root.join(file), { recursive: true });
        }
      },
    });
  }
});
