import { assertEquals, assertRejects } from "@std/assert";
import { setImmediate } from "node:timers";
import { RegistryError } from "../../../core/errors.ts";
import { assertBytes, listed, passed, sampleBytes } from "../../conformance/backend/samples.ts";
import { type HeldTimers, holdTimers } from "../../support/held_timers.ts";
import {
  listPage,
  objectReply,
  type StandInRequest,
  standInTest,
  type StartStandIn,
} from "./stand_in.ts";

const MIB = 2 ** 20;
const BYTES = sampleBytes(2 * MIB);
/** The time of the first connection of a read. */
const FIRST_MS = 10_000;
const SILENT = { end: "stall" } as const;
const rangeOf = ({ headers }: StandInRequest) => headers.range;
const options = { requestTimeoutMs: 30_000 };

/** A test that decides when the time of a first connection is over. */
function silentTest(
  name: string,
  run: (start: StartStandIn, timers: HeldTimers) => Promise<void>,
): void {
  standInTest(name, async (start) => {
    const timers = holdTimers(FIRST_MS);
    try {
      await run(start, timers);
    } finally {
      timers[Symbol.dispose]();
    }
  });
}

silentTest(
  "a read is sent again over another connection after ten seconds",
  async (start, timers) => {
    let silent = false;
    const store = await start((request) => {
      if (silent) {
        silent = false;
        timers.pass();
        return SILENT;
      }
      const isList = request.query.has("list-type");
      return isList ? listPage(["a"]) : objectReply(request, BYTES);
    }, options);
    const { backend, requests, system } = store;
    const reads: (() => Promise<unknown>)[] = [
      () => backend.head("a"),
      () => backend.get("a"),
      () => listed(backend, ""),
    ];
    for (const read of reads) {
      requests.length = 0;
      await read(); // the first contact has a time limit of its own
      silent = true;
      await read();
      assertEquals(requests.length, 3);
    }
    assertEquals(system.slept, [], "without a wait between");
  },
);

silentTest("a write is not sent again while it may still be answered", async (start, timers) => {
  const store = await start((request) => {
    if (!request.line.startsWith("PUT")) return objectReply(request, BYTES);
    timers.pass();
  }, options);
  await store.backend.get("a");
  await store.backend.put("a", BYTES);
  assertEquals(store.lines().filter((line) => line.startsWith("PUT")).length, 1);
});

silentTest(
  "a store that answers only after more than ten seconds gets its time",
  async (start, timers) => {
    let index = 0;
    const store = await start((request) => {
      if (index++ === 1) {
        timers.pass();
        return SILENT;
      }
      store.system.advance(FIRST_MS + 1);
      if (index > 3) timers.pass(); // of no read any more
      return objectReply(request, BYTES);
    }, options);
    for (let i = 0; i < 4; i++) await store.backend.head("a");
    assertEquals(store.requests.length, 5);
  },
);

silentTest("a body that is silent for ten seconds is resumed", async (start, timers) => {
  for (const passing of [true, false]) {
    const store = await start((request) => {
      const reply = objectReply(request, BYTES);
      if (!request.headers.range.startsWith("bytes=0-")) return reply;
      return { ...reply, body: BYTES.slice(0, 50_000), end: "stall" };
    }, options);
    let isOver = false;
    const get = async () => {
      const object = (await store.backend.get("a", { passing }))!;
      assertBytes(passing ? await passed(object) : await object.bytes(), BYTES);
    };
    const reading = get().finally(() => isOver = true);
    while (!isOver) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (store.requests.length > 0) timers.pass();
    }
    await reading;
    const last = store.requests.map(rangeOf).filter((range) => !range.startsWith("bytes=0-"));
    assertEquals([...new Set(last.map((range) => range.split("-")[0]))], ["bytes=50000"]);
  }
});

standInTest("a line that breaks again and again is used while it brings bytes", async (start) => {
  const store = await start((request) => {
    const reply = objectReply(request, BYTES);
    store.system.advance(12_000); // together longer than retries
    return { ...reply, body: (reply.body as Uint8Array).slice(0, 100_000), end: "cut" };
  }, options);
  const object = await store.backend.get("a", { passing: true, range: { offset: 0, length: MIB } });
  assertBytes(await passed(object!), BYTES.subarray(0, MIB));
});

standInTest("a line that brings no more bytes fails", async (start) => {
  const store = await start((request) => {
    const reply = objectReply(request, BYTES);
    const isFirst = request.headers.range.startsWith("bytes=0-");
    const body = (reply.body as Uint8Array).slice(0, isFirst ? 300_000 : 0);
    return { ...reply, body, end: "cut" };
  }, options);
  const object = await store.backend.get("a", { passing: true });
  assertEquals((await assertRejects(() => passed(object!), RegistryError)).code, "Unavailable");
});
