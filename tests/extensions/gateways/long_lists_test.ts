// Ways to read versions whose lists are in pages: each answers as for a list that is stored whole, and
// none holds the list.
import {
  assertEquals,
  assertGreater,
  assertLess,
  assertLessOrEqual,
  assertRejects,
} from "@std/assert";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { FileToSave } from "../../../core/materializer.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { callMemory } from "../../../extensions/gateways/mcp/call_memory.ts";
import { LOOK_TOOLS } from "../../../extensions/gateways/mcp/look_tools.ts";
import { READ_TOOLS } from "../../../extensions/gateways/mcp/read_tools.ts";
import { complete, readResource } from "../../../extensions/gateways/mcp/resources.ts";
import { callTool } from "../../../extensions/gateways/mcp/tool.ts";
import { silentLogger } from "../../../core/kernel.ts";
import { dav } from "../../../extensions/gateways/dav/dav.ts";
import { withPinned } from "../../../extensions/gateways/dav/mount.ts";
import { openPages } from "../../../registry/mod.ts";
import { hub } from "../../../extensions/gateways/hub/hub.ts";
import { createS3Gateway } from "../../../extensions/gateways/s3/s3_gateway.ts";
import { createCheckedHandler } from "../../apps/server/checked_handler.ts";
import {
  createScriptedBackend,
  damaged,
  nothing,
  type ScriptedBackend,
} from "../../registry/scripted_backend.ts";
import { signer } from "./s3/open_s3.ts";
import { listKeys, withoutWholeLists, withSmallPages } from "../../simulate/small_pages.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";

const HOST = "http://localhost";
const FOLDERS = 30, IN_FOLDER = 12;
const LIMITS = { listBytes: 1000, files: 8, pageBytes: 20_000, indexBytes: 20_000 };
const encoder = new TextEncoder(), decoder = new TextDecoder();

const folderAt = (n: number) => `train/n${String(n).padStart(3, "0")}`;
const pathAt = (n: number) =>
  `${folderAt(Math.floor(n / IN_FOLDER))}/${String(n).padStart(4, "0")}.txt`;
const FILES: FileToSave[] = [
  { path: "README.md", content: encoder.encode("# Files\n") },
  { path: "data.bin", content: new Uint8Array(70_000).fill(7) }, // too long for the record
  { path: "run.sh", content: encoder.encode("#!/bin/sh\n"), mode: "executable" },
  { path: "train.txt", content: encoder.encode("beside") },
  ...Array.from({ length: FOLDERS * IN_FOLDER }, (_, n) => ({
    path: pathAt(n),
    content: encoder.encode(`content ${n}`),
  })),
  { path: "train/newest", content: encoder.encode("n000/0000.txt"), mode: "link" },
  { path: "train/nothing", content: new Uint8Array(), mode: "folder" },
];
const FILE = pathAt(200), FOLDER = folderAt(7);

const gateways = [hub, dav, createS3Gateway()];

/** A service of the files in one version. With `pages`, nobody can read the list whole. */
async function serve({ pages }: { pages: boolean }) {
  const system = createScriptedSystem();
  const backend = createScriptedBackend(createMemoryBackend({ system }));
  const registry = await openRegistry(backend, { system });
  if (pages) withSmallPages(registry, LIMITS);
  const as = { id: "folder", formatVersion: 1, load: () => 0, save: () => FILES };
  for (const version of ["0.9.0", "1.0.0"]) await registry.save("set", 0, { as, version });
  const keys = pages ? await listKeys(registry, "set") : [];
  if (pages) withoutWholeLists(registry);
  const handler = createCheckedHandler(registry, { system, gateways });
  backend.forget();
  return { backend, registry, handler, keys };
}

interface Door {
  ask(): Request | Promise<Request>;
  /** Maximum number of objects that it reads, which are pages and the bytes of files. */
  most: number;
  /** True for JSON that is sent a page at a time: without its length, and the files last. */
  isStreamed?: true;
}

const getting = (path: string, init?: RequestInit) => () => new Request(`${HOST}${path}`, init);

const listing = (path: string) =>
  getting(`/dav/set@latest/${path}`, { method: "PROPFIND", headers: { depth: "1" } });

/** Signs a request of S3. */
const signed = (path: string) => async () =>
  await signer({ token: "read:*" }).sign(`${HOST}/holdfast${path}`);

const keysIn = (path: string, query = "") =>
  signed(`?list-type=2&prefix=set/@latest/${path}${query}`);

