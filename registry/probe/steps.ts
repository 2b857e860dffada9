// Probes of creates, reads and the clock: creates never overwrite, reads return the last write, and
// the times of a store agree.
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { compareUtf8, sameBytes } from "../../core/bytes/bytes.ts";
import { allEnded, must, text } from "./target.ts";
import type { Listed, ProbeStepDefinition, ProbeTarget } from "./target.ts";

/** Objects that are written and read at the same time. */
const OBJECTS = 4;

export const readSteps: readonly ProbeStepDefinition[] = [
  { name: "a read sees the last write", run: readsLastWrite },
  { name: "a range gives these bytes and no others", run: readsRanges },
  { name: "an empty object is an object", run: keepsEmptyObjects },
  { name: "a missing key can be deleted", run: deletesMissing },
];

async function readsLastWrite(target: ProbeTarget): Promise<void> {
  const keys = Array.from({ length: OBJECTS }, (_, i) => `read/${i}`);
  await allEnded(keys.map((key) => rewrite(target, key)));
}

async function rewrite(target: ProbeTarget, key: string): Promise<void> {
  // a cache may remember that the object is absent
  must(await target.read(key) === undefined, "a read returned an object that was never written");
  for (const body of [text("one"), text("another one")]) {
    await target.put(key, body);
    const bytes = await target.read(key);
    must(sameBytes(bytes, body), "a read returned other bytes than the put before it wrote");
    const size = (await target.head(key))?.size;
    must(size === body.byteLength, `head reports ${size} bytes of an object of ${body.byteLength}`);
  }
  await target.delete(key);
  const gone = await target.read(key) === undefined && await target.head(key) === undefined;
  must(gone, "an object still exists after it was deleted");
}

async function readsRanges(target: ProbeTarget): Promise<void> {
  const whole = Uint8Array.from({ length: 1000 }, (_, i) => i % 251);
  await target.put("range", whole);
  const ranges: { offset: number; length?: number }[] = [
    { offset: 0, length: 1 },
    { offset: 123, length: 456 },
    { offset: 999 },
    { offset: 990, length: 1_000_000 },
  ];
  await forEachAtOnce(ranges, async ({ offset, length = 1 }) => {
    const bytes = await target.read("range", { offset, length });
    const expected = whole.subarray(offset, offset + length);
    const what = `bytes ${offset} to ${offset + expected.byteLength} of ${whole.byteLength}`;
    const size = bytes?.byteLength;
    must(size === expected.byteLength, `a read of ${what} returned ${size} bytes`);
    must(sameBytes(bytes, expected), `a read of ${what} returned other bytes`);
  });
}

async function keepsEmptyObjects(target: ProbeTarget): Promise<void> {
  must(await target.create("empty", new Uint8Array()), "a create of an empty object was refused");
  must((await target.head("empty"))?.size === 0, "head does not find an empty object");
  must((await target.read("empty"))?.byteLength === 0, "a read does not find an empty object");
  must(!await target.create("empty", text("more")), "a create overwrote an empty object");
}

async function deletesMissing(target: ProbeTarget): Promise<void> {
  await target.delete("missing");
  must(await target.head("missing") === undefined, "a delete created an object");
}

/** Stores may have whole seconds, and a reply may have the time of the request, not the object. */
const TOLERANCE_MS = 5_000;

export interface ClockReading {
  /** Time of the store minus local time, milliseconds. */
  offsetMs?: number;
}

/** Creates the step that checks the clock. It writes its result to `reading`. */
export function clockStep(reading: ClockReading): ProbeStepDefinition {
  return {
    name: "the store's clock agrees with the local one",
    run: (target) => readClock(target, reading),
  };
}

async function readClock(target: ProbeTarget, reading: ClockReading): Promise<string> {
  const { system, maxClockOffsetMs } = target.settings;
  const before = system.now();
  const { modifiedAt } = await target.put("clock", text("now"));
  const after = system.now();
  must(Number.isFinite(modifiedAt), "the reply to a put has no time");
  const offsetMs = reading.offsetMs = Math.round(modifiedAt - (before + after) / 2);
  const detail = `the store is ${Math.abs(offsetMs)} ms ${offsetMs < 0 ? "behind" : "ahead"}`;
  const headed = (await target.head("clock"))?.modifiedAt ?? NaN;
  const listed = (await target.list("clock")).infos.get("clock")?.modifiedAt ?? NaN;
  for (const [what, time] of [["head", headed], ["a list", listed]] as const) {
    const differenceMs = time - modifiedAt;
    const agrees = Math.abs(differenceMs) <= TOLERANCE_MS + (after - before);
    must(agrees, `the time in ${what} differs by ${differenceMs} ms from the reply to the put`);
  }
  const allowed = `at most ${maxClockOffsetMs} ms are allowed: set the clocks`;
  must(Math.abs(offsetMs) <= maxClockOffsetMs, `${detail}; ${allowed}`);
  return detail;
}

