// Creates, reads and the clock: a create writes only where nothing is, a reader gets the bytes that
// were written last, and the store's times agree.
import type { ByteRange } from "../../../core/backend.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { sameBytes } from "../../../core/bytes/bytes.ts";
import { allEnded, must, type ProbeStepDefinition, type ProbeTarget, text } from "./target.ts";

/** How many objects are written and read beside each other. */
const OBJECTS = 4;

export const readSteps: readonly ProbeStepDefinition[] = [
  { name: "a read sees the last write", required: true, run: readsLastWrite },
  { name: "a range gives these bytes and no others", required: true, run: readsRanges },
  { name: "an empty object is an object", required: true, run: keepsEmptyObjects },
  { name: "a missing key can be deleted", required: true, run: deletesMissing },
];

async function readsLastWrite(target: ProbeTarget): Promise<void> {
  const keys = Array.from({ length: OBJECTS }, (_, i) => `read/${i}`);
  await allEnded(keys.map((key) => rewrite(target, key)));
}

async function rewrite(target: ProbeTarget, key: string): Promise<void> {
  must(await target.read(key) === undefined, "an object was read that nobody wrote"); // which a cache may remember
  for (const body of [text("one"), text("another one")]) {
    await target.put(key, body);
    must(
      sameBytes(await target.read(key), body),
      "a read gave other bytes than the put before it wrote",
    );
    const size = (await target.head(key))?.size;
    must(size === body.byteLength, `head says ${size} bytes of an object of ${body.byteLength}`);
  }
  await target.delete(key);
  const gone = await target.read(key) === undefined && await target.head(key) === undefined;
  must(gone, "an object is still there after it was deleted");
}

async function readsRanges(target: ProbeTarget): Promise<void> {
  const whole = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
  await target.put("range", whole);
  const ranges: ByteRange[] = [
    { offset: 0, length: 1 },
    { offset: 123, length: 456 },
    { offset: 999 },
    { offset: 990, length: 1_000_000 },
  ];
  await forEachAtOnce(ranges, async ({ offset, length = 1 }) => {
    const found = await target.read("range", { offset, length });
    const expected = whole.subarray(offset, offset + length);
    const what = `bytes ${offset} to ${offset + expected.byteLength} of ${whole.byteLength}`;
    must(found?.byteLength === expected.byteLength, `a read of ${what} gave ${found?.byteLength}`);
    must(sameBytes(found, expected), `a read of ${what} gave others`);
  });
}

async function keepsEmptyObjects(target: ProbeTarget): Promise<void> {
  must(await target.create("empty", new Uint8Array()), "a create of an empty object was refused");
  must((await target.head("empty"))?.size === 0, "head does not find an empty object");
  must((await target.read("empty"))?.byteLength === 0, "a read does not find an empty object");
  must(!await target.create("empty", text("more")), "a create was written over an empty object");
}

async function deletesMissing(target: ProbeTarget): Promise<void> {
  await target.delete("missing");
  must(await target.head("missing") === undefined, "a delete made an object");
}

/** Stores keep whole seconds, and a reply may tell the time of the request instead of the object's. */
const TOLERANCE_MS = 5_000;

export interface ClockReading {
  /** Store time minus own time, milliseconds. */
  offsetMs?: number;
}

/** The step about the clock; what it learns is left in `reading`. */
export function clockStep(reading: ClockReading): ProbeStepDefinition {
  return {
    name: "the store's clock agrees with the own one",
    required: true,
    run: (target) => readClock(target, reading),
  };
}

async function readClock(target: ProbeTarget, reading: ClockReading): Promise<string> {
  const { system, maxClockOffsetMs } = target.settings;
  const before = system.now();
  const { modifiedAt } = await target.put("clock", text("now"));
  const after = system.now();
  must(Number.isFinite(modifiedAt), "the reply to a put does not tell the store's time");
  const offsetMs = reading.offsetMs = Math.round(modifiedAt - (before + after) / 2);
  const said = `the store is ${Math.abs(offsetMs)} ms ${offsetMs < 0 ? "behind" : "ahead"}`;
  const headed = (await target.head("clock"))?.modifiedAt ?? NaN;
  const listed = (await target.list("clock")).infos.get("clock")?.modifiedAt ?? NaN;
  for (const [what, time] of [["head", headed], ["a list", listed]] as const) {
    const agrees = Math.abs(time - modifiedAt) <= TOLERANCE_MS + (after - before);
    must(
      agrees,
      `${what} tells another time of an object than the reply to its put: ${
        time - modifiedAt
      } ms from it`,
    );
  }
  must(
    Math.abs(offsetMs) <= maxClockOffsetMs,
    `${said}; at most ${maxClockOffsetMs} ms are allowed: set the clocks`,
  );
  return said;
}

/** Every second race is one of bodies of this size: where a store checks before it writes, they leave it more time. */
const LARGE_BYTES = 64 * 1024;

const ROUNDS = 6;
/** How many creates take part in each race. */
const RACERS = 16;

export const createSteps: readonly ProbeStepDefinition[] = [
  { name: "a create never overwrites", required: true, run: refusesToOverwrite },
  { name: "racing creates have one winner", required: true, run: race },
];

async function refusesToOverwrite(target: ProbeTarget): Promise<void> {
  const first = text("first");
  must(await target.create("create/over", first), "a create where nothing is was refused");
  for (const body of [text("again"), filled(LARGE_BYTES, 1), new Uint8Array()]) {
    const refused = !await target.create("create/over", body);
    must(
      refused,
      `a create of ${body.byteLength} bytes was written over an object: the store ignores the condition`,
    );
  }
  must(
    sameBytes(await target.read("create/over"), first),
    "a create that was refused changed the object all the same",
  );
  await target.put("create/over", text("overwritten"));
  must(
    !await target.create("create/over", text("later")),
    "a create was written over an object that was overwritten",
  );
}

async function race(target: ProbeTarget): Promise<string> {
  for (let round = 1; round <= ROUNDS; round++) {
    const key = `race/${round}`;
    const size = round % 2 === 0 ? LARGE_BYTES : 64;
    const bodies = Array.from({ length: RACERS }, (_, racer) => filled(size + racer, racer + 1));
    const won = await allEnded(bodies.map((body) => target.create(key, body)));
    const winners = bodies.filter((_, racer) => won[racer]);
    must(
      winners.length <= 1,
      `${winners.length} of ${RACERS} creates of one key were acknowledged (round ${round})`,
    );
    const held = await target.read(key);
    must(
      held !== undefined,
      `after ${RACERS} creates of one key nothing is there (round ${round})`,
    );
    must(
      bodies.some((body) => sameBytes(body, held)),
      `the object is none of those that were sent (round ${round})`,
    );
    // Without a winner, something on the way repeated the winner's request, and the store refused the repeat.
    const kept = winners.length === 0 || sameBytes(winners[0], held);
    must(kept, `the object is not the one whose create was acknowledged (round ${round})`);
  }
  return `${ROUNDS} rounds of ${RACERS}`;
}

function filled(size: number, value: number): Uint8Array {
  return new Uint8Array(size).fill(value);
}
