import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { bodyBytes } from "../../../core/bytes/bytes.ts";
import { RegistryError } from "../../../core/errors.ts";
import { decodeText, encodeText, splitLines } from "../../../formats/content/text_stream.ts";
import { slowTest } from "../../support/seeds.ts";
import { CODE_POINT } from "../../support/strings/code_point.ts";

const refuse = (state: string) =>
  new RegistryError({ code: "Corrupt", message: `Cannot read: ${state}` });
const cut = (bytes: Uint8Array, size: number) =>
  ReadableStream.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
    })(),
  );
const join = async (pieces: AsyncIterable<string>) => (await Array.fromAsync(pieces)).join("");

slowTest("any text is read back, however its bytes are split", async () => {
  const texts = fc.string({ unit: CODE_POINT });
  const sizes = fc.integer({ min: 1, max: 5 });
  await fc.assert(fc.asyncProperty(texts, sizes, async (text, size) => {
    const bytes = await bodyBytes(await encodeText([text]));
    const decoded = await join(decodeText(cut(bytes, size), { refuse }));
    assertEquals(decoded, text.replace(/^\ufeff/, ""));
  }));
});

Deno.test("UTF-16 is read on request, and refused if truncated", async () => {
  const wide = Uint8Array.of(0xff, 0xfe, 0xe4, 0x00, 0x0a, 0x00);
  for (const size of [1, 2, 3, 6]) {
    assertEquals(await join(decodeText(cut(wide, size), { utf16: true, refuse })), "ä\n");
    const narrow = join(decodeText(cut(wide, size), { refuse }));
    await assertRejects(() => narrow, RegistryError, "text is not UTF-8");
  }
  const half = join(decodeText(cut(wide.subarray(0, 5), 2), { utf16: true, refuse }));
  await assertRejects(() => half, RegistryError, "UTF-16LE, at its end");
});

Deno.test("errors of the stream are rethrown", async () => {
  const cause = new Error("unplugged");
  const stream = new ReadableStream({ pull: (controller) => controller.error(cause) });
  assertStrictEquals(await assertRejects(() => join(decodeText(stream, { refuse }))), cause);
});

Deno.test("an abort cancels a stalled stream", async () => {
  const aborting = new AbortController();
  const reasons: unknown[] = [];
  const stream = new ReadableStream<Uint8Array>({
    pull: () => new Promise<void>(() => aborting.abort(new Error("enough"))),
    cancel: (reason) => void reasons.push(reason.message),
  }, { highWaterMark: 0 });
  const reading = join(decodeText(stream, { refuse, signal: aborting.signal }));
  await assertRejects(() => reading, Error, "enough");
  assertEquals(reasons, ["enough"]);
});

Deno.test("lines end with a line feed or the text, and are counted from 1", async () => {
  async function* pieces() {
    yield* ["a", "b\n\n", "c\nd\r", "\ne"];
  }
  const lines = splitLines(pieces(), { maxCharacters: 3, refuse: (line) => refuse(String(line)) });
  assertEquals(await Array.fromAsync(lines), [
    { text: "ab", line: 1 },
    { text: "", line: 2 },
    { text: "c", line: 3 },
    { text: "d\r", line: 4 },
    { text: "e", line: 5 },
  ]);
  const limit = { maxCharacters: 1, refuse: (line: number) => refuse(`line ${line}`) };
  const short = splitLines(pieces(), limit);
  await assertRejects(() => Array.fromAsync(short), RegistryError, "line 1");
});

Deno.test("a long text is pulled as its stream is read, and closed by a cancel", async () => {
  let asked = 0;
  let isClosed = false;
  function* pieces() {
    try {
      while (++asked < 1_000) yield "ä".repeat(50_000);
    } finally {
      isClosed = true;
    }
  }
  const content = await encodeText(pieces()) as ReadableStream<Uint8Array>;
  assertEquals([content instanceof ReadableStream, asked < 100], [true, true]);
  const reader = content.getReader();
  assertEquals((await reader.read()).value!.byteLength, 200_000);
  await reader.cancel();
  assertEquals([isClosed, asked < 100], [true, true]);
});
