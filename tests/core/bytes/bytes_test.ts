import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import {
  bodyBytes,
  bodySize,
  bodyStream,
  bytesStream,
  compareUtf8,
  iterableStream,
  readAll,
  sortedByUtf8,
} from "../../../core/bytes/bytes.ts";
import { CODE_POINT } from "../../support/strings/code_point.ts";
import { casesOfRun } from "../../support/seeds.ts";

const encoder = new TextEncoder();

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const place = a.findIndex((byte, i) => byte !== b[i]);
  return place >= 0 && place < b.length
    ? Math.sign(a[place] - b[place])
    : Math.sign(a.length - b.length);
}

Deno.test("compareUtf8() and sortedByUtf8() order strings as the bytes of their UTF-8 forms", () => {
  const unit = fc.oneof(
    fc.constantFrom(
      ..."\0aZ~\x7f\x80é\u07ff\u0800\ud7ff\ue000\ufffd\uffff",
      "\u{10000}",
      "\u{1f98a}",
      "\u{10ffff}",
    ),
    fc.string({ unit: CODE_POINT, minLength: 1, maxLength: 1 }),
  );
  const text = fc.string({ unit, maxLength: 5 });
  const close = fc.tuple(text, text, text).map(([begin, a, b]) => [begin + a, begin + b]);
  const check = fc.property(close, ([a, b]) => {
    const order = compareBytes(encoder.encode(a), encoder.encode(b));
    assertEquals(Math.sign(compareUtf8(a, b)), order);
    assertEquals(sortedByUtf8([a, b], String), order > 0 ? [b, a] : [a, b]);
  });
  fc.assert(check, { numRuns: casesOfRun(5_000) });
});

Deno.test("a body of each kind gives the same bytes", async () => {
  const bytes = encoder.encode("some bytes");
  for (const body of [() => bytes, () => new Blob([bytes]), () => bytesStream(bytes)]) {
    assertEquals(await bodyBytes(body()), bytes);
    assertEquals(await readAll(bodyStream(body())), bytes);
  }
  const sizes = [bytes, new Blob([bytes]), bytesStream(bytes)].map(bodySize);
  assertEquals(sizes, [10, 10, undefined]);
});

Deno.test("iterableStream() reads no chunk early and passes on failures", async () => {
  let asked = 0;
  async function* chunks() {
    for (;;) yield await Promise.resolve(Uint8Array.of(++asked));
  }
  const reader = iterableStream(chunks()).getReader();
  await Promise.resolve();
  assertEquals(asked, 0);
  await reader.read();
  await reader.read();
  assertEquals(asked, 2);
  await reader.cancel();
  const failure = new Error("disk on fire");
  async function* failing() {
    yield await Promise.resolve(new Uint8Array(1));
    throw failure;
  }
  assertStrictEquals(await assertRejects(() => readAll(iterableStream(failing()))), failure);
});

Deno.test("cancelling iterableStream() ends the iterator", async () => {
  let ended = false;
  async function* chunks() {
    try {
      for (;;) yield await Promise.resolve(new Uint8Array(1));
    } finally {
      ended = true;
    }
  }
  for await (const _chunk of iterableStream(chunks())) break;
  assert(ended);
});
