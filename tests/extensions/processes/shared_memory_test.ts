import { assert, assertEquals, assertRejects } from "@std/assert";
import { PassThrough } from "node:stream";
import { createServiceMemory, MEMORY_PARTS } from "../../../apps/server/memory/service_memory.ts";
import { answerCall, memoryByCalls } from "../../../extensions/processes/shared_memory.ts";
import { WrittenNames } from "../../../apps/server/memory/written_names.ts";
import { addCounts, countsOfEnded } from "../../../extensions/processes/counts.ts";
import { Metrics } from "../../../apps/server/observe/metrics.ts";
import { ChannelEnded, openChannel } from "../../../extensions/processes/channel.ts";
import { conflict, isRegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { createApp } from "../../../apps/server/app.ts";
import { openRegistry } from "../../../mod.ts";
import { openAllGateways } from "../gateways/all_gateways.ts";

const refuse = () => Promise.reject(new Error("no calls"));

function channels(
  answer: (method: string, args: readonly unknown[]) => Promise<unknown>,
  onText: (line: string) => void = () => {},
) {
  const there = new PassThrough(), back = new PassThrough();
  const calling = openChannel({ input: back, output: there, answer: refuse, onText });
  openChannel({ input: there, output: back, answer, onText: () => {} });
  return { calling, back };
}

/** Facts that a gateway might remember. */
class Remembered {
  static readonly id = "test.remembered";
  readonly #values: string[] = [];

  // deno-lint-ignore require-await -- a process may ask another one
  async add(value: string): Promise<number> {
    return this.#values.push(value);
  }
}

Deno.test("another process can call every method of the memory, and no other one", async () => {
  const memory = createServiceMemory(realSystem);
  const remote = memoryByCalls((called, kinds) => answerCall(memory, called, kinds));
  for (const [part, { prototype }] of Object.entries(MEMORY_PARTS)) {
    const own = Object.getOwnPropertyNames(prototype).filter((name) => name !== "constructor");
    assertEquals(Object.keys(remote[part as keyof typeof MEMORY_PARTS]), own, part);
  }
  await remote.writes.note("a");
  assertEquals((await memory.writes.since(0)).names, ["a"]);
  await remote.of(Remembered).add("b");
  assertEquals(await memory.of(Remembered).add("c"), 2);
  for (
    const method of [
      ...["reads.constructor", "toString.call", "constructor.x", "reads", "", "of.call"],
      ...["test.remembered.constructor", "test.other.add", "test.remembered"],
    ]
  ) {
    const call = () => answerCall(memory, [method, []], [Remembered]);
    await assertRejects(call, Error, "no such method");
  }
});

Deno.test("gateways list the facts that they remember, for the other processes", async () => {
  await using all = await openAllGateways();
  await using registry = await openRegistry("memory:");
  const memory = createServiceMemory(realSystem);
  const kinds = all.gateways.flatMap(({ memory = [] }) => memory);
  const answers: Promise<unknown>[] = [];
  const remote = memoryByCalls((called) => {
    answers.push(answerCall(memory, called, kinds));
    return answers.at(-1)!;
  });
  const allCounts = () => Promise.reject(new Error("no counts"));
  const parts = { processes: 2, memory: remote, allCounts };
  const app = createApp(registry, { gateways: [...all.gateways] }, parts);
  await Promise.all(answers);
  await app.close();
});

Deno.test("a call has the result, or the error, of the other process", async () => {
  const texts: string[] = [];
  const { calling, back } = channels((method, args) => {
    if (method === "fail") throw conflict("read", '"a"', "it changed", { hint: "Again." });
    if (method === "break") throw new Error("no space left");
    return Promise.resolve(args);
  }, (line) => void texts.push(line));
  const values = [1, "ü\n{", { a: [null] }];
  assertEquals(await calling.call("echo", values), values);
  const error = await assertRejects(() => calling.call("fail"));
  assert(isRegistryError(error, "Conflict"));
  assertEquals([error.message, error.hint], ['Cannot read "a": it changed', "Again."]);
  await assertRejects(() => calling.call("break"), Error, "no space left");
  back.write("printed by a library\n");
  const never = calling.call("echo");
  await never;
  assertEquals(texts, ["printed by a library"]);
});

Deno.test("calls end with the other process", async () => {
  const { calling, back } = channels(() => new Promise(() => {}));
  const call = calling.call("slow");
  back.end();
  await assertRejects(() => call, ChannelEnded);
  await calling.ended;
  await assertRejects(() => calling.call("more"), ChannelEnded);
});

Deno.test("a lock that was wanted before its holder listened is given up at once", async () => {
  const { locks } = createServiceMemory(realSystem);
  const lock = await locks.take("u");
  const next = locks.take("u");
  assertEquals(await locks.isWanted("u", lock), true);
  await locks.give("u", lock);
  const second = await next;
  assertEquals(await locks.isWanted("u", lock), false);
  await locks.give("u", lock); // a late one frees nobody else's lock
  const third = locks.take("u");
  assertEquals(await locks.isWanted("u", second), true);
  await locks.give("u", second);
  await third;
});

Deno.test("names written since a mark are complete, or are said to be cut", async () => {
  const writes = new WrittenNames();
  await writes.note("a");
  const { mark, names, isCut } = await writes.since(0);
  assertEquals([names, isCut], [["a"], false]);
  assertEquals((await writes.since(mark)).names, []);
  await writes.note("a");
  assertEquals((await writes.since(mark)).names, ["a"]);
  for (let i = 0; i < 10_001; i++) await writes.note(`n${i}`);
  assertEquals([(await writes.since(mark)).isCut, (await writes.since(mark + 2)).isCut], [
    true,
    false,
  ]);
});

Deno.test("counts of processes are added, and those of an ended one stay", async () => {
  const request = { method: "GET", route: "/names", status: 200, receivedBytes: 1, sentBytes: 2 };
  const [one, other] = [new Metrics(realSystem), new Metrics(realSystem)];
  for (const metrics of [one, other, other]) {
    metrics.begin();
    metrics.end({ ...request, durationMs: 3 });
  }
  other.begin();
  const used = (at: number) => ({
    name: "last",
    help: "",
    label: "token",
    read: () => ({ t: at }),
  });
  one.watchProcess(used(5));
  other.watchProcess(used(3));
  const both = await one.text(addCounts([one.counts(), other.counts()]));
  const lines = [
    'holdfast_requests_total{method="GET",route="/names",status="200"} 3',
    'holdfast_request_duration_seconds_bucket{method="GET",route="/names",le="0.005"} 3',
    "holdfast_requests_under_way 1",
    "holdfast_processes 2",
    "holdfast_sent_bytes_total 6",
    'last{token="t"} 5',
  ];
  for (const line of lines) assert(both.split("\n").includes(line), `${line}\n${both}`);
  const later = await one.text(addCounts([one.counts(), countsOfEnded(other.counts())]));
  assert(later.includes("holdfast_sent_bytes_total 6\n"));
  assert(later.includes("holdfast_requests_under_way 0\n"));
  assert(later.includes("holdfast_processes 1\n"));
});
