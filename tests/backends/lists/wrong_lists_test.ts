// Listings that no store may answer are refused by the drivers of all buckets, which share the
// reading of pages: a registry would take what is missing for deleted, or what it got for its own.
import { listPages } from "../../../backends/bucket/list.ts";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { assertEquals, assertRejects } from "@std/assert";
import { createGcsBackend } from "../../../backends/gcs.ts";
import { createR2Backend, type R2Binding } from "../../../backends/r2.ts";
import { createS3Backend } from "../../../backends/s3.ts";
import type { Backend } from "../../../core/backend.ts";
import { RegistryError } from "../../../core/errors.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { listed } from "../../conformance/backend/samples.ts";

interface Entry {
  name?: string;
  size?: number | string;
  time?: string;
}

interface Page {
  entries?: Entry[];
  groups?: string[];
  next?: string;
}

type Answer = (request: number) => Page;

const TIME = "2026-01-01T00:00:00.000Z";
const whole = (name: string): Entry => ({ name, size: 1, time: TIME });

/** A driver over a store that answers each listing so. Its keys have the prefix `team/`. */
type Driver = (answer: Answer, run: (backend: Backend) => Promise<void>) => Promise<void>;

async function overHttp(
  bodyOf: (page: Page) => string,
  type: string,
  answer: Answer,
  run: (endpoint: string) => Promise<void>,
): Promise<void> {
  let requests = 0;
  const server = createServer((_, reply) => {
    reply.writeHead(200, { "content-type": type, connection: "close", date: "x" });
    reply.end(bodyOf(answer(requests++)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

const tag = (name: string, value?: unknown) =>
  value === undefined ? "" : `<${name}>${value}</${name}>`;

const DRIVERS: Record<string, Driver> = {
  s3: (answer, run) => {
    const bodyOf = ({ entries = [], groups = [], next }: Page) => {
      const objects = entries.map(({ name, size, time }) =>
        tag("Contents", tag("Key", name) + tag("Size", size) + tag("LastModified", time))
      );
      const prefixes = groups.map((name) => tag("CommonPrefixes", tag("Prefix", name)));
      const end = tag("IsTruncated", next !== undefined) + tag("NextContinuationToken", next);
      return tag("ListBucketResult", [...objects, ...prefixes].join("") + end);
    };
    return overHttp(bodyOf, "application/xml", answer, async (endpoint) => {
      const backend = createS3Backend({
        bucket: "bucket",
        prefix: "team",
        provider: "minio",
        endpoint,
        credentials: { accessKeyId: "key", secretAccessKey: "secret" },
        system: createScriptedSystem(),
      });
      await run(backend).finally(() => backend[Symbol.asyncDispose]());
    });
  },
  gcs: (answer, run) => {
    const bodyOf = ({ entries = [], groups, next }: Page) =>
      JSON.stringify({
        items: entries.map(({ name, size, time: updated }) => ({
          name,
          size: size === undefined ? undefined : `${size}`,
          generation: "1",
          updated,
        })),
        prefixes: groups,
        nextPageToken: next,
      });
    return overHttp(bodyOf, "application/json", answer, async (endpoint) => {
      const system = createScriptedSystem();
      const backend = createGcsBackend({
        bucket: "bucket",
        prefix: "team",
        endpoint,
        system,
      });
      await run(backend).finally(() => backend[Symbol.asyncDispose]());
    });
  },
  r2: async (answer, run) => {
    let requests = 0;
    const list = () => {
      const { entries = [], groups = [], next } = answer(requests++);
      const objects = entries.map(({ name: key, size, time }) => ({
        key,
        size,
        etag: "x",
        uploaded: time && new Date(time),
      }));
      const truncated = next !== undefined;
      return Promise.resolve({ objects, delimitedPrefixes: groups, truncated, cursor: next });
    };
    const system = createScriptedSystem();
    const never = () => Promise.reject(new Error("not asked"));
    const other = ["head", "get", "put", "delete", "createMultipartUpload"].map((m) => [m, never]);
    const bucket = { ...Object.fromEntries(other), list } as unknown as R2Binding;
    const backend = createR2Backend(bucket, { prefix: "team", system });
    await run(backend).finally(() => backend[Symbol.asyncDispose]());
  },
};

const WRONG: Record<string, Answer> = {
  "an object without a size": () => ({
    entries: [whole("team/names/a"), { name: "team/names/b", time: TIME }],
  }),
  "a size that is not a number": () => ({ entries: [{ ...whole("team/names/a"), size: "NaN" }] }),
  "a negative size": () => ({ entries: [{ ...whole("team/names/a"), size: -1 }] }),
  "an object without a time": () => ({ entries: [{ name: "team/names/a", size: 1 }] }),
  "a time that is not one": () => ({ entries: [{ ...whole("team/names/a"), time: "soon" }] }),
  "an object without a name": () => ({ entries: [{ size: 1, time: TIME }] }),
  "an object of another prefix of the store": () => ({ entries: [whole("teem/names/a")] }),
  "an object of another prefix": () => ({ entries: [whole("team/objects/a")] }),
  "a group of another prefix": () => ({ groups: ["team/objects/"] }),
  "one page for ever": () => ({ next: "x" }),
};

for (const [kind, driver] of Object.entries(DRIVERS)) {
  for (const [what, answer] of Object.entries(WRONG)) {
    Deno.test(`${kind}: a listing with ${what} is refused`, () =>
      driver(answer, async (backend) => {
        const delimiter = what.includes("group") ? "/" as const : undefined;
        const listing = Array.fromAsync(backend.list("names/", { delimiter }));
        await assertRejects(() => listing, RegistryError);
      }));
  }

  Deno.test(`${kind}: a listing with some empty pages is read to its end`, () => {
    const answer: Answer = (request) =>
      request < 20 ? { next: `${request}` } : { entries: [whole("team/names/a")] };
    return driver(answer, async (backend) => {
      assertEquals((await listed(backend, "names/")).length, 1);
    });
  });
}

Deno.test("empty pages are read to their end, unless there are more than of any store", async () => {
  const wrong = (state: string) => new Error(state);
  const place = { root: "team/", prefix: "names/" };
  const entry = { key: "names/a", size: 1, modifiedAt: 0 };
  const read = (empty: number) => {
    let pages = 0;
    const page = () => {
      const isLast = pages++ === empty;
      const next = isLast ? undefined : `${pages}`;
      return Promise.resolve({ objects: isLast ? [entry] : [], groups: [], next });
    };
    return Array.fromAsync(listPages(place, page, wrong));
  };
  assertEquals(await read(5_000), [entry]); // five million deleted objects
  await assertRejects(() => read(Infinity), Error, "the listing never ends");
});
