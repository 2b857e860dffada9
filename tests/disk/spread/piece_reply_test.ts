import { assertEquals, assertRejects } from "@std/assert";
import { execFileSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { pathToFileURL } from "node:url";
import {
  askByFetch,
  askByNode,
  askForRange,
  type PieceReply,
} from "../../../disk/spread/piece_reply.ts";
import { testInRoot } from "../../support/temp_root.ts";

const BYTES = new Uint8Array(300_000).map((_, i) => i * 7);

type Answer = (response: ServerResponse) => void;

const RANGE = { from: 7, length: BYTES.byteLength };
const LAST = RANGE.from + RANGE.length - 1;
const PARTIAL = { "content-range": `bytes ${RANGE.from}-${LAST}/1000000` };

const whole: Answer = (response) => {
  response.writeHead(206, { ...PARTIAL, "content-length": BYTES.byteLength }).end(BYTES);
};

/** Fills blocks of these sizes from a reply. */
async function fillAll(reply: PieceReply, sizes: readonly number[]): Promise<Uint8Array[]> {
  const blocks: Uint8Array[] = [];
  let buffer = new ArrayBuffer(Math.max(...sizes));
  for (const size of sizes) {
    const block = await reply.fill(new Uint8Array(buffer, 0, size));
    if (block === undefined) return blocks;
    blocks.push(block.slice());
    buffer = block.buffer;
  }
  return blocks;
}

/** Answers a request for the range of all bytes. */
async function answering(answer: Answer, ask: (url: string) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    assertEquals(request.headers["accept-encoding"], "identity");
    assertEquals(request.headers.range, `bytes=${RANGE.from}-${LAST}`);
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await ask(`http://127.0.0.1:${(server.address() as AddressInfo).port}/object`);
  } finally {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** `fetch` of Bun does not read into memory of the caller, and that of Node repeats a header. */
const ways = process.versions.deno !== undefined ? [askByFetch, askByNode] : [askByNode];

for (const ask of ways) {
  Deno.test(`${ask.name}: a reply fills blocks of any size, in order`, async () => {
    await answering(whole, async (url) => {
      const reply = await ask(url, RANGE);
      const blocks = await fillAll(reply!, [1, 99_999, 200_000]);
      assertEquals(blocks.map(({ byteLength }) => byteLength), [1, 99_999, 200_000]);
      assertEquals(new Uint8Array(await new Blob(blocks as BlobPart[]).arrayBuffer()), BYTES);
      assertEquals(await reply!.isAtEnd(), true);
      await reply!.leave();
    });
  });

  Deno.test(`${ask.name}: a short reply ends without a block`, async () => {
    const short: Answer = (response) =>
      void response.writeHead(206, PARTIAL).end(BYTES.subarray(0, 150_000));
    await answering(short, async (url) => {
      const reply = await ask(url, RANGE);
      assertEquals((await fillAll(reply!, [100_000, 100_000])).length, 1);
      await reply!.leave();
    });
  });

  Deno.test(`${ask.name}: a connection that breaks rejects`, async () => {
    const broken: Answer = (response) => {
      response.writeHead(206, { ...PARTIAL, "content-length": BYTES.byteLength });
      response.write(BYTES.subarray(0, 1000), () => response.destroy());
    };
    await answering(broken, async (url) => {
      const reply = await ask(url, RANGE);
      await assertRejects(() => fillAll(reply!, [BYTES.byteLength]));
      await reply!.leave();
    });
  });

  Deno.test(`${ask.name}: a reply with more bytes is not at its end`, async () => {
    const longer: Answer = (response) => {
      response.writeHead(206, PARTIAL);
      response.write(BYTES, () => response.end(BYTES));
    };
    await answering(longer, async (url) => {
      const reply = await ask(url, RANGE);
      assertEquals((await fillAll(reply!, [BYTES.byteLength])).length, 1);
      assertEquals(await reply!.isAtEnd(), false);
      await reply!.leave();
    });
  });

  for (const header of [undefined, `bytes 0-${LAST - 7}/1000000`, `bytes 7-${LAST + 1}/1000000`]) {
    Deno.test(`${ask.name}: a reply with the range ${header} has no bytes`, async () => {
      const other: Answer = (response) => {
        if (header !== undefined) response.setHeader("content-range", header);
        response.writeHead(206).end(BYTES);
      };
      await answering(other, async (url) => assertEquals(await ask(url, RANGE), undefined));
    });
  }

  for (const status of [200, 307, 403]) {
    Deno.test(`${ask.name}: a reply with status ${status} has no bytes`, async () => {
      const other: Answer = (response) => {
        response.writeHead(status, { ...PARTIAL, location: "/elsewhere" }).end(BYTES);
      };
      await answering(other, async (url) => {
        assertEquals(await ask(url, RANGE).catch(() => undefined), undefined);
      });
    });
  }
}

testInRoot("a file has the range that was asked for", async (root) => {
  const path = root.join("object");
  writeFileSync(path, BYTES);
  const url = pathToFileURL(path).href;
  const reply = await askForRange(url, { from: 7, length: 100_000 });
  const blocks = await fillAll(reply!, [1, 99_999]);
  assertEquals(blocks, [BYTES.slice(7, 8), BYTES.slice(8, 100_007)]);
  assertEquals(await reply!.isAtEnd(), true);
  const short = await askForRange(url, { from: BYTES.byteLength - 10, length: 20 });
  assertEquals(await fillAll(short!, [20]), []);
  await short!.leave();
});

testInRoot("a folder, a link or a pipe in the place of a file has none", async (root) => {
  symlinkSync(root.path, root.join("link"));
  execFileSync("mkfifo", [root.join("pipe")]);
  for (const path of [root.path, root.join("link"), root.join("pipe")]) {
    assertEquals(await askForRange(pathToFileURL(path).href, { from: 0, length: 1 }), undefined);
  }
  await assertRejects(() => askForRange(pathToFileURL(root.join("none")).href, RANGE));
}, { ignore: process.platform === "win32" });
