import { assert, assertEquals, assertRejects } from "@std/assert";
import { Queue } from "npm:bullmq@^6";
import { RegistryError } from "../../core/errors.ts";
import { openBullmqQueue } from "../../queues/bullmq.ts";
import { openQueue } from "../../queues/mod.ts";
import { programTest } from "../support/servers/programs/program_tests.ts";
import { createListener } from "./conformance.ts";

const job = (id: string) => ({ id, group: "g", kind: "k", data: null });

programTest("a password that the server refuses is nowhere in the error", "redis", async ({ shared }) => {
  const url = (await shared()).url.replace("redis://", "redis://nobody:hunter2@");
  const error = await assertRejects(() => openQueue(url), RegistryError);
  assertEquals(error.code, "Denied");
  assert(!Deno.inspect(error, { depth: 20 }).includes("hunter2"));
});

programTest("jobs of another program neither hide those of ours nor stop a worker", "redis", async ({ shared }) => {
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
  const { onEvent, until, heard } = createListener();
  await using _worker = await queue.work(() => {}, { onEvent });
  await until("done", "ours");
  assertEquals(heard.filter(({ event }) => event === "trouble"), []);
});

programTest("a worker that could not be made takes no job later", ["redis", "postgres"], async ({ own }) => {
  await using server = await own();
  await using queue = await openBullmqQueue(server.url, { answerWithinMs: 500 });
  await server.kill();
  const ghost: string[] = [];
  const left = Promise.withResolvers<void>();
  const take = ({ id }: { id: string }) => {
    ghost.push(id);
    left.resolve();
  };
  const error = await assertRejects(() => queue.work(take), RegistryError);
  assertEquals(error.code, "Unavailable");
  await server.start();
  await using again = await openQueue(server.url);
  const { onEvent, until } = createListener();
  // By then a worker that was left behind has found the server again.
  const ids = Array.from({ length: 20 }, (_, index) => `job-${index}`);
  await again.add(ids.map((id) => ({ ...job(id), delayMs: 3_000 })));
  await using _worker = await again.work(({ id }) => again.get(id).then(() => {}), { onEvent });
  for (const id of ids) await Promise.race([until("done", id), left.promise]);
  assertEquals(ghost, []);
});
