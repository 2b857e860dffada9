// What a reader stands on: it gets the bytes that were written last, or the range of them that it
// asked for.
import type { ByteRange } from "../../core/backend.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { sameBytes } from "../../core/bytes/bytes.ts";
import { allEnded, must, text } from "./target.ts";
import type { ProbeStepDefinition, ProbeTarget } from "./target.ts";

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
