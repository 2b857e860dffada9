import { assert, assertEquals } from "@std/assert";
import { crc32, deflateRawSync } from "node:zlib";
import { concatBytes, plainBytes } from "../../../core/bytes/bytes.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { zip } from "../../../formats/archive.ts";
import { fileOf } from "../image_files.ts";
import { assertFails, bytesOf, listed, outcomeOf } from "./archive_files.ts";

/** Fields of a file, little-endian: each a number and its bytes. */
type Fields = (readonly [value: number, bytes: number] | Uint8Array)[];

function bytesOfFields(...fields: Fields): Uint8Array {
  return concatBytes(fields.map((field) => {
    if (field instanceof Uint8Array) return field;
    const [value, length] = field;
    const view = new DataView(new ArrayBuffer(8));
    view.setBigUint64(0, BigInt(value), true);
    return new Uint8Array(view.buffer, 0, length);
  }));
}

/** Fields of one entry and the end records; omitted ones are right. */
interface Said {
  name?: string;
  content?: Uint8Array;
  packed?: Uint8Array;
  method?: number;
  madeBy?: number;
  attributes?: number;
  /** The extra field of the directory. */
  extra?: Fields;
  /** The three numbers of the directory: packed size, size and offset. */
  sizes?: [number, number, number];
  size?: number;
  /** The end of 64 bits, where there is one: count, size, offset of the directory. */
  end64?: {
    count?: number;
    size?: number;
    offset?: number;
    disk?: number;
    at?: number;
    signature?: number;
  };
  /** The shorter end. */
  end?: { count?: number; size?: number; offset?: number };
}

const MAX32 = 0xffffffff;

/** A ZIP file of one entry, put together by hand. */
function zipOf(said: Said): Uint8Array {
  const {
    name = "a",
    content = bytesOf("hello"),
    method = 0,
    madeBy = 0x314,
    attributes = 0,
    extra = [],
  } = said;
  const packed = said.packed ?? content;
  const size = said.size ?? content.byteLength;
  const shared: Fields = [[20, 2], [0x800, 2], [method, 2], [0, 2], [0x21, 2], [crc32(content), 4]];
  const text = bytesOf(name);
  const local = bytesOfFields(
    [0x04034b50, 4],
    ...shared,
    [packed.byteLength, 4],
    [size, 4],
    [text.length, 2],
    [0, 2],
    text,
    packed,
  );
  const [a, b, c] = said.sizes ?? [packed.byteLength, size, 0];
  const more = bytesOfFields(...extra);
  const central = bytesOfFields(
    ...[[0x02014b50, 4], [madeBy, 2], ...shared, [a, 4], [b, 4], [text.length, 2], [
      more.length,
      2,
    ]] as Fields,
    ...[[0, 2], [0, 2], [0, 2], [attributes, 4], [c, 4], text, more] as Fields,
  );
  const { end64, end = {} } = said;
  const ends: Uint8Array[] = [];
  if (end64 !== undefined) {
    const {
      count = 1,
      size = central.byteLength,
      offset = local.byteLength,
      disk = 0,
      signature = 0x06064b50,
    } = end64;
    const at = end64.at ?? local.byteLength + central.byteLength;
    ends.push(
      bytesOfFields(
        [signature, 4],
        [44, 8],
        [45, 2],
        [45, 2],
        [disk, 4],
        [0, 4],
        [count, 8],
        [count, 8],
        [size, 8],
        [offset, 8],
      ),
    );
    ends.push(bytesOfFields([0x07064b50, 4], [0, 4], [at, 8], [1, 4]));
  }
  const { count = 1, size: directory = central.byteLength, offset = local.byteLength } = end;
  ends.push(
    bytesOfFields([0x06054b50, 4], [0, 4], [count, 2], [count, 2], [directory, 4], [offset, 4], [
      0,
      2,
    ]),
  );
  return concatBytes([local, central, ...ends]);
}

const HELLO = ["file a: hello"];
const ALL64 = { sizes: [MAX32, MAX32, MAX32] as [number, number, number] };
const NUMBERS: Fields = [[1, 2], [24, 2], [5, 8], [5, 8], [0, 8]];

Deno.test("zip: numbers of 64 bits are read, at the end and of entries, whether or not they are needed", async () => {
  assertEquals(await listed(zip(), zipOf({})), HELLO);
  assertEquals(await listed(zip(), zipOf({ end64: {} })), HELLO);
  assertEquals(
    await listed(zip(), zipOf({ end64: {}, end: { count: 0xffff, size: MAX32, offset: MAX32 } })),
    HELLO,
  );
  assertEquals(await listed(zip(), zipOf({ ...ALL64, extra: NUMBERS })), HELLO);
  assertEquals(
    await listed(zip(), zipOf({ ...ALL64, extra: [[7, 2], [2, 2], [9, 2], ...NUMBERS] })),
    HELLO,
  );
  assertEquals(
    await listed(zip(), zipOf({ sizes: [5, MAX32, 0], extra: [[1, 2], [8, 2], [5, 8]] })),
    HELLO,
  );
});

