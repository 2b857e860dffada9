import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type AddressInfo, connect as connectTo, createServer, type Socket } from "node:net";
import { Queue } from "npm:bullmq@^6";
import { Redis } from "npm:ioredis@^5";
import { openBullmqQueue } from "../../../extensions/queues/bullmq.ts";
import { openQueue } from "../../../extensions/queues/mod.ts";
import { succeeds } from "../../apps/captured_io.ts";
import { aborted, createListener } from "../../conformance/queues/queue_case.ts";
import { refused } from "../../support/refused.ts";
import { programTest } from "../../support/servers/programs/program_tests.ts";

/** Connects to the Redis of BullMQ. */
async function connect(url: string) {
  const redis = new Redis(url);
  await redis.ping();
  return Object.assign(redis, { [Symbol.asyncDispose]: async () => void await redis.quit() });
}

const job = (id: string) => ({ id, group: "g", kind: "k", data: null });

programTest("errors contain no password", "redis", async ({ shared }) => {
  const url = (await shared()).url.replace("redis://", "redis://nobody:hunter2@");
  const error = await refused("Denied", () => openQueue(url));
  assert(!Deno.inspect(error, { depth: 20 }).includes("hunter2"));
});

programTest("jobs of another program hide none of ours", "redis", async ({ shared }) => {
  const { url } = await shared();
  const { hostname: host, port } = new URL(url);
  const foreign = new Queue("foreign", { connection: { host, port: Number(port) } });
  await using queue = await openQueue(`${url}?queue=foreign`);
  for (const [index, data] of [null, "text", 7, {}, { group: 1 }].entries()) {
    await foreign.add("theirs", data, { jobId: `theirs-${index}` });
  }
  await foreign.close();
  await queue.add(job("ours"));
  assertEquals((await queue.list({ group: "g" })).map(({ id }) => id), ["ours"]);
  assertEquals((await queue.list()).length, 6);
  assertEquals((await queue.get("theirs-0"))?.group, "");
  const { onEvent, until, events } = createListener();
  await using _worker = await queue.work(() => {}, { onEvent });
  await until("done", "ours");
  assertEquals(events.filter(({ event }) => event === "trouble"), []);
});

const BOTH = ["redis", "postgres"] as const;

programTest("the next job of a schedule cannot be removed", BOTH, async ({ shared }) => {
  await using queue = await openQueue(`${(await shared()).url}?queue=to-come`);
  const { id: _, ...nothing } = job("");
  await queue.schedule({ id: "hourly", cron: "0 * * * *", job: nothing });
  const [{ id }] = await queue.list();
  await refused("Conflict", () => queue.remove(id), /it belongs to a schedule/);
  assertEquals(await queue.unschedule("hourly"), true);
  assertEquals(await queue.list(), []);
});

programTest("a damaged job hides no others, and can be removed", "redis", async ({ shared }) => {
  const { url } = await shared();
  await using redis = await connect(url);
  const damages = [["data", "{"], ["opts", "null"], ["opts", "x"], ["progress", "{"]];
  for (const [index, [field, value]] of damages.entries()) {
    await using queue = await openQueue(`${url}?queue=damaged-${index}`);
    await queue.add([job("bad"), job("good")]);
    await redis.hset(`bull:damaged-${index}:bad`, field, value);
    const states = (await queue.list()).map(({ id, state }) => `${id} ${state}`);
    assertEquals(states, ["bad waiting", "good waiting"]);
    const { reason = "" } = (await queue.get("bad"))!;
    assertStringIncludes(reason, 'Cannot read job "bad": its data is damaged: ');
    await refused("Corrupt", () => queue.cancel("bad"));
    const { onEvent, until } = createListener();
    {
      await using _worker = await queue.work(() => {}, { onEvent });
      await until("done", "good");
    }
    await redis.del(`bull:damaged-${index}:bad:lock`);
    assertEquals([await queue.remove("bad"), await queue.remove("bad")], [true, false]);
    assertEquals((await queue.list()).map(({ id }) => id), ["good"]);
  }
});

