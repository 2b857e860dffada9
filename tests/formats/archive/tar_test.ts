import { assert, assertEquals, assertRejects } from "@std/assert";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { concatBytes, plainBytes, readAll } from "../../../core/bytes/bytes.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { type EntryToSave, tar, tgz, zip } from "../../../formats/archive.ts";
import { fileOf } from "../image_files.ts";
import {
  assertFails,
  assertRefused,
  bytesOf,
  fromBase64,
  listed,
  packed,
  patched,
  textOf,
} from "./archive_files.ts";

/** Written by Python's `tarfile`, in each of its formats, and packed by gzip. */
const USTAR = fromBase64(`
  H4sIAAAAAAACA+3X0QqDIBgFYB/FJzB/zXyeYGMNpDYr6PFnu5sXwbZ0C893YxeBxKHjr6hYcjKwxjzXIF6jZwrPDUnNuGEZzOPU+rAlK5OoWj
  EtU/L8m7reyN9E+VtpLOMS+SfXnZ0bGJTqdPWVn/tf9j+RjvvfKkP4/3NYABJAsx6n/12G+X97/ov6n9b3GVciw3RaeP+v+Xd/mH9YOOW4nBSe
  v9/ZZ/nXr/kbUlIdfP677SzR57uhv+AULNc9wx5v979stFzP/xH3PwAAAAAAAAAAgG88ABia858AKAAA`);
const GNU = fromBase64(`
  H4sIAAAAAAACA+2XQQrCMBREc5ScIMlP02br3l5CUFQsrdYKHs6dFzOKKAZRhCa2ZN4moZsuJn9mvpAsOMph8/x2OvzTu5O7F8pkjOcsAod9N2
  s5Z4ki5Ex0xy64/oUxH/TPPf2tIsu4gv7BWS2qqmEgVebrVraH+p/+T5T5/m81EeY/BkcAAgBnHY//VxH6/+f+5/k/KaUN41pEaKeJ+/9V/9XQ
  9FfWGpf/FGM5SX7/E3JSNvWyXNebgPq/0f2huX6+jft3e62LvET/C862Z+T51PYMQnrk+n/3f/Pq/5lxpoD9LwaVs35MQboMNv9d/59i/pH/yP
  +g7CL84+f9LzNUuP1Px3icic8/AAAAAABIiwsZKYErACgAAA==`);
const PAX = fromBase64(`
  H4sIAAAAAAACA+3aS26DMBSFYY+zCq8A/MB4FLXDDrsFpKCCSh6lRGJxnXVjJeqgCiiNKoET1f83wYoieYDuuddOkjRJH5+L/qksNmUrFqG+XX
  oqpd3P+vS5VkZrIXsRwPG9K9phexEnbeW2q7flWiduJRCbJF1+j1NRe+cu1//Z2gzrXKtMSEf9B3j/5D/5T/7Hm/9F0vXd4vmfZ9kv+e9G+e9V
  roRU1P/iqrJp9pRBxPVP/6f/0/9jtanbtD3ubnn+09qOz3/eOEP/D6EHFkCyMv8x/zH/4f7nv2bhPa7f/4zmPz183wlpkgC3U9z/k//kP/kfcf
  5Xd5j/w0PqED9OkP83z3/jzTT/c/I/SP57Kw9FV60PM0s/P9qZrWhWs5v9tT9M39v1/M/O899aZxz3vyE0+90LVRCv++j/+aT/G0P/D9P/vWzq
  3SszQJzeAuzx5/Oftf70/18TYjiJvP4BAAAAAAAAAAAAAP/DF25JjkcAUAAA`);

const SMALL: EntryToSave[] = [
  { path: "a.txt", content: bytesOf("first") },
  { path: "plate/run", content: bytesOf("x".repeat(600)), mode: "executable" },
  { path: "plate/newest", content: bytesOf("../a.txt"), mode: "link" },
  { path: "empty", mode: "folder" },
];