Deno.test("zip: contradicting end records, and missing 64-bit numbers, are Corrupt", async () => {
  for (const end of [{ count: 2 }, { size: 40 }, { offset: 3 }]) {
    await assertFails(zip(), zipOf({ end64: {}, end }), /two ends/);
  }
  await assertFails(zip(), zipOf({ end64: { at: 1_000_000 } }), /out of bounds/);
  await assertFails(zip(), zipOf({ end64: { signature: 1 } }), /its end is missing/);
  await assertFails(zip(), zipOf({ end64: { at: 2 ** 53 } }), /9007199254740992 bytes/);
  await assertFails(zip(), zipOf({ end64: { disk: 1 } }), /split/, "Unsupported");
  await assertFails(zip(), zipOf(ALL64), /64-bit/);
  await assertFails(zip(), zipOf({ ...ALL64, extra: [[1, 2], [16, 2], [5, 8], [5, 8]] }), /64-bit/);
  await assertFails(zip(), zipOf({ ...ALL64, extra: [[1, 2], [24, 2], [5, 8], [5, 8]] }), /64-bit/);
  await assertFails(
    zip(),
    zipOf({ ...ALL64, extra: [[2, 2], [24, 2], [5, 8], [5, 8], [0, 8]] }),
    /64-bit/,
  );
});

Deno.test("zip: a name that looks like the locator of a 64-bit end is a name", async () => {
  const name = `PK\x06\x07${"x".repeat(16)}`;
  assertEquals(await listed(zip(), zipOf({ name })), [`file ${name}: hello`]);
  const [inner, locator] = [`PK\x06\x06${"\0".repeat(52)}`, `PK\x06\x07${"\0".repeat(4)}`];
  const both = zipOf({ name: `${inner}${locator}${String.fromCharCode(30)}${"\0".repeat(11)}` }); // the first name is there
  await assertFails(zip(), both, /ambiguous/);
});

Deno.test("zip: an end record with very many entries is refused before the directory is read", async () => {
  const many = zipOf({ end64: { count: 10 ** 12 }, end: { count: 0xffff } });
  await assertFails(zip(), many, /1000000000000 entries/, "Unsupported");
});

Deno.test("zip: a folder is recognized by its name or type; one with bytes, or without a name, is Corrupt", async () => {
  const content = new Uint8Array();
  const folder = ["folder a: "];
  assertEquals(await listed(zip(), zipOf({ name: "a/", content })), folder);
  assertEquals(await listed(zip(), zipOf({ content, attributes: 0o40755 * 65536 })), folder);
  assertEquals(await listed(zip(), zipOf({ content, madeBy: 0x14, attributes: 0o40755 * 65536 })), [
    "file a: ",
  ]);
  assertEquals(await listed(zip(), zipOf({ name: "./", content })), []);
  await assertFails(zip(), zipOf({ name: "a/" }), /folder with bytes/);
  await assertFails(zip(), zipOf({ name: "." }), /no name/);
});

Deno.test("zip: a link that leads out of the archive, or is very long, is Corrupt", async () => {
  const link = (target: string, name = "a") =>
    zipOf({ name, content: bytesOf(target), attributes: 0o120777 * 65536 });
  assertEquals(await listed(zip(), link("../b", "a/l")), ["link a/l: ../b"]);
  assertEquals(await listed(zip(), link("x".repeat(4096))), [`link a: ${"x".repeat(4096)}`]);
  for (const target of ["/etc/passwd", "../b", "b/../..", "", "C:/b"]) {
    await assertFails(zip(), link(target), /link/);
  }
  await assertFails(zip(), link("x".repeat(4097)), /4097 bytes/);
  const noText = zipOf({ content: Uint8Array.of(0xff), attributes: 0o120777 * 65536 });
  await assertFails(zip(), noText, /UTF-8/);
});

Deno.test("zip: packed bytes that end before their end, or go on behind it, are Corrupt", async () => {
  const content = new Uint8Array(1000);
  const packed = plainBytes(deflateRawSync(content));
  const deflated = { content, method: 8 };
  assertEquals((await listed(zip(), zipOf({ ...deflated, packed }))).length, 1);
  await assertFails(zip(), zipOf({ ...deflated, packed: packed.slice(0, -1) }), /damaged/);
  await assertFails(
    zip(),
    zipOf({ ...deflated, packed: concatBytes([packed, Uint8Array.of(0)]) }),
    /trailing bytes/,
  );
  await assertFails(
    zip(),
    zipOf({ ...deflated, packed, size: 999 }),
    /has more bytes, expected 999/,
  );
  await assertFails(
    zip(),
    zipOf({ ...deflated, packed, size: 1001 }),
    /has 1000 bytes, expected 1001$/,
  );
});

Deno.test("zip: a store that returns too few bytes, in small pieces, or fails, is reported", async () => {
  const bytes = zipOf({
    content: new Uint8Array(1000),
    method: 8,
    packed: plainBytes(deflateRawSync(new Uint8Array(1000))),
  });
  const whole = fileOf(bytes);
  const [entry] = await zip().decode({
    ...whole,
    stream: (range) =>
      whole.stream(range).pipeThrough(
        new TransformStream({
          transform: (chunk, controller) =>
            chunk.forEach((byte: number) => controller.enqueue(Uint8Array.of(byte))),
        }),
      ),
  });
  assertEquals(await entry.bytes(), new Uint8Array(1000));
  const reason = new Error("the store is gone");
  const failing = new ReadableStream<Uint8Array>({
    start: (controller) => controller.error(reason),
  });
  const cut = new Blob([bytes.slice(0, 35)]).stream();
  for (const stream of [failing, cut]) {
    const gone = { ...whole };
    const [lost] = await zip().decode(gone);
    gone.stream = () => stream;
    const outcome = await outcomeOf(() => lost.bytes());
    if (stream === failing) assertEquals(outcome, reason);
    else {assert(
        isRegistryError(outcome, "Corrupt") && outcome.message.includes("truncated"),
        `${outcome}`,
      );}
  }
});