programTest("a worker that is presumed dead is aborted", "redis", async ({ shared }) => {
  const { url } = await shared();
  await using queue = await openQueue(`${url}?queue=lost`);
  await using redis = await connect(url);
  await queue.add(job("long"));
  const begun = Promise.withResolvers<void>();
  const reasons: unknown[] = [];
  const { onEvent, until } = createListener();
  let calls = 0;
  await using _worker = await queue.work(async (_job, { signal }) => {
    if (++calls > 1) return "by the next";
    begun.resolve();
    await aborted(signal).catch((reason) => reasons.push(reason));
  }, { onEvent });
  await begun.promise;
  await redis.del("bull:lost:long:lock");
  await until("done", "long");
  assertEquals(reasons, ["taken over"]);
  const { result, takenOver, attemptsMade } = (await queue.get("long"))!;
  assertEquals([result, takenOver, attemptsMade], ["by the next", 1, 1]);
  const shown = await succeeds(`jobs show long --queue ${url}?queue=lost`, { cwd: "/" });
  assertStringIncludes(shown, "1 of 1, taken over from a lost worker once\n");
});

programTest("options in the URL do not move the tables", "postgres", async ({ shared }) => {
  const { url } = await shared();
  const options = encodeURIComponent("-c search_path=public");
  await using queue = await openQueue(`${url}?queue=options&options=${options}`);
  await queue.add(job("one"));
  await using again = await openQueue(`${url}?queue=options`);
  assertEquals((await again.get("one"))?.state, "waiting");
});

/** A proxy whose connections can be cut at once; the next three fail too. */
async function cuttable(url: string) {
  const sockets = new Set<Socket>();
  let refused = 0;
  const way = createServer((from) => {
    if (refused-- > 0) return from.destroy();
    const to = connectTo(Number(new URL(url).port), "127.0.0.1");
    for (const socket of [from, to]) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        (socket === from ? to : from).destroy();
      });
    }
    from.pipe(to).pipe(from);
  });
  await new Promise<void>((resolve) => way.listen(0, "127.0.0.1", resolve));
  const through = new URL(url);
  through.port = String((way.address() as AddressInfo).port);
  const cut = () => {
    refused = 3;
    sockets.forEach((socket) => socket.destroy());
  };
  return {
    url: through.href,
    cut,
    [Symbol.dispose]() {
      way.close();
      cut();
    },
  };
}

for (const handBack of [false, true]) {
  const name = `a broken connection fails no job, ${handBack ? "handed back" : "done"}`;
  programTest(name, BOTH, async ({ kind, shared }) => {
    const { url } = await shared();
    using way = await cuttable(url);
    await using direct = await openQueue(`${url}?queue=broken-${handBack}`);
    await using queue = await openQueue(`${way.url}?queue=broken-${handBack}`);
    const begun = Promise.withResolvers<void>();
    let calls = 0;
    await direct.add(job("one"));
    const worker = await queue.work(async (_job, { signal }) => {
      if (++calls > 1) return "done again";
      begun.resolve();
      if (handBack) await aborted(signal).catch(() => {});
      way.cut();
      if (handBack) signal.throwIfAborted();
      return "done";
    });
    await begun.promise;
    if (handBack) {
      await worker.close({ handBack });
      await direct.work(() => "by the next");
    }
    const ends: unknown[] = [];
    for await (const { job: { state, result, reason } } of direct.watch("one")) {
      ends.push([state, result ?? reason]);
    }
    assertEquals(ends.at(-1), ["done", handBack ? "by the next" : "done"], kind);
    assertEquals(calls, 1);
  });
}

programTest("a worker that cannot start takes no job later", BOTH, async ({ own }) => {
  await using server = await own();
  await using queue = await openBullmqQueue(server.url, { answerWithinMs: 2_000 });
  await server.kill();
  const ghost: string[] = [];
  const left = Promise.withResolvers<void>();
  const take = ({ id }: { id: string }) => {
    ghost.push(id);
    left.resolve();
  };
  await refused("Unavailable", () => queue.work(take));
  await server.start();
  await using again = await openQueue(server.url);
  const { onEvent, until } = createListener();
  // A worker that was left behind reconnects before these start.
  const ids = Array.from({ length: 20 }, (_, index) => `job-${index}`);
  await again.add(ids.map((id) => ({ ...job(id), delayMs: 3_000 })));
  await using _worker = await again.work(({ id }) => again.get(id).then(() => {}), { onEvent });
  for (const id of ids) await Promise.race([until("done", id), left.promise]);
  assertEquals(ghost, []);
});
