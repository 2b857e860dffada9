import { assertEquals, assertGreater, assertRejects } from "@std/assert";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { sha256 } from "../../../core/bytes/digest.ts";
import { realSystem } from "../../../core/system.ts";
import type { PieceTask } from "../../../disk/spread/piece_task.ts";
import { readPiece } from "../../../disk/spread/read_piece.ts";
import { noise } from "../../registry/registries.ts";
import { testInRoot } from "../../support/temp_root.ts";

const MIB = 1024 * 1024;
const BYTES = noise(3 * MIB, 1);
const CHUNKS = [0, 1, 2].map((at) => {
  const bytes = BYTES.subarray(at * MIB, (at + 1) * MIB);
  return { size: bytes.byteLength, sha256: sha256(bytes) };
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Serves the bytes; the first requests have answers of their own. Returns ranges of requests. */
async function serving(
  answers: readonly (Answer | undefined)[],
  use: (url: string) => Promise<void>,
): Promise<string[]> {
  const ranges: string[] = [];
  const server = createServer((request, response) => {
    const { range = "" } = request.headers;
    const answer = answers[ranges.push(range) - 1];
    if (answer !== undefined) return answer(request, response);
    head(request, response).end(BYTES.subarray(...spanOf(request)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/object`);
  } finally {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
  return ranges;
}

function spanOf({ headers }: IncomingMessage): [number, number] {
  const [, from, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range!)!.map(Number);
  return [from!, last! + 1];
}

function head(request: IncomingMessage, response: ServerResponse): ServerResponse {
  const [from, to] = spanOf(request);
  return response.writeHead(206, {
    "content-range": `bytes ${from}-${to - 1}/${BYTES.byteLength}`,
    "content-length": to - from,
  });
}

function taskOf(url: string, path?: string): PieceTask {
  const to = path === undefined ? undefined : { path, at: 0, isNew: false };
  return { id: 0, url, from: 0, chunks: CHUNKS, to };
}

/** Work whose time passes for one attempt after the other, each when it is allowed to. */
class SlowWork {
  readonly waits: number[] = [];
  progress = 0;
  isOver = () => false;
  readonly onProgress = () => {
    this.progress++;
    this.onEach();
  };
  onEach = () => {};
  readonly #attempts: AbortSignal[] = [];
  readonly #open = new Map<number, PromiseWithResolvers<void>>();

  /** Lets time pass for an attempt. */
  pass(attempt: number): void {
    this.#gate(attempt).resolve();
  }

  #gate(attempt: number): PromiseWithResolvers<void> {
    const gate = this.#open.get(attempt) ?? Promise.withResolvers<void>();
    this.#open.set(attempt, gate);
    return gate;
  }

  readonly system = {
    sleep: async (ms: number, signal?: AbortSignal) => {
      if (!this.#attempts.includes(signal!)) this.#attempts.push(signal!);
      await this.#gate(this.#attempts.indexOf(signal!)).promise;
      await new Promise((resolve) => setImmediate(resolve));
      signal!.throwIfAborted();
      this.waits.push(ms);
    },
  };
}

testInRoot("a connection without bytes is left, and another one reads the piece", async (root) => {
  const work = new SlowWork();
  writeFileSync(root.join("file"), "");
  const ranges = await serving([() => work.pass(0)], async (url) => {
    assertEquals(await readPiece(taskOf(url, root.join("file")), work), true);
  });
  assertEquals(readFileSync(root.join("file")).compare(BYTES), 0);
  assertEquals(ranges, ["bytes=0-3145727", "bytes=0-3145727"]);
  assertEquals(work.waits, Array(4).fill(2_500), "after ten seconds");
});

testInRoot("another connection goes on after the last whole block", async (root) => {
  for (const isBroken of [false, true]) {
    const work = new SlowWork();
    writeFileSync(root.join("file"), "");
    const stops: Answer = (request, response) => {
      head(request, response).write(BYTES.subarray(0, 1.5 * MIB));
      work.onEach = () => {
        if (isBroken) response.destroy();
        else work.pass(0);
      };
    };
    const ranges = await serving([stops], async (url) => {
      assertEquals(await readPiece(taskOf(url, root.join("file")), work), true);
    });
    assertEquals(readFileSync(root.join("file")).compare(BYTES), 0);
    assertEquals(ranges, ["bytes=0-3145727", "bytes=1048576-3145727"]);
  }
});

Deno.test("the second connection gets twice the time, then the piece is left", async () => {
  const work = new SlowWork();
  const ranges = await serving([() => work.pass(0), () => work.pass(1)], async (url) => {
    assertEquals(await readPiece(taskOf(url), work), false);
  });
  assertEquals(ranges.length, 2);
  assertEquals(work.waits.length, 4 + 8);
});

Deno.test("the second connection is a new one", async () => {
  const old = new Set<unknown>();
  const both = Promise.withResolvers<void>();
  const first: Answer = async (request, response) => {
    if (old.add(request.socket).size === 2) both.resolve();
    await both.promise;
    head(request, response).end(BYTES.subarray(...spanOf(request)));
  };
  const work = new SlowWork();
  const third: Answer = (request) => {
    assertEquals(old.has(request.socket), true);
    work.pass(2);
  };
  let isNew: boolean | undefined;
  const fourth: Answer = (request, response) => {
    isNew = !old.has(request.socket);
    head(request, response).end(BYTES.subarray(...spanOf(request)));
  };
  await serving([first, first, third, fourth], async (url) => {
    await Promise.all([readPiece(taskOf(url), work), readPiece(taskOf(url), work)]);
    assertEquals(await readPiece(taskOf(url), work), true);
  });
  assertEquals(isNew, true);
});

Deno.test("a connection that brings a few bytes now and then is not left", async () => {
  const STEP = 256 * 1024;
  const asked = Promise.withResolvers<void>();
  let looks = 0, send = () => Promise.resolve();
  const slow: Answer = (request, response) => {
    let at = 0;
    head(request, response).flushHeaders();
    send = () =>
      new Promise((resolve) => {
        response.write(BYTES.subarray(at, at += STEP), () => resolve());
        if (at >= BYTES.byteLength) response.end();
      });
    asked.resolve();
  };
  const sleep = async (_ms: number, signal?: AbortSignal) => {
    await asked.promise;
    if (++looks % 3 === 0) { // and no byte between
      await send();
      for (let turn = 0; turn < 20; turn++) await realSystem.sleep(0);
    }
    signal!.throwIfAborted();
  };
  const work = { system: { sleep }, onProgress() {}, isOver: () => false };
  const ranges = await serving([slow], async (url) => {
    assertEquals(await readPiece(taskOf(url), work), true);
  });
  assertEquals(ranges.length, 1);
  assertGreater(looks, 30);
});

Deno.test("a reply that is wrong is not asked for again", async () => {
  const denied: Answer = (_, response) => void response.writeHead(403).end();
  const others: Answer = (request, response) => head(request, response).end(noise(3 * MIB, 2));
  for (const answer of [denied, others]) {
    const ranges = await serving([answer], async (url) => {
      assertEquals(await readPiece(taskOf(url), new SlowWork()), false);
    });
    assertEquals(ranges.length, 1);
  }
});

testInRoot("a file that cannot be written is not asked for again", async (root) => {
  const ranges = await serving([], async (url) => {
    await assertRejects(() => readPiece(taskOf(url, root.join("none/file")), new SlowWork()));
  });
  assertEquals(ranges.length, 1);
});
