// Versions with long lists of files over HTTP: the list comes in pages, and nobody holds it whole.
import { assertEquals, assertRejects } from "@std/assert";
import type { SendRequest } from "../../../apps/client.ts";
import {
  createMemoryBackend,
  diffVersions,
  openRegistry,
  type Registry,
  RegistryError,
} from "../../../mod.ts";
import { mirrorRegistry } from "../../../apps/maintenance.ts";
import { listFiles, openFile, openPages } from "../../../registry/mod.ts";
import { withoutWholeLists, withSmallPages } from "../../simulate/small_pages.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { startService, type TestService } from "./service.ts";

/** More than a page over HTTP, 1,000. */
const COUNT = 1_050;
const LIMITS = { listBytes: 1000, files: 64, pageBytes: 200_000, indexBytes: 200_000 };
const encoder = new TextEncoder();
const pathAt = (n: number) => `train/n${String(n % 10).padStart(3, "0")}/é ${n}.txt`;
const filesFrom = (first: number) => [
  { path: "README.md", content: encoder.encode("# Files\n") },
  { path: "train.txt", content: encoder.encode("beside") },
  { path: "train/newest", content: encoder.encode("n000"), mode: "link" as const },
  { path: "train/none", content: new Uint8Array(), mode: "folder" as const },
  ...Array.from({ length: COUNT }, (_, n) => ({
    path: pathAt(n + first),
    content: encoder.encode(`content ${n + first}`),
  })),
];

async function serve(settings: { mutable?: boolean } = {}): Promise<TestService> {
  const service = await startService(settings);
  withSmallPages(service.behind, LIMITS);
  for (const first of [0, 1]) {
    const as = { id: "folder", formatVersion: 1, load: () => 0, save: () => filesFrom(first) };
    await service.behind.save("set", 0, { as });
  }
  return service;
}

type Read = (registry: Registry, folder: string) => Promise<unknown>;

const paths = async (files: AsyncIterable<{ path: string }>) =>
  await Array.fromAsync(files, ({ path }) => path);

const READS: Readonly<Record<string, Read>> = {
  "all files": (registry) => Array.fromAsync(listFiles(registry, "set")),
  "files in a folder": (registry) => paths(listFiles(registry, "set", { prefix: "train/n003/" })),
  "files from a prefix that is a file": (registry) =>
    paths(listFiles(registry, "set", { prefix: "train.txt" })),
  "files after one": (registry) => paths(listFiles(registry, "set", { after: pathAt(555) })),
  "no files": (registry) => paths(listFiles(registry, "set@1.0.0", { prefix: "zzz" })),
  "one file": async (registry) =>
    await (await openFile(registry, "set", { path: pathAt(7) })).text(),
  "a page": async (registry) => {
    const { info, count, pages } = await openPages(registry, "set");
    const all = await Array.fromAsync(pages(), ({ info: { files } }) => files);
    return { info: { ...info, files: undefined }, count, files: all.flat().length };
  },
  "differences": (registry) => diffVersions(registry, { before: "set@1.0.0", after: "set" }),
  "a download": async (registry, to) => {
    const { files, written } = await registry.download("set", { to }) as unknown as {
      files: number;
      written: number;
    };
    const text = await Deno.readTextFile(`${to}/${pathAt(COUNT)}`);
    return { files, written, text };
  },
  "a mirror": async (registry) => {
    await using to = await openRegistry(createMemoryBackend());
    const { versions } = await mirrorRegistry(registry, to);
    return { versions, digest: (await to.info("set")).digest };
  },
};

for (const [what, read] of Object.entries(READS)) {
  Deno.test(`${what} over HTTP, of a list in pages`, async () => {
    await using folder = await tempRoot();
    const service = await serve();
    try {
      const expected = await read(service.behind, folder.join("here"));
      withoutWholeLists(service.behind);
      assertEquals(await read(await service.open(), folder.join("new")), expected);
    } finally {
      await service.close();
    }
  });
}

/** Runs a test with a version whose list is in pages, and nobody may read it whole. */
function pagedTest(
  name: string,
  run: (service: TestService) => Promise<void>,
  settings?: { mutable?: boolean },
): void {
  Deno.test(name, async () => {
    const service = await serve(settings);
    withoutWholeLists(service.behind);
    try {
      await run(service);
    } finally {
      await service.close();
    }
  });
}

const isList = (request: Request) => new URL(request.url).pathname.endsWith("/files");

