// A registry with a large file in memory, whose bytes threads read over HTTP.
import { createServer, type ServerResponse } from "node:http";
import { randomFillSync } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createMemoryBackend } from "../../backends/memory.ts";
import type { Backend, PresignOptions } from "../../core/backend.ts";
import type { OpenOptions } from "../../core/registry.ts";
import { localPath, openRegistry, type Registry } from "../../mod.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";

const MIB = 1024 * 1024;
/** Threads read files of 64 MiB or more. Of 68 MiB the last piece, too, has more than a MiB. */
export const SIZE: number = 68 * MIB + 12_345;

/** A request of a thread, by its first byte in the object. */
export interface DirectRead {
  index: number;
  from: number;
  to: number;
  bytes: Uint8Array;
}

/** The header of a reply with the bytes of a read. */
export function partial({ from, to }: Pick<DirectRead, "from" | "to">): Record<string, string> {
  return { "content-range": `bytes ${from}-${to - 1}/${SIZE}` };
}

export class SpreadWorld implements AsyncDisposable {
  /** Ranges that threads asked for. */
  readonly reads: { from: number; to: number }[] = [];
  /** Queries of their URLs. */
  readonly urls: string[] = [];
  /** Number of URLs. */
  presigned = 0;
  /** Number of reads of the object by the store. */
  storeReads = 0;
  /** Answers a read instead of the store. True if it did. */
  answer: (read: DirectRead, response: ServerResponse) => boolean = () => false;
  readonly root: TempRoot;
  readonly bytes: Uint8Array;
  /** The bytes of the object, which are those of the file unless a test damages it. */
  #stored: Uint8Array;
  readonly inner: Backend;
  objectKey = "";
  readonly #server = createServer((request, response) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "")!.map(Number);
    const range = { from: from!, to: to! + 1 };
    const read = { ...range, index: this.reads.push(range) - 1 };
    const { pathname, search } = new URL(request.url!, "http://host");
    this.urls.push(search);
    if (decodeURIComponent(pathname.slice(1)) !== this.objectKey) {
      response.writeHead(404).end();
      return;
    }
    const bytes = this.#stored.subarray(read.from, read.to);
    if (this.answer({ ...read, bytes }, response)) return;
    response.writeHead(206, { ...partial(read), "content-length": bytes.byteLength }).end(bytes);
  });

  private constructor(root: TempRoot) {
    this.root = root;
    this.inner = createMemoryBackend();
    this.bytes = new Uint8Array(SIZE);
    randomFillSync(this.bytes);
    this.bytes.fill(0, 20 * MIB, 23 * MIB);
    this.bytes.fill(0, SIZE - MIB);
    this.#stored = this.bytes;
  }

  static async create(): Promise<SpreadWorld> {
    const world = new SpreadWorld(await tempRoot());
    world.#server.listen(0, "127.0.0.1");
    await once(world.#server, "listening");
    writeFileSync(world.root.join("source"), world.bytes);
    await using registry = await world.open({ cache: false });
    await registry.save("big", localPath(world.root.join("source")));
    for await (const entry of world.inner.list("")) {
      if ("size" in entry && entry.size >= SIZE) world.objectKey = entry.key;
    }
    return world;
  }

  /** Runs something while the object has a wrong byte. */
  async whileDamaged(at: number, run: () => Promise<void>): Promise<void> {
    this.#stored = this.bytes.with(at, this.bytes[at]! ^ 1);
    await this.inner.put(this.objectKey, this.#stored);
    try {
      await run();
    } finally {
      this.#stored = this.bytes;
      await this.inner.put(this.objectKey, this.#stored);
    }
  }

  reset(): void {
    this.reads.length = this.urls.length = 0;
    this.presigned = this.storeReads = 0;
    this.answer = () => false;
  }

  async open(options: OpenOptions = {}): Promise<Registry> {
    const { inner } = this;
    const { port } = this.#server.address() as { port: number };
    const backend: Backend = Object.assign(Object.create(inner), inner, {
      kind: "s3",
      get: (key: string, how: Parameters<Backend["get"]>[1]) => {
        if (key === this.objectKey) this.storeReads++;
        return inner.get(key, how);
      },
      presign: (key: string, { expiresInMs }: PresignOptions) => {
        const url = `http://127.0.0.1:${port}/${encodeURIComponent(key)}`;
        return Promise.resolve(`${url}?number=${this.presigned++}&expires=${expiresInMs}`);
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
    return await openRegistry(backend, { cache: false, threads: 2, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await this.root.remove();
  }
}
