import { assert, assertEquals } from "@std/assert";
import { concatBytes, iterableStream } from "../../core/bytes/bytes.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import type { FileSource, FileToSave } from "../../core/materializer.ts";
import { noise } from "../registry/registries.ts";
import { Moved } from "../../workers/channel.ts";
import type { Channel } from "../../workers/channel.ts";
import { createFileSupply, PIECE_BYTES, supplyMethods } from "../../workers/file_supply.ts";
import type { FileSupply } from "../../workers/file_supply.ts";
import type { CallerMethods } from "../../workers/protocol.ts";
import { suppliedFiles } from "../../workers/supplied_files.ts";

const MIB = 1024 * 1024;

async function pull(supply: FileSupply, file: number): Promise<{ bytes: Uint8Array; pieces: number[] }> {
  const place = new SharedArrayBuffer(MIB);
  const stream = supply.open(file, [place]);
  const pieces: Uint8Array[] = [];
  for (let bytes = await supply.pull(stream, 0); bytes > 0; bytes = await supply.pull(stream, 0)) {
    pieces.push(new Uint8Array(place, 0, bytes).slice());
  }
  return { bytes: concatBytes(pieces), pieces: pieces.map(({ byteLength }) => byteLength) };
}

function streamOf(bytes: Uint8Array, chunk: number): ReadableStream<Uint8Array> {
  return iterableStream((async function* () {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
  })());
}

Deno.test("bytes go with their file, as a copy that is no larger than they are", async () => {
  const large = noise(2 * MIB);
  const supply = createFileSupply([{ path: "a", content: large.subarray(10, 20), mode: "executable" }]);
  const { value: file, transfer } = (await supply.next())!;
  assertEquals(file, { path: "a", bytes: large.slice(10, 20), mode: "executable" });
  assertEquals(file.bytes!.buffer.byteLength, 10);
  assertEquals<unknown>(transfer, [file.bytes!.buffer]);
  assertEquals(await supply.next(), undefined);
});

Deno.test("larger bytes, blobs and sources are pulled in pieces, twice if need be, and are whole here afterwards", async () => {
  const bytes = noise(3 * MIB + 5);
  const contents: FileToSave["content"][] = [
    bytes,
    new Blob([bytes as BlobPart]),
    { size: bytes.length, stream: () => streamOf(bytes, 70_000) },
  ];
  for (const content of contents) {
    const supply = createFileSupply([{ path: "a", content }]);
    const { number, size } = (await supply.next())!.value;
    assertEquals(size, bytes.length);
    for (let time = 0; time < 2; time++) {
      const pulled = await pull(supply, number!);
      assertEquals(pulled.bytes, bytes);
      assert(pulled.pieces.every((piece) => piece <= MIB), `${pulled.pieces}`);
    }
  }
  assertEquals(bytes.length, 3 * MIB + 5);
});

Deno.test("a stream has no size, is pulled once, and its tiny chunks are put together", async () => {
  const bytes = noise(MIB + 1);
  const supply = createFileSupply([{ path: "a", content: streamOf(bytes, 1000) }]);
  const { number, size } = (await supply.next())!.value;
  assertEquals(size, undefined);
  const { bytes: pulled, pieces } = await pull(supply, number!);
  assertEquals(pulled, bytes);
  assertEquals(pieces.length, 2);
});

Deno.test("pieces that are asked for ahead come in order, each in its place, and behind the end are none", async () => {
  const bytes = noise(2 * MIB + 7);
  const supply = createFileSupply([{
    path: "a",
    content: { size: bytes.length, stream: () => streamOf(bytes, 90_000) },
  }]);
  const places = Array.from({ length: 6 }, () => new SharedArrayBuffer(MIB));
  const stream = supply.open((await supply.next())!.value.number!, places);
  const sizes = await Promise.all(places.map((_, place) => supply.pull(stream, place)));
  assertEquals(sizes.at(-1), 0);
  assertEquals(concatBytes(places.map((place, i) => new Uint8Array(place, 0, sizes[i]).slice())), bytes);
});

Deno.test("files of a generator are made one by one, when they are asked for", async () => {
  let made = 0;
  const supply = createFileSupply((async function* () {
    for (; made < 3;) yield { path: `f${made++}`, content: noise(MIB) };
  })());
  assertEquals(made, 0);
  assertEquals((await supply.next())!.value.path, "f0");
  assertEquals(made, 1);
});

Deno.test("a stream that nobody reads to its end is cancelled", async () => {
  let cancelled = false;
  const content = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(noise(MIB)),
    cancel: () => void (cancelled = true),
  });
  const supply = createFileSupply([{ path: "a", content }]);
  const stream = supply.open((await supply.next())!.value.number!, [new SharedArrayBuffer(MIB)]);
  assertEquals(await supply.pull(stream, 0), MIB);
  await supply.close(stream);
  assert(cancelled);
});

Deno.test("a supply that is restarted begins with the first file, with numbers of its own", async () => {
  const blob = (seed: number) => new Blob([noise(MIB, seed) as BlobPart]);
  const files = () => [{ path: "a", content: blob(1) }, { path: "b", content: blob(2) }];
  const supply = createFileSupply(Promise.resolve(files()));
  const before = [(await supply.next())!.value.number, (await supply.next())!.value.number];
  supply.restart(files());
  const again = (await supply.next())!.value;
  assertEquals(again.path, "a");
  assert(!before.includes(again.number));
  assertEquals((await pull(supply, again.number!)).bytes, noise(MIB, 1));
});

Deno.test("what a worker was supplied stays what it was, however long its reader keeps it", async () => {
  const bytes = noise(3 * PIECE_BYTES + 5);
  const supply = createFileSupply([{ path: "a", content: { size: bytes.length, stream: () => streamOf(bytes, MIB) } }]);
  const methods = supplyMethods(() => supply) as Record<string, (payload: unknown) => unknown>;
  const caller = {
    async call(name: string, payload: unknown) {
      const result = await methods[name](payload);
      return result instanceof Moved ? result.value : result;
    },
  } as unknown as Channel<CallerMethods>;
  for await (const { content } of suppliedFiles(caller, 1, { compress: false })) {
    const chunks = await Array.fromAsync((content as FileSource).stream());
    assertEquals(sha256(concatBytes(chunks)), sha256(bytes));
  }
});
