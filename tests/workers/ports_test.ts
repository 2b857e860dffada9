import { assert, assertEquals } from "@std/assert";
import { concatBytes, iterableStream } from "../../core/bytes/bytes.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { openContent } from "../../registry/payload/content.ts";
import type { LargeContent } from "../../registry/payload/content.ts";
import type { Channel } from "../../workers/channel.ts";
import { createPorts, PIECE_BYTES } from "../../workers/ports.ts";
import type { Ports } from "../../workers/ports.ts";
import type { CallerMethods } from "../../workers/protocol.ts";
import { pulledChunks } from "../../workers/pulled.ts";
import { receiveJob, sendJob } from "../../workers/wire_job.ts";
import { noise } from "../registry/registries.ts";

const MIB = 1024 * 1024;

async function large(content: FileToSave["content"]): Promise<LargeContent> {
  const opened = await openContent({ path: "a", content });
  assert(opened.kind === "large");
  return opened.content;
}

async function pull(
  { methods }: Ports,
  port: number,
): Promise<{ bytes: Uint8Array; pieces: number[] }> {
  const place = new SharedArrayBuffer(MIB);
  const stream = methods.openPort({ port, places: [place] });
  const pieces: Uint8Array[] = [];
  for (let bytes = -1; bytes !== 0;) {
    bytes = await methods.pull({ stream, place: 0 });
    if (bytes > 0) pieces.push(new Uint8Array(place, 0, bytes).slice());
  }
  return { bytes: concatBytes(pieces), pieces: pieces.map(({ byteLength }) => byteLength) };
}

function streamOf(bytes: Uint8Array, chunk: number): ReadableStream<Uint8Array> {
  return iterableStream((async function* () {
    for (let at = 0; at < bytes.length; at += chunk) yield bytes.subarray(at, at + chunk);
  })());
}

Deno.test("bytes cross with their job, as a copy that is no larger than they are", async () => {
  const content = await large(noise(2 * MIB).subarray(10, 300_010));
  const { job, port } = sendJob("storeFile", { path: "a", to: "k", content }, createPorts());
  assertEquals(port, undefined);
  const { content: sent, ...rest } = job as { content: Uint8Array };
  assertEquals<unknown>(rest, { path: "a", to: "k" });
  assertEquals([sent, sent.buffer.byteLength], [noise(2 * MIB).slice(10, 300_010), 300_000]);
});

Deno.test("what only this thread has does not cross", () => {
  const here = { save: () => [] };
  const job = { value: 1, materializer: { module: "m", name: "n" }, folder: "f/", first: 0 };
  assertEquals(sendJob("storeValue", { ...job, here }, createPorts()).job, job);
});

Deno.test("larger bytes, blobs and sources are pulled in pieces, twice if need be, and are whole here afterwards", async () => {
  const bytes = noise(3 * MIB + 5);
  const contents: FileToSave["content"][] = [
    bytes,
    new Blob([bytes as BlobPart]),
    { size: bytes.length, stream: () => streamOf(bytes, 70_000) },
  ];
  for (const content of contents) {
    const ports = createPorts();
    const { job, port } = sendJob("storeFile", {
      path: "a",
      to: "k",
      content: await large(content),
    }, ports);
    assertEquals<unknown>((job as { content: unknown }).content, {
      port: port!.number,
      size: bytes.length,
      repeatable: true,
    });
    for (let time = 0; time < 2; time++) {
      const pulled = await pull(ports, port!.number);
      assertEquals(pulled.bytes, bytes);
      assert(pulled.pieces.every((piece) => piece <= MIB), `${pulled.pieces}`);
    }
    assert(!port!.spent);
  }
  assertEquals(bytes.length, 3 * MIB + 5);
});

Deno.test("a stream has no size, is spent once it was begun, and its tiny chunks are put together", async () => {
  const bytes = noise(MIB + 1);
  const ports = createPorts();
  const port = ports.offer(await large(streamOf(bytes, 1000)));
  assert(!port.spent);
  const { bytes: pulled, pieces } = await pull(ports, port.number);
  assertEquals(pulled, bytes);
  assertEquals(pieces.length, 2);
  assert(port.spent);
});

Deno.test("pieces that are asked for ahead come in order, each in its place, and behind the end are none", async () => {
  const bytes = noise(2 * MIB + 7);
  const { offer, methods } = createPorts();
  const port = offer(await large({ size: bytes.length, stream: () => streamOf(bytes, 90_000) }));
  const places = Array.from({ length: 6 }, () => new SharedArrayBuffer(MIB));
  const stream = methods.openPort({ port: port.number, places });
  const sizes = await Promise.all(places.map((_, place) => methods.pull({ stream, place })));
  assertEquals(sizes.at(-1), 0);
  assertEquals(
    concatBytes(places.map((place, i) => new Uint8Array(place, 0, sizes[i]).slice())),
    bytes,
  );
});

Deno.test("a stream that nobody reads to its end is cancelled, by its reader or when its port is closed", async () => {
  for (const byPort of [false, true]) {
    let cancelled = false;
    const content = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(noise(MIB)),
      cancel: () => void (cancelled = true),
    });
    const { offer, methods } = createPorts();
    const port = offer(await large(content));
    const stream = methods.openPort({ port: port.number, places: [new SharedArrayBuffer(MIB)] });
    assertEquals(await methods.pull({ stream, place: 0 }), MIB);
    if (byPort) await port.close();
    else await methods.closePort({ stream });
    assert(cancelled);
  }
});

Deno.test("what a worker has pulled stays what it was, however long its reader keeps it", async () => {
  const bytes = noise(3 * PIECE_BYTES + 5);
  const ports = createPorts();
  const { number: port } = ports.offer(
    await large({ size: bytes.length, stream: () => streamOf(bytes, MIB) }),
  );
  const methods = ports.methods as unknown as Record<string, (payload: unknown) => unknown>;
  const caller = {
    call: async (name: string, payload: unknown) => await methods[name](payload),
  } as unknown as Channel<CallerMethods>;
  const chunks = await Array.fromAsync(pulledChunks(caller, { port, passing: false }));
  assertEquals(sha256(concatBytes(chunks)), sha256(bytes));
});

Deno.test("only what is compressed where it arrives is used up piece by piece", () => {
  const passings: boolean[] = [];
  const as = { size: 1, sha256: "" };
  const content = { async *chunks() {} };
  for (const how of [{}, { compress: "gzip" }, { compress: "gzip", as }]) {
    const job = receiveJob("storeFile", { content: { port: 1, repeatable: true }, ...how }, {
      pull(_, passing) {
        passings.push(passing);
        return content.chunks();
      },
      here: () => undefined,
    }) as { content: LargeContent };
    job.content.chunks();
  }
  assertEquals(passings, [false, true, false]);
});
