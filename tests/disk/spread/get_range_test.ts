// One table for every way to GET a range of an object: the threads of a download, and the drivers.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { setImmediate } from "node:timers";
import { gzipSync } from "node:zlib";
import { createGcsBackend } from "../../../backends/gcs.ts";
import { createS3Backend } from "../../../backends/s3.ts";
import type { Backend } from "../../../core/backend.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { askByNode } from "../../../disk/spread/node_reply.ts";
import type { GetRange } from "../../../disk/spread/piece_reply.ts";
import { SocketReplies } from "../../../disk/spread/socket_reply.ts";
import { AUTHORITY } from "../../backends/bucket/cutting_server.ts";

const BYTES = new Uint8Array(300_000).map((_, i) => i * 7);
const FROM = 7;
const LAST = FROM + BYTES.byteLength - 1;
const SIZE = 1_000_000;
/** Headers that stores send with an object. */
const FACTS = {
  etag: '"e1"',
  "last-modified": "Thu, 01 Jan 2026 00:00:10 GMT",
  "x-goog-generation": "1",
};
const HEAD = { ...FACTS, "content-range": `bytes ${FROM}-${LAST}/${SIZE}` };
const LENGTH = { "content-length": BYTES.byteLength };

/** A way to read the range; undefined, or an error, without its bytes. */
interface Way extends AsyncDisposable {
  read(signal: AbortSignal): Promise<Uint8Array | undefined>;
}

const WAYS: Record<string, (endpoint: string) => Way> = {
  "threads by node:http": (endpoint) => ofThreads(endpoint, askByNode),
  ...(process.versions.deno !== undefined && {
    "threads by sockets": (endpoint: string) => {
      const replies = new SocketReplies(Deno);
      return ofThreads(endpoint, replies.ask, () => replies.close());
    },
  }),
  "gcs by fetch": (endpoint) => ofDriver(createGcsBackend({ ...BUCKET, ...ANONYMOUS, endpoint })),
  "gcs by node:http": (endpoint) =>
    ofDriver(createGcsBackend({ ...BUCKET, ...ANONYMOUS, endpoint, ca: AUTHORITY })),
  "s3 by node:http": (endpoint) =>
    ofDriver(createS3Backend({ ...BUCKET, ...ANONYMOUS, endpoint, region: "r" })),
};

const BUCKET = { bucket: "bucket", retryForMs: 0 };
const ANONYMOUS = { credentials: "anonymous" } as const;

