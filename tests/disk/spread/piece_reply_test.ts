import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import { execFileSync } from "node:child_process";
import { symlinkSync, writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createSocketServer } from "node:net";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { askForRange } from "../../../disk/spread/ask_for_range.ts";
import { askByNode } from "../../../disk/spread/node_reply.ts";
import type { Asking, PieceReply } from "../../../disk/spread/piece_reply.ts";
import { SocketReplies } from "../../../disk/spread/socket_reply.ts";
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
  for (const size of sizes) {
    const block = new Uint8Array(size);
    if (!await reply.fill(block)) return blocks;
    blocks.push(block);
  }
  return blocks;
}

function patiently(): Asking {
  return { signal: new AbortController().signal, onBytes() {} };
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

type Ask = typeof askByNode;

const ways: Record<string, () => Ask> = { "node:http": () => askByNode };
if (process.versions.deno !== undefined) {
  ways.sockets = () => {
    const replies = new SocketReplies(Deno);
    return (...arguments_) => replies.ask(...arguments_);
  };
}

for (const [way, create] of Object.entries(ways)) {
  Deno.test(`${way}: a reply fills blocks of any size, in order`, async () => {
    const ask = create();
    await answering(whole, async (url) => {
      for (let round = 0; round < 2; round++) {
        let reads = 0;
        const reply = await ask(url, RANGE, { ...patiently(), onBytes: () => reads++ });
        const blocks = await fillAll(reply!, [1, 99_999, 200_000]);
        assertEquals(blocks.map(({ byteLength }) => byteLength), [1, 99_999, 200_000]);
        assertEquals(new Uint8Array(await new Blob(blocks as BlobPart[]).arrayBuffer()), BYTES);
        assertEquals(await reply!.isAtEnd(), true);
        assertGreater(reads, 0);
      }
    });
  });

  Deno.test(`${way}: an encoded reply has no bytes, also with the length of the range`, async () => {
    const encoded: Answer = (response) => {
      response.setHeader("content-encoding", "gzip");
      whole(response);
    };
    await answering(encoded, async (url) => {
      assertEquals(await create()(url, RANGE, patiently()), undefined);
    });
  });
}

/** Replies of sockets to what a server writes for each request, as it is. */
async function overSockets(
  written: readonly (string | undefined)[],
  ask: (ask: Ask) => Promise<void>,
): Promise<number> {
  let connections = 0, requests = 0;
  const server = createSocketServer((socket) => {
    connections++;
    socket.on("error", () => {});
    socket.on("data", () => {
      const reply = written[requests++];
      if (reply === undefined) socket.destroy();
      else socket.write(reply);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/object`;
  const replies = new SocketReplies(Deno);
  try {
    await ask((_url, ...rest) => replies.ask(url, ...rest));
  } finally {
    replies.close();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
  return connections;
}

const onDeno = { ignore: process.versions.deno === undefined };
const FOUR = { from: 0, length: 4 };
const HEAD = "HTTP/1.1 206 Partial Content\r\ncontent-range: bytes 0-3/9\r\n";
const FORM = `${HEAD}content-length: 4\r\n\r\nfour`;

async function fourBytes(ask: Ask): Promise<string | undefined> {
  const reply = await ask("", FOUR, patiently());
  if (reply === undefined) return undefined;
  const bytes = new Uint8Array(4);
  await reply.fill(bytes);
  assertEquals(await reply.isAtEnd(), true);
  return new TextDecoder().decode(bytes);
}

Deno.test(
  "sockets: a connection is used again, and another one if the store has closed it",
  onDeno,
  async () => {
    const connections = await overSockets([FORM, FORM, undefined, FORM], async (ask) => {
      for (let i = 0; i < 3; i++) assertEquals(await fourBytes(ask), "four");
    });
    assertEquals(connections, 2);
  },
);

Deno.test(
  "sockets: a connection that the store announces to close is not used again",
  onDeno,
  async () => {
    const last = FORM.replace("\r\n", "\r\nConnection: Close\r\n");
    const connections = await overSockets([last, FORM], async (ask) => {
      for (let i = 0; i < 2; i++) assertEquals(await fourBytes(ask), "four");
    });
    assertEquals(connections, 2);
  },
);

for (
  const [what, reply] of Object.entries({
    "in chunks": `${HEAD}transfer-encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n`,
    "with two lengths": `${HEAD}content-length: 4\r\ncontent-length: 4\r\n\r\nfour`,
    "with a length and chunks":
      `${HEAD}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\nfour`,
    "without a length": `${HEAD}\r\nfour`,
    "with too many bytes": `${FORM}five`,
    "that is compressed": `${HEAD}content-length: 4\r\ncontent-encoding: gzip\r\n\r\nfour`,
    "after another one": `HTTP/1.1 103 Early Hints\r\n\r\n${FORM}`,
    "of HTTP/1.0": FORM.replace("1.1", "1.0"),
    "with an endless head": `${HEAD}x: ${"x".repeat(70_000)}`,
  })
) {
  Deno.test(`sockets: a reply ${what} has no bytes`, onDeno, async () => {
    await overSockets([reply], async (ask) => assertEquals(await fourBytes(ask), undefined));
  });
}

for (const reply of ["HTTP/1.1 206 OK\r\n:\u0000 x\r\n\r\n", undefined]) {
  Deno.test(`sockets: ${reply ? "a head without names" : "no reply"} rejects`, onDeno, async () => {
    await overSockets([reply], async (ask) => {
      await assertRejects(() => fourBytes(ask));
    });
  });
}

testInRoot("a file has the range that was asked for", async (root) => {
  const path = root.join("object");
  writeFileSync(path, BYTES);
  const url = pathToFileURL(path).href;
  const reply = await askForRange(url, { from: 7, length: 100_000 }, patiently());
  const blocks = await fillAll(reply!, [1, 99_999]);
  assertEquals(blocks, [BYTES.slice(7, 8), BYTES.slice(8, 100_007)]);
  assertEquals(await reply!.isAtEnd(), true);
  const short = await askForRange(url, { from: BYTES.byteLength - 10, length: 20 }, patiently());
  assertEquals(await fillAll(short!, [20]), []);
  short!.leave();
});

testInRoot("a folder, a link or a pipe in the place of a file has none", async (root) => {
  symlinkSync(root.path, root.join("link"));
  execFileSync("mkfifo", [root.join("pipe")]);
  for (const path of [root.path, root.join("link"), root.join("pipe")]) {
    const url = pathToFileURL(path).href;
    assertEquals(await askForRange(url, { from: 0, length: 1 }, patiently()), undefined);
  }
  await assertRejects(() => askForRange(pathToFileURL(root.join("none")).href, RANGE, patiently()));
}, { ignore: process.platform === "win32" });
