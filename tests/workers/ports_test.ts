import { assert, assertEquals } from "@std/assert";
import { concatBytes, iterableStream } from "../../core/bytes/bytes.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { type LargeContent, openContent } from "../../registry/payload/content.ts";
import type { Channel } from "../../workers/channel.ts";
import { createPorts, PIECE_BYTES, type Ports, pulledChunks } from "../../workers/ports.ts";
import type { CallerMethods } from "../../workers/protocol.ts";
import { sendJob } from "../../workers/wire_job.ts";
import { noise } from "../registry/registries.ts";
import { MIB } from "./test_batch.ts";

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

Deno.test("bytes, blobs and sources are pulled in pieces, repeatedly", async () => {
  const bytes = noise(3 * MIB + 5);
  const contents: FileToSave["content"][] = [
    bytes,
    new Blob([bytes as BlobPart]),
    { size: bytes.length, stream: () => streamOf(bytes, 70_000) },
  ];
  for (const content of contents) {
    const ports = createPorts();
    const given = { path: "a", to: "k", content: await large(content) };
    const { job, port } = sendJob("storeFile", given, ports);
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

Deno.test("an unfinished stream is cancelled by its reader or its port", async () => {
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

Deno.test("pulled pieces do not change later", async () => {
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
