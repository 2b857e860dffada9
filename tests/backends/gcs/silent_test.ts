import { assertEquals } from "@std/assert";
import { assertBytes, read, sampleBytes } from "../../conformance/backend/samples.ts";
import { type HeldTimers, holdTimers } from "../../support/held_timers.ts";
import { strictTest } from "./with_strict.ts";

const BYTES = sampleBytes(1000);
/** The time of the first connection of a read. */
const FIRST_MS = 10_000;
let timers: HeldTimers | undefined;

strictTest("a read is sent again over another connection after ten seconds", async (context) => {
  const { fake, open, system } = context;
  const backend = open({ requestTimeoutMs: 30_000 });
  await backend.put("a", BYTES);
  timers = holdTimers(FIRST_MS);
  try {
    fake.faults.add({ method: "GET", url: /alt=media/ }, "stall");
    assertBytes((await read(backend, "a"))!, BYTES);
    fake.faults.add({ method: "GET" }, "stall");
    assertEquals((await backend.head("a"))!.size, BYTES.byteLength);
    assertEquals(system.slept, [], "without a wait between");
  } finally {
    timers[Symbol.dispose]();
  }
}, { onStall: () => timers?.pass() });