pagedTest("one file of a long list takes three requests, of a short one two", async (service) => {
  await service.behind.save("short", "text");
  const asked: string[] = [];
  const registry = await service.open({
    fetch: (request) => (asked.push(new URL(request.url).pathname), service.handler(request)),
  });
  asked.length = 0;
  await (await openFile(registry, "set", { path: pathAt(7) })).bytes();
  assertEquals(asked.length, 3);
  await (await openFile(registry, "short", { path: "text.txt" })).bytes();
  assertEquals(asked.length, 5);
});

pagedTest("a missing file of a long list is NotFound", async (service) => {
  const registry = await service.open();
  for (const path of ["A", "none", "zzz", "train", "train/n003/"]) {
    const error = await assertRejects(() => openFile(registry, "set", { path }), RegistryError);
    assertEquals([error.code, error.message.includes(path)], ["NotFound", true], path);
  }
});

pagedTest("a list whose connection breaks goes on with the same page", async (service) => {
  let lists = 0;
  const registry = await service.through((request) => {
    if (isList(request) && ++lists === 2) throw new TypeError("the connection is gone");
    return service.handler(request);
  });
  assertEquals((await paths(listFiles(registry, "set"))).length, COUNT + 4);
  assertEquals(lists, 3);
});

pagedTest(
  "a list that is replaced meanwhile ends with Conflict, and a download begins again",
  async (service) => {
    await using folder = await tempRoot();
    const { behind, handler } = service;
    const replace = (registry: Registry) => {
      const save = () => filesFrom(0).slice(0, 3);
      return registry.save("set", 0, {
        as: { id: "folder", formatVersion: 1, load: () => 0, save },
        version: "1.0.0",
        onConflict: "overwrite",
      });
    };
    let lists = 0;
    const fetch: SendRequest = async (request) => {
      if (isList(request) && ++lists === 2) {
        await replace(behind);
        return Response.json({ code: "Conflict", detail: "it was replaced" }, { status: 409 });
      }
      return await handler(request);
    };
    const list = await service.open({ fetch });
    const failed = () => Array.fromAsync(listFiles(list, "set@1.0.0"));
    const error = await assertRejects(failed, RegistryError);
    assertEquals(error.code, "Conflict");
    lists = 0;
    await list.download("set@1.0.0", { to: folder.path });
    assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name).sort(), [
      "README.md",
      "train",
      "train.txt",
    ]);
  },
  { mutable: true },
);

pagedTest("an answer that is not a list of files is refused", async (service) => {
  const registry = await service.open({
    fetch: (request) =>
      isList(request) ? Promise.resolve(Response.json({})) : service.handler(request),
  });
  const error = await assertRejects(
    () => Array.fromAsync(listFiles(registry, "set")),
    RegistryError,
  );
  assertEquals(error.code, "Unsupported");
});

let pages = 0;
const OTHER_LISTS: Readonly<Record<string, (items: unknown[], after: string | null) => unknown>> = {
  "ends early": (items) => ({ items }),
  "lacks a file": (items, next) => ({ items: items.slice(1), next: next ?? undefined }),
  "has a file twice": (items, next) => ({ items: [items[0], ...items], next: next ?? undefined }),
  "never ends": (items) => ({ items, next: `${++pages}` }),
};

pagedTest("a long list that is not whole is refused, and deletes nothing", async (service) => {
  await using folder = await tempRoot();
  await (await service.open()).download("set", { to: folder.path });
  for (const [what, change] of Object.entries(OTHER_LISTS)) {
    const registry = await service.open({
      fetch: async (request) => {
        if (!isList(request)) return await service.handler(request);
        const url = new URL(request.url);
        if (what === "never ends") url.searchParams.delete("after");
        const { items, next } = await (await service.handler(new Request(url, request))).json();
        return Response.json(change(items, next));
      },
    });
    const list = () => Array.fromAsync(listFiles(registry, "set"));
    const error = await assertRejects(list, RegistryError, `does not list ${COUNT + 4} files`);
    assertEquals(error.code, "Unsupported", what);
    const download = () => registry.download("set", { to: folder.path, delete: true });
    await assertRejects(download, RegistryError, "", what);
    assertEquals(await Deno.readTextFile(folder.join(pathAt(COUNT))), `content ${COUNT}`);
    await using mirror = await openRegistry(createMemoryBackend());
    await mirrorRegistry(registry, mirror, { names: ["set"] });
    assertEquals(await Array.fromAsync(mirror.names()), [], what);
  }
});