function ofThreads(endpoint: string, ask: GetRange, close = () => {}): Way {
  return {
    async read(signal) {
      const range = { from: FROM, length: BYTES.byteLength };
      const reply = await ask(`${endpoint}/bucket/object`, range, { signal, onBytes() {} });
      if (reply === undefined) return undefined;
      const bytes = new Uint8Array(BYTES.byteLength);
      try {
        for (const [from, to] of [[0, 1], [1, 100_000], [100_000, bytes.byteLength]]) {
          if (!await reply.fill(bytes.subarray(from, to))) return undefined;
        }
        return await reply.isAtEnd() ? bytes : undefined;
      } finally {
        reply.leave();
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(close()),
  };
}

function ofDriver(backend: Backend): Way {
  return {
    async read(signal) {
      const range = { offset: FROM, length: BYTES.byteLength };
      const object = await backend.get("object", { range, signal });
      return await object?.bytes();
    },
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}

type Answer = (response: ServerResponse, request: IncomingMessage) => unknown;

/** Runs a way against a server. Returns the paths of all requests. */
async function serving(
  answer: Answer,
  create: (endpoint: string) => Way,
  use: (way: Way) => Promise<void>,
): Promise<string[]> {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url!);
    response.on("error", () => {});
    answer(response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const way = create(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    await use(way);
  } finally {
    await way[Symbol.asyncDispose]();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
  return paths;
}

const whole: Answer = (response) => response.writeHead(206, { ...HEAD, ...LENGTH }).end(BYTES);

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Writes bytes in turns. */
async function write(response: ServerResponse, bytes: Uint8Array, step: number): Promise<void> {
  for (let at = 0; at < bytes.byteLength; at += step) {
    response.write(bytes.subarray(at, at + step));
    for (let turn = 0; turn < 5; turn++) await nextTurn();
  }
}

/** `bytes` if a way must return the range, `none` if it must not. Others may, but nothing else. */
const CASES: [name: string, expected: "bytes" | "none" | "either", answer: Answer][] = [
  ["the range", "bytes", whole],
  ["the range, slowly", "bytes", async (response) => {
    response.writeHead(206, { ...HEAD, ...LENGTH });
    await write(response, BYTES, 20_000);
    response.end();
  }],
  ["the range, without a length", "either", (response) => {
    response.writeHead(206, HEAD).write(BYTES, () => response.end());
  }],
  ["fewer bytes", "none", (response) => {
    response.writeHead(206, { ...HEAD, "content-length": 1000 }).end(BYTES.subarray(0, 1000));
  }],
  ["fewer bytes, without a length", "none", (response) => {
    response.writeHead(206, HEAD).write(BYTES.subarray(0, 1000), () => response.end());
  }],
  ["a body that breaks", "none", (response) => {
    response.writeHead(206, { ...HEAD, ...LENGTH });
    response.write(BYTES.subarray(0, 1000), () => response.destroy());
  }],
  ["a body that breaks, without a length", "none", (response) => {
    response.writeHead(206, HEAD).write(BYTES.subarray(0, 1000), () => response.destroy());
  }],
  ["nothing", "none", (response) => response.destroy()],
  ["more bytes", "either", (response) => {
    response.writeHead(206, HEAD).write(BYTES, () => response.end(BYTES));
  }],
  ["a range that begins earlier", "none", (response) => {
    const range = `bytes 0-${BYTES.byteLength - 1}/${SIZE}`;
    response.writeHead(206, { ...FACTS, ...LENGTH, "content-range": range }).end(BYTES);
  }],
  ["a range that ends later", "either", (response) => {
    const range = `bytes ${FROM}-${LAST + 1}/${SIZE}`;
    response.writeHead(206, { ...FACTS, ...LENGTH, "content-range": range }).end(BYTES);
  }],
  ["no range", "none", (response) => response.writeHead(206, { ...FACTS, ...LENGTH }).end(BYTES)],
  ["all bytes of an object", "none", (response) => response.writeHead(200, FACTS).end(BYTES)],
  ["the range in gzip", "either", (response) => {
    const zipped = gzipSync(BYTES);
    const length = { "content-length": zipped.byteLength, "content-encoding": "gzip" };
    response.writeHead(206, { ...HEAD, ...length }).end(zipped);
  }],
  ...[301, 302, 307, 308, 403, 404, 416, 429, 500, 503].map((
    status,
  ): [string, "none", Answer] => [
    `status ${status}`,
    "none",
    (response, { url }) => {
      if (url?.startsWith("/elsewhere")) return whole(response, { url } as IncomingMessage);
      response.writeHead(status, { ...HEAD, ...LENGTH, location: "/elsewhere" }).end(BYTES);
    },
  ]),
];

const none = (error: unknown) => void assert(error instanceof Error);

for (const [way, create] of Object.entries(WAYS)) {
  for (const [name, expected, answer] of CASES) {
    Deno.test(`${way}: ${name}`, async () => {
      const { signal } = new AbortController();
      const paths = await serving(answer, create, async (way) => {
        for (let round = 0; round < 2; round++) { // the second over the same connection, if it may
          const bytes = await way.read(signal).catch(none);
          if (expected !== "either") assertEquals(bytes === undefined, expected === "none");
          if (bytes !== undefined) assertEquals(bytes, BYTES);
        }
      });
      assertEquals(paths.filter((path) => path.startsWith("/elsewhere")), []);
    });
  }

  for (const sent of [-1, 0, 1000]) {
    const when = sent < 0 ? "before a reply" : `after ${sent} bytes`;
    Deno.test(`${way}: an abort ${when} ends the wait`, async () => {
      const stop = new AbortController();
      const silent: Answer = (response) => {
        if (sent >= 0) response.writeHead(206, { ...HEAD, ...LENGTH }).flushHeaders();
        if (sent > 0) response.write(BYTES.subarray(0, sent));
        void nextTurn().then(() => stop.abort(new Error("enough")));
      };
      await serving(silent, create, async (way) => {
        const error = await assertRejects(() => way.read(stop.signal));
        assertEquals(isRegistryError(error), false, `${error}`);
      });
    });
  }
}