/** An archive of one header, with other bytes at some places and a sum that is right, and a content. */
function tarOf(changes: Record<number, string>, content = ""): Uint8Array {
  const block = new Uint8Array(512);
  const fields = {
    0: "a",
    100: "0000644",
    108: "0000000",
    116: "0000000",
    124: "00000000000",
    136: "00000000000",
    156: "0",
  };
  const texts = { ...fields, 257: "ustar\x0000", ...changes };
  for (const [at, text] of Object.entries(texts)) {
    block.set(Uint8Array.from(text, (character) => character.charCodeAt(0)), Number(at));
  }
  const sum = block.reduce((sum, byte) => sum + byte, 8 * 0x20);
  block.set(bytesOf(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  const rest = bytesOf(content);
  return concatBytes([block, rest, new Uint8Array(-rest.byteLength & 511), new Uint8Array(1024)]);
}

function octal(value: number): string {
  return value.toString(8).padStart(11, "0");
}

/** An archive of one pax header with these records, and a file. */
function paxOf(records: string, type = "x"): Uint8Array {
  const before = tarOf({ 124: octal(bytesOf(records).byteLength), 156: type }, records);
  return concatBytes([before.slice(0, -1024), tarOf({ 124: octal(5) }, "hello")]);
}

Deno.test("tar: files, links and folders come back in their order, and again from what was read", async () => {
  const meant = [
    "file a.txt: first",
    `executable plate/run: ${"x".repeat(600)}`,
    "link plate/newest: ../a.txt",
    "folder empty: ",
  ];
  for (const format of [tar(), tgz()]) {
    const bytes = await packed(format, SMALL);
    assertEquals(await listed(format, bytes), meant);
    assertEquals(await packed(format, await format.decode(fileOf(bytes))), bytes);
  }
  assertEquals(await listed(tar(), await packed(tar(), [])), []);
});

Deno.test("tar: whatever bytes and names there are come back", async () => {
  const name = fc.stringMatching(/^[a-zü\u4e00 ]{1,70}$/);
  const names = fc.uniqueArray(
    fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `f/${names.join("/")}/f`),
    { maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(names, fc.uint8Array({ maxLength: 1200 }), async (paths, bytes) => {
      const given = paths.map((path) => ({ path, content: new Blob([bytes.slice()]) }));
      const links = paths.map((path, i) => ({
        path: `l${i}`,
        mode: "link" as const,
        content: bytesOf(path),
      }));
      const found = await tar().decode(fileOf(await packed(tar(), [...given, ...links])));
      assertEquals(found.map(({ path }) => path), [...paths, ...links.map(({ path }) => path)]);
      for (const entry of found.slice(0, paths.length)) {
        assertEquals([...await entry.bytes()], [...bytes]);
      }
      assertEquals(
        await Promise.all(
          found.slice(paths.length).map(async (entry) => textOf(await entry.bytes())),
        ),
        paths,
      );
    }),
    { numRuns: 60 },
  );
});

Deno.test("tar: what Python writes in each of its formats is read; a hard link is a file with the same bytes", async () => {
  for (const [content, long] of [[USTAR, "r"], [GNU, "ür"], [PAX, "ür"]] as const) {
    const name = `${"p".repeat(80)}/${long}${"r".repeat(79)}`;
    const meant = [
      "file a.txt: hello",
      `executable dir/run: ${"x".repeat(600)}`,
      "link dir/l: ../a.txt",
      "file dir/h: hello",
      `file ${name}: long`,
      `link q: ${content === USTAR ? "s" : name}`,
    ];
    assertEquals(await listed(tgz(), content), meant);
    assertEquals(await listed(tar(), plainBytes(gunzipSync(content))), meant);
  }
});

Deno.test("tar: loading skips contents, and reads an entry or a range of it alone", async () => {
  const content = new Uint8Array(1_000_000).map((_, i) => i * i % 251);
  const file = fileOf(await packed(tar(), ["a", "b", "c"].map((path) => ({ path, content }))));
  const found = await tar().decode(file);
  assert(file.read < 300_000, `${file.read}`);
  file.read = 0;
  assertEquals(await found[1].bytes(), content);
  assertEquals(
    await readAll(found[2].stream({ offset: 999_990, length: 20 })),
    content.slice(999_990),
  );
  assertEquals(await readAll(found[2].stream({ offset: 7, length: 5 })), content.slice(7, 12));
  assertEquals(await readAll(found[2].stream({ offset: 1_000_000 })), new Uint8Array());
  assertEquals(file.read, 1_000_015);
  const many = fileOf(
    await packed(
      tar(),
      Array.from({ length: 1000 }, (_, i) => ({ path: `f${i}`, content: bytesOf("x") })),
    ),
  );
  assertEquals((await tar().decode(many)).length, 1000);
  assert(many.reads < 20, `${many.reads}`);
});

Deno.test("tar: a store that returns too few bytes is reported", async () => {
  const whole = fileOf(await packed(tar(), SMALL));
  const file = { ...whole };
  const [entry] = await tar().decode(file);
  file.stream = () => new Blob(["fir"]).stream();
  const error = await assertRejects(() => entry.bytes());
  assert(isRegistryError(error, "Corrupt") && error.message.includes("truncated"), `${error}`);
});

Deno.test("archives come in pieces that are not small, however small their entries are", async () => {
  const entries = Array.from({ length: 500 }, (_, i) => ({ path: `f${i}`, content: bytesOf("x") }));
  for (const format of [tar(), zip()]) {
    const stream = await format.encode(entries) as ReadableStream<Uint8Array>;
    const sizes = (await Array.fromAsync(stream)).map((chunk) => chunk.byteLength);
    assert(
      sizes.slice(0, -1).every((size) => size >= 65_536) && sizes.every((size) => size < 70_000),
      `${sizes}`,
    );
  }
});

Deno.test("tar: sizes above 8 GiB are numbers of base 256, or records of pax", async () => {
  const large = String.fromCharCode(0x80, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0);
  await assertFails(tar(), tarOf({ 124: large }), /"a" is truncated/);
  await assertFails(tar(), paxOf("20 size=99999999999\n"), /"a" is truncated/);
  assertEquals(
    await listed(
      tar(),
      tarOf({ 124: String.fromCharCode(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2) }, "hi"),
    ),
    ["file a: hi"],
  );
});

Deno.test("tar: a record of pax counts for the next entry, one for all for all of them, and others are passed by", async () => {
  assertEquals(await listed(tar(), paxOf("9 path=b\n")), ["file b: hello"]);
  assertEquals(await listed(tar(), paxOf("9 path=b\n", "g")), ["file b: hello"]);
  assertEquals(await listed(tar(), paxOf("17 comment=\x01\x02\x03\x04\x05\n")), ["file a: hello"]);
  const records = [
    "8 path=b\n",
    "9 path=b",
    "path=b\n",
    "0 path=b\n",
    "9 pathhb\n",
    "99 path=b\n",
    "-9 path=b\n",
    "15 size=-100000\n",
  ];
  for (const damaged of records) await assertFails(tar(), paxOf(damaged));
  await assertFails(tar(), paxOf("22 GNU.sparse.major=1\n"), /sparse/, "Unsupported");
});

Deno.test("tar: paths that lead out of a folder, and links that do, are Corrupt", async () => {
  for (const path of ["../b", "/a/b", "a\\b", "C:/b", "a/..", ""]) {
    await assertFails(tar(), tarOf({ 0: path.padEnd(2, "\0") }), /path|name/);
  }
  for (const target of ["/etc", "..", "b/../..", ""]) {
    await assertFails(tar(), tarOf({ 156: "2", 157: target }), /link/);
  }
  await assertFails(tar(), tarOf({ 156: "1", 157: "b" }), /hard link to "b"/);
  const twice = concatBytes([tarOf({}).slice(0, 512), tarOf({})]);
  await assertFails(tar(), twice, /duplicate/);
  const below = concatBytes([tarOf({ 156: "2", 157: "b" }).slice(0, 512), tarOf({ 0: "a/b" })]);
  await assertFails(tar(), below, /below/);
});

Deno.test("tar: devices, pipes, sparse files and names that are not UTF-8 are Unsupported", async () => {
  for (const type of ["3", "4", "6", "S", "V", "?"]) {
    await assertFails(tar(), tarOf({ 156: type }), /type/, "Unsupported");
  }
  await assertFails(tar(), tarOf({ 0: "\xff" }), /UTF-8/, "Unsupported");
  await assertFails(
    tar(),
    tarOf({ 156: "L", 124: octal(1_000_000) }),
    /1000000 bytes/,
    "Unsupported",
  );
});

Deno.test("tar: what is cut, has another sum, or no numbers, is Corrupt", async () => {
  const whole = tarOf({ 124: octal(5) }, "hello");
  assertEquals(await listed(tar(), whole), ["file a: hello"]);
  assertEquals(await listed(tar(), tarOf({ 156: "\0", 257: "\0".repeat(8), 0: "a/" })), [
    "folder a: ",
  ]);
  const corrupt = [
    new Uint8Array(),
    whole.slice(0, 511),
    whole.slice(0, 514),
    whole.slice(0, 1024),
    patched(whole, 0, 98),
    patched(whole, 148, 0x39),
    tarOf({ 124: "0000000000x" }),
    tarOf({ 100: "rw-r--r" }),
  ];
  for (const content of corrupt) await assertFails(tar(), content);
});

Deno.test("tar: an archive that declares more than the limit is refused", async () => {
  const bytes = await packed(tar(), SMALL);
  await assertFails(tar({ maxEntries: 3 }), bytes, /3 are allowed/, "Unsupported");
  await assertFails(tar({ maxBytes: 600 }), bytes, /600 are allowed/, "Unsupported");
  const zeros = plainBytes(gzipSync(new Uint8Array(5_000_000)));
  await assertFails(tgz({ maxBytes: 4_000_000 }), zeros, /more than 4000000/, "Unsupported");
});

Deno.test("tgz: bytes that are not gzip, are cut, or have another checksum are Corrupt", async () => {
  const bytes = await packed(tgz(), SMALL);
  await assertFails(tgz(), bytesOf("text"), /gzip/);
  await assertFails(tgz(), bytes.slice(0, -3), /gzip/);
  await assertFails(
    tgz(),
    patched(bytes, bytes.byteLength - 8, bytes[bytes.byteLength - 8] ^ 1),
    /gzip/,
  );
});

Deno.test("tar: unsupported entries are refused: streams of unknown size, paths, links", async () => {
  await assertRefused(tar(), [{ path: "a", content: new Blob(["a"]).stream() }], /size/);
  await assertRefused(tar(), [{ path: "../a", content: new Uint8Array() }], /path/);
  await assertRefused(tgz(), [{ path: "l", mode: "link", content: bytesOf("/etc") }], /absolute/);
  assertEquals(tar().accepts("text"), false);
});

Deno.test("tar: a name of pax replaces one of GNU tar, in either order", async () => {
  const part = (type: string, content: string) =>
    tarOf({ 124: octal(bytesOf(content).byteLength), 156: type }, content).slice(0, -1024);
  const [pax, long] = [part("x", "12 path=new\n"), part("L", "old\0")];
  const file = tarOf({ 124: octal(5) }, "hello");
  for (const before of [[pax, long], [long, pax]]) {
    assertEquals(await listed(tar(), concatBytes([...before, file])), ["file new: hello"]);
  }
  assertEquals(await listed(tar(), concatBytes([long, file])), ["file old: hello"]);
});