/**
 * Size of the bodies in every second race: they give stores that check before writing more time.
 */
const LARGE_BYTES = 64 * 1024;

const ROUNDS = 6;
/** Creates in each race. */
const RACERS = 16;

export const createSteps: readonly ProbeStepDefinition[] = [
  { name: "a create never overwrites", run: refusesToOverwrite },
  { name: "racing creates have one winner", run: race },
];

async function refusesToOverwrite(target: ProbeTarget): Promise<void> {
  const first = text("first");
  must(await target.create("create/over", first), "a create of an absent key was refused");
  for (const body of [text("again"), filled(LARGE_BYTES, 1), new Uint8Array()]) {
    const refused = !await target.create("create/over", body);
    must(refused, "a create overwrote an object: the store ignores the condition");
  }
  const isKept = sameBytes(await target.read("create/over"), first);
  must(isKept, "a refused create changed the object");
  await target.put("create/over", text("overwritten"));
  const refused = !await target.create("create/over", text("later"));
  must(refused, "a create overwrote an object that had been overwritten before");
}

async function race(target: ProbeTarget): Promise<string> {
  for (let round = 1; round <= ROUNDS; round++) {
    const key = `race/${round}`;
    const size = round % 2 === 0 ? LARGE_BYTES : 64;
    const bodies = Array.from({ length: RACERS }, (_, racer) => filled(size + racer, racer + 1));
    const won = await allEnded(bodies.map((body) => target.create(key, body)));
    const winners = bodies.filter((_, racer) => won[racer]);
    const at = `(round ${round})`, creates = `${RACERS} creates of one key`;
    must(winners.length <= 1, `${winners.length} of ${creates} were acknowledged ${at}`);
    const held = await target.read(key);
    must(held !== undefined, `after ${creates} there is no object ${at}`);
    const isSent = bodies.some((body) => sameBytes(body, held));
    must(isSent, `the object after ${creates} is none of those that were sent ${at}`);
    // No winner: something repeated the winner's request, and the store refused the repeat.
    const isKept = winners.length === 0 || sameBytes(winners[0], held);
    must(isKept, `the object is not the one whose create was acknowledged ${at}`);
  }
  return `${ROUNDS} rounds of ${RACERS}`;
}

function filled(size: number, value: number): Uint8Array {
  return new Uint8Array(size).fill(value);
}

/** Keys of registries, in order: `-` and `.` sort before `/`, all other characters after it. */
const KEYS = [
  "order/a-/x",
  "order/a.alive",
  "order/a/.alive",
  "order/a/0",
  "order/a/1",
  "order/a/b-c/1",
  "order/a/b/1",
  "order/a/b/10",
  "order/a/b/2",
  "order/a/b=2f/1",
  "order/a/b_/1",
  "order/a/bb/1",
  "order/a0/x",
  "order/a=2e=2e/x",
  "order/a_/x",
  "order/aa/x",
];

/** Other keys, which file stores use, in order. In UTF-16, the last two would be swapped. */
const BEYOND = [
  "beyond/A b",
  "beyond/a%2f",
  "beyond/a+b",
  "beyond/a:b",
  "beyond/é",
  "beyond/～",
  "beyond/😀",
];

/** Longest key of a registry, and its longest segment, bytes. */
const MAX_KEY_BYTES = 900, MAX_SEGMENT_BYTES = 200;

export const listSteps: readonly ProbeStepDefinition[] = [
  { name: "a list sees every create and delete", run: seesWrites },
  { name: "a list is in the order of its keys' bytes", run: isOrdered },
  {
    name: "a list begins after a key and ends at a limit",
    run: honoursAfterAndLimit,
  },
  { name: "a list folds by delimiter", run: foldsByDelimiter },
  { name: "the longest keys are stored", run: storesLongKeys },
  {
    name: "keys beyond those of a registry are stored and ordered",
    required: false,
    run: (target) => keeps(target, "beyond/", BEYOND),
  },
];