const posting = (path: string, body: object) =>
  getting(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

const pathsInfo = (paths: readonly string[]) =>
  posting("/api/models/set/paths-info/main", { paths });

const VERSION = "/artifacts/set/versions/1.0.0";
/** An index, a page, and the bytes. */
const ONE_FILE = 3;
/** An index, and the pages of a folder with those around it. */
const ONE_FOLDER = 6;
/** All pages. */
const ALL = 40;

const DOORS: Readonly<Record<string, Door>> = {
  "a file": { ask: getting(`${VERSION}/files/${FILE}`), most: ONE_FILE },
  "the first file": { ask: getting(`${VERSION}/files/README.md`), most: ONE_FILE },
  "a range of a file": {
    ask: getting(`${VERSION}/files/${FILE}`, { headers: { range: "bytes=3-5" } }),
    most: ONE_FILE,
  },
  "the head of a file": {
    ask: getting(`${VERSION}/files/${FILE}`, { method: "HEAD" }),
    most: ONE_FILE,
  },
  "the size of an archive": {
    ask: getting(`${VERSION}/archive?format=tar`, { method: "HEAD" }),
    most: Infinity,
  },
  "a tar archive": { ask: getting(`${VERSION}/archive?format=tar`), most: Infinity },
  "a file of the Hub": { ask: getting(`/set/resolve/main/${FILE}`), most: ONE_FILE },
  "no file of the Hub": { ask: getting(`/set/resolve/main/${FOLDER}/none`), most: 2 },
  "a link, which the Hub has not": { ask: getting(`/set/resolve/main/train/newest`), most: 2 },
  "paths of the Hub": {
    ask: pathsInfo([FILE, FOLDER, "none", "train", "train.txt"]),
    most: 8,
  },
  "many paths of the Hub, each page once": {
    ask: pathsInfo(Array.from({ length: 100 }, (_, n) => pathAt((n * 37) % 360))),
    most: ALL,
  },
  "the tags of a file over S3": {
    ask: signed(`/set/@1.0.0/${FILE}?tagging`),
    most: ONE_FILE,
  },
  "the versions of a file over S3": {
    ask: signed(`?versions&prefix=set/@latest/${FILE}`),
    most: 2 * ONE_FILE,
  },
  "a folder of the Hub": {
    ask: getting(`/api/models/set/tree/main/${FOLDER}`),
    most: ONE_FOLDER,
  },
  "no folder of the Hub": { ask: getting(`/api/models/set/tree/main/none`), most: ONE_FOLDER },
  "folders of the Hub": { ask: getting(`/api/models/set/tree/main/train`), most: ALL },
  "the root of the Hub": { ask: getting(`/api/models/set/tree/main`), most: 12 },
  "a page of all entries of the Hub": {
    ask: getting(`/api/models/set/tree/main?recursive=true&expand=true&limit=15`),
    most: ONE_FOLDER,
  },
  "the next page of the Hub": {
    ask: getting(`/api/models/set/tree/main?recursive=true&limit=15&cursor=${FILE}`),
    most: ONE_FOLDER,
  },
  "a file over WebDAV": { ask: getting(`/dav/set@latest/${FILE}`), most: ONE_FILE + 1 },
  "a link over WebDAV": { ask: getting(`/dav/set@latest/train/newest`), most: 3 },
  "a folder over WebDAV": { ask: listing(FOLDER), most: ONE_FOLDER },
  "folders over WebDAV": { ask: listing("train"), most: ALL },
  "an empty folder over WebDAV": { ask: listing("train/nothing"), most: ONE_FOLDER },
  "the root over WebDAV": { ask: listing(""), most: 12 },
  "nothing over WebDAV": { ask: listing("none"), most: ONE_FOLDER },
  "an object over S3": { ask: signed(`/set/@latest/${FILE}`), most: ONE_FILE },
  "no object over S3": { ask: signed(`/set/@latest/${FOLDER}/none`), most: 2 },
  "keys of a folder over S3": { ask: keysIn(`${FOLDER}/`, "&delimiter=/"), most: ONE_FOLDER },
  "folders over S3": { ask: keysIn("train/", "&delimiter=/"), most: ALL },
  "the root over S3": { ask: keysIn("", "&delimiter=/"), most: 12 },
  "keys over S3": { ask: keysIn("", "&max-keys=15"), most: ONE_FOLDER },
  "keys with another delimiter over S3": { ask: keysIn("", "&delimiter=00"), most: ALL },
  "keys after one over S3": {
    ask: keysIn("", `&max-keys=15&start-after=set/@latest/${FILE}`),
    most: ONE_FOLDER,
  },
  "the info": { ask: getting(VERSION), most: ALL, isStreamed: true },
  "the head of the info": { ask: getting(VERSION, { method: "HEAD" }), most: 1, isStreamed: true },
  "the info of each version": {
    ask: getting("/artifacts/set/versions?details=true&withoutFiles=true"),
    most: 0,
  },
  "a page of the files": { ask: getting(`${VERSION}/files?limit=15`), most: ONE_FOLDER },
  "the files after one": {
    ask: getting(`${VERSION}/files?limit=15&after=${FILE}`),
    most: ONE_FOLDER,
  },
  "the files from one on": {
    ask: getting(`${VERSION}/files?limit=15&from=${FILE}`),
    most: ONE_FOLDER,
  },
  "the files in a folder": {
    ask: getting(`${VERSION}/files?prefix=${FOLDER}/`),
    most: ONE_FOLDER,
  },
  "all files as lines": {
    ask: getting(`${VERSION}/files`, { headers: { accept: "application/x-ndjson" } }),
    most: ALL,
  },
  "commits of the Hub": { ask: getting("/api/models/set/commits/main"), most: 1 },
  "refs of the Hub": { ask: getting("/api/models/set/refs"), most: 0 },
  "how to send files to the Hub": {
    ask: posting("/api/models/set/preupload/main", { files: [{ path: FILE, size: 2 ** 25 }] }),
    most: 2,
  },
  "large files that the Hub has": {
    ask: posting("/set.git/info/lfs/objects/batch", {
      operation: "upload",
      objects: [{ oid: sha256(encoder.encode("content 200")), size: 11 }],
    }),
    most: ALL,
  },
  "a ZIP archive": { ask: getting(`${VERSION}/archive?format=zip`), most: Infinity },
};

/** Returns what clients see of an answer. Hints of errors may name other files. */
async function read(answer: Response, isStreamed = false): Promise<unknown> {
  const { status } = answer;
  const changing = isStreamed ? ["date", "content-length"] : ["date"];
  const headers = [...answer.headers].filter(([name]) => !changing.includes(name));
  if (status < 400) {
    const body = await answer.bytes();
    const isJson = isStreamed && body.byteLength > 0;
    return { status, headers, body: isJson ? JSON.parse(decoder.decode(body)) : body };
  }
  return { status, body: (await answer.text()).replace(/"hint":.*/s, "") };
}

const objectsRead = (backend: ScriptedBackend) =>
  backend.asked({ verb: "get", key: /^objects/ }).length;

for (const [name, { ask, most, isStreamed }] of Object.entries(DOORS)) {
  Deno.test(`${name} of a list in pages is that of a list stored whole`, async () => {
    const whole = await serve({ pages: false }), paged = await serve({ pages: true });
    assertGreater(paged.keys.length, 20);
    const expected = await read(await whole.handler(await ask()), isStreamed);
    assertEquals(await read(await paged.handler(await ask()), isStreamed), expected);
    assertLessOrEqual(objectsRead(paged.backend), most);
  });
}

Deno.test("a mounted list in pages is that of a list stored whole, and stays when it is replaced", async () => {
  const paths = ["", FOLDER, FILE, "train/newest", "none"];
  const mounted = async (pages: boolean) => {
    const { registry } = await serve({ pages });
    const system = createScriptedSystem();
    const version = await openPages(registry, "set");
    const pinned = withPinned(dav, version);
    const handler = createCheckedHandler(registry, { gateways: [pinned], readOnly: true, system });
    await registry.delete("set", { version: "1.0.0" });
    const answers = paths.map(async (path) => {
      const method = path === FILE ? "GET" : "PROPFIND";
      const init = { method, headers: { depth: "1" } };
      return await read(await handler(new Request(`${HOST}/dav/set@1.0.0/${path}`, init)));
    });
    return await Promise.all(answers);
  };
  assertEquals(await mounted(true), await mounted(false));
});

const TOOLS: Readonly<Record<string, Record<string, unknown>>> = {
  describe_version: { ref: "set@1.0.0", offset: 50 },
  list_versions: { name: "set" },
  read_file: { ref: "set", path: FILE },
  compare_versions: { before: "set@0.9.0", after: "set@1.0.0" },
};

Deno.test("tools of agents answer of a list in pages as of a list stored whole", async () => {
  const answers = async (pages: boolean) => {
    const { registry } = await serve({ pages });
    const { signal } = new AbortController();
    const asked = Object.entries(TOOLS).map(async ([name, args]) => {
      const tool = [...LOOK_TOOLS, ...READ_TOOLS].find((tool) => tool.name === name)!;
      return await callMemory.forClient("")(signal, async (memory) => {
        const search = () => Promise.resolve({});
        const call = {
          registry,
          client: { name: "a" },
          signal,
          memory,
          search,
          logger: silentLogger,
        };
        const { structuredContent, isError, content } = await callTool(tool, args, call);
        assertEquals(isError, undefined, JSON.stringify(content));
        return structuredContent;
      });
    });
    const completed = await complete(registry, {
      ref: { type: "ref/resource", uri: "" },
      argument: { name: "path", value: FOLDER },
      context: { arguments: { name: "set" } },
    });
    return [...await Promise.all(asked), completed];
  };
  assertEquals(await answers(true), await answers(false));
});

Deno.test("a resource of a list in pages has the number of its files instead of them", async () => {
  const { registry } = await serve({ pages: true });
  const textAt = async (uri: string) => {
    const { contents: [content] } = await readResource(registry, { uri });
    return content !== undefined && "text" in content ? content.text : "";
  };
  const { files, fileCount } = JSON.parse(await textAt("holdfast://set@1.0.0"));
  assertEquals([files, fileCount], [undefined, FILES.length]);
  assertEquals(await textAt(`holdfast://set@1.0.0/${FILE}`), "content 200");
});

Deno.test("a missing file of a list in pages is 404, and costs a page", async () => {
  const { backend, handler } = await serve({ pages: true });
  for (const path of ["train/none", "A", "zzz", `${FOLDER}`]) {
    backend.forget();
    const answer = await handler(new Request(`${HOST}${VERSION}/files/${path}`));
    assertEquals([answer.status, (await answer.json()).code], [404, "NotFound"], path);
    assertLessOrEqual(objectsRead(backend), 2);
  }
});

Deno.test("an archive whose client has left reads no further pages", async () => {
  const { backend, handler, keys } = await serve({ pages: true });
  const signal = AbortSignal.abort();
  backend.forget();
  for (const format of ["zip", "tar"]) {
    const asked = new Request(`${HOST}${VERSION}/archive?format=${format}`, { signal });
    const answer = await Promise.resolve(handler(asked)).catch(() => undefined);
    await answer?.body?.cancel();
  }
  assertLess(objectsRead(backend), keys.length);
});

Deno.test("files of one page cost their bytes once the page was read", async () => {
  const { backend, handler } = await serve({ pages: true });
  const get = async (path: string) => {
    backend.forget();
    await (await handler(new Request(`${HOST}${VERSION}/files/${path}`))).body?.cancel();
    return objectsRead(backend);
  };
  assertEquals(await get(FILE), ONE_FILE);
  assertEquals(await get(FILE), ONE_FILE - 2);
});

for (const [what, fault] of [["damaged", damaged], ["missing", nothing]] as const) {
  Deno.test(`a ${what} page is an error of what needs it, and of nothing else`, async () => {
    const { backend, handler, keys } = await serve({ pages: true });
    const page = keys.at(-2)!;
    backend.answerAll({ key: new RegExp(page) }, fault);
    const ask = (path: string) => handler(new Request(`${HOST}${VERSION}/${path}`));
    const file = await ask(`files/${FILE}`);
    assertEquals([file.status, await file.text()], [200, "content 200"]);
    const archive = await ask("archive?format=tar");
    assertEquals([archive.status, (await archive.json()).code], [500, "Corrupt"]);
  });
}

Deno.test("an archive breaks where a page is damaged after its size was computed", async () => {
  for (const format of ["tar", "zip"]) {
    const { backend, handler, keys } = await serve({ pages: true });
    let reads = 0;
    backend.answerAll(
      { key: new RegExp(keys.at(-2)!) },
      (act, call) => reads++ === 0 ? act() : damaged(act, call),
    );
    const archive = await handler(new Request(`${HOST}${VERSION}/archive?format=${format}`));
    assertEquals(archive.status, 200);
    await assertRejects(() => archive.bytes(), Error, "SHA-256");
  }
});