/** Lists as cells are written: each new record comes first. */
async function seesWrites(target: ProbeTarget): Promise<void> {
  const keys: string[] = [];
  for (let generation = 1; generation <= 6; generation++) {
    const key = `cell/${99 - generation}.rec`;
    const body = text("x".repeat(500 + generation)); // tombstones are found by their size
    must(await target.create(key, body), "a create of an absent key was refused");
    keys.unshift(key);
    const { keys: listed, infos } = await target.list("cell/", { limit: 1 });
    must(listed[0] === key, "a list does not show an object that was acknowledged before");
    const size = infos.get(key)?.size;
    must(size === body.byteLength, `a list shows ${size} bytes of an object of ${body.byteLength}`);
  }
  same(await target.list("cell/"), keys, "a list does not show all acknowledged objects");
  for (const key of keys.splice(0, 2)) {
    await target.delete(key);
    const { keys: listed } = await target.list("cell/", { limit: 1 });
    must(listed[0] !== key, "a list shows a deleted object");
  }
  same(await target.list("cell/"), keys, "a list does not show the objects left after deletes");
}

async function isOrdered(target: ProbeTarget): Promise<void> {
  await forEachAtOnce(KEYS.toReversed(), (key) => target.put(key, text(key)));
  same(await target.list("order/"), KEYS, "a list is incomplete, or not ordered by bytes of keys");
  const prefixes = ["order/a/", "order/a", "order/a/b", "order/a/b/1", "order/b"];
  await forEachAtOnce(prefixes, async (prefix) => {
    const expected = KEYS.filter((key) => key.startsWith(prefix));
    same(await target.list(prefix), expected, `a list of the prefix "${prefix}" is wrong`);
  });
}

async function honoursAfterAndLimit(target: ProbeTarget): Promise<void> {
  const starts = ["order/a/0", "order/a/b", "order/a/b/1", "order/a/b0", "order/a0", "order/aa/x"];
  await forEachAtOnce(starts, async (after) => {
    const expected = KEYS.filter((key) => compareUtf8(key, after) > 0);
    same(await target.list("order/", { after }), expected, `a list after "${after}" is wrong`);
  });
  await forEachAtOnce([1, 3, KEYS.length], async (limit) => {
    const expected = KEYS.slice(0, limit);
    same(await target.list("order/", { limit }), expected, `a list of limit ${limit} is wrong`);
  });
  const paged: string[] = [];
  while (paged.length < KEYS.length) {
    const { keys } = await target.list("order/", { limit: 5, after: paged.at(-1) });
    must(keys.length > 0 && keys.length <= 5, `a page of limit 5 has ${keys.length} keys`);
    paged.push(...keys);
  }
  must(paged.join() === KEYS.join(), "pages by after and limit do not have each key once");
}

async function foldsByDelimiter(target: ProbeTarget): Promise<void> {
  const expected = [".alive", "0", "1", "b-c/", "b/", "b=2f/", "b_/", "bb/"].map((name) =>
    `order/a/${name}`
  );
  const wrong = "a list with a delimiter is wrong";
  same(await target.list("order/a/", { delimiter: "/" }), expected, wrong);
  const options = { delimiter: "/" as const, after: "order/a/b/", limit: 2 };
  same(await target.list("order/a/", options), expected.slice(5, 7), wrong);
}

async function storesLongKeys(target: ProbeTarget): Promise<void> {
  const segment = (char: string) => `${char}=2d`.repeat(MAX_SEGMENT_BYTES / 4);
  const long = ["a", "b", "c"].map(segment).join("/");
  const folder = target.folder.length + "long/".length + long.length + 1;
  // longer than a segment may be, in two segments
  const rest = `${"d".repeat(20)}/${"d".repeat(MAX_KEY_BYTES - folder - 21)}`;
  await keeps(target, "long/", [`long/${long}/${rest}`, `long/${segment("x")}`]);
}

/** Stores an object under each key, and lists them in order. */
async function keeps(target: ProbeTarget, prefix: string, keys: readonly string[]): Promise<void> {
  await forEachAtOnce(keys, (key) => target.put(key, text(key)));
  await forEachAtOnce(keys, async (key) => {
    const isOwn = sameBytes(await target.read(key), text(key));
    must(isOwn, `the key "${shortened(key)}" has the object of another key`);
  });
  same(await target.list(prefix), keys, "a list of these keys is incomplete or out of order");
}

function same({ keys }: Listed, expected: readonly string[], otherwise: string): void {
  const wrong = keys.findIndex((key, i) => key !== expected[i]);
  if (wrong < 0 && keys.length === expected.length) return;
  const shown = (key: string | undefined) => key === undefined ? "the end" : `"${shortened(key)}"`;
  const place = wrong < 0 ? keys.length : wrong;
  must(false, `${otherwise}: found ${shown(keys[place])} instead of ${shown(expected[place])}`);
}

function shortened(key: string): string {
  return key.length > 40 ? `${key.slice(0, 40)}…` : key;
}
