import { asMap } from "../../../../registry/contract/map.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  createMemoryBackend,
  localPath,
  openRegistry,
  type Registry,
  RegistryError,
} from "../../../../mod.ts";
import { silentLogger } from "../../../../core/system.ts";
import { setImmediate } from "node:timers";
import { isPrefix } from "../../../../backends/mod.ts";
import { siteFiles } from "../../../../apps/server/export_site.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { createWindows, oneBehind } from "../../../../apps/server/streams.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { createHandler } from "../../../../apps/server.ts";
import { createCheckedHandler } from "../checked_handler.ts";
import { withHooks } from "../../../registry/with_hooks.ts";
import { slowTest } from "../../../support/seeds.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";

const TEXT = "0123456789";

async function serve(registry: Registry) {
  await registry.save("text", TEXT);
  const handler = createCheckedHandler(registry);
  const send = (path: string, headers: Record<string, string> = {}, method = "GET") =>
    handler(new Request(`http://localhost${path}`, { method, headers }));
  const { files: [{ path }] } = await registry.info("text");
  return { handler, send, file: `/artifacts/text/versions/1.0.0/files/${path}`, path };
}

Deno.test("a file has digests, an ETag and cache headers", async () => {
  await using registry = await openRegistry("memory:");
  const { send, file, path } = await serve(registry);
  const info = await registry.info("text");
  for (const _ of ["from the store", "from memory"]) {
    const response = await send(file);
    assertEquals(await response.text(), TEXT);
    const headers = Object.fromEntries(response.headers);
    assertEquals(headers["content-digest"], headers["repr-digest"]);
    assertEquals(headers["repr-digest"], "sha-256=:hNiYd/DUBB77a/kaFvAkjy/Vc+avBcGflr7bn4gveII=:");
    assertEquals(headers["etag"], `"sha256:${info.files[0].sha256}"`);
    assertEquals(headers["last-modified"], info.createdAt.toUTCString());
    assertEquals(headers["cache-control"], "no-cache");
    assertEquals(headers["content-length"], "10");
    assertEquals(headers["accept-ranges"], "bytes");
    assertEquals(headers["holdfast-commit"], info.commit);
  }
  for (const version of ["latest", "^1", "1"]) {
    const url = `/artifacts/text/versions/${encodeURIComponent(version)}/files/${path}`;
    const response = await send(url);
    assertEquals(await response.text(), TEXT);
    assertEquals(response.headers.get("cache-control"), "no-cache");
  }
  const pinned = await send(`/artifacts/text/versions/latest/files/${path}?commit=${info.commit}`);
  assertEquals(pinned.headers.get("cache-control"), "private, max-age=604800, immutable");
});

Deno.test("ranges and conditions are answered from the store and from memory", async () => {
  await using registry = await openRegistry("memory:");
  const { send, file, path } = await serve(registry);
  const etag = (await send(file)).headers.get("etag")!;
  for (const place of [file, file, `/artifacts/text/versions/latest/files/${path}`]) {
    const part = await send(place, { range: "bytes=2-4" });
    assertEquals([part.status, await part.text()], [206, "234"]);
    assertEquals(part.headers.get("content-range"), "bytes 2-4/10");
    assertEquals(part.headers.get("content-length"), "3");
    assertEquals(part.headers.get("content-digest"), null);
    assertEquals((await send(place, { range: "bytes=2-4", "if-range": '"other"' })).status, 200);
    const none = await send(place, { range: "bytes=10-" });
    assertEquals([none.status, none.headers.get("content-range")], [416, "bytes */10"]);
    const known = await send(place, { "if-none-match": etag });
    assertEquals([known.status, await known.text(), known.headers.get("etag")], [304, "", etag]);
    assertEquals((await send(place, { "if-match": '"other"' })).status, 412);
    assertEquals((await send(place, { "if-match": etag })).status, 200);
  }
});

Deno.test("a range of a compressed file has the bytes of the plain one", async () => {
  const backend = createMemoryBackend();
  await using registry = await openRegistry(backend);
  await registry.save("packed", TEXT.repeat(100_000), { compress: "gzip" });
  const { files: [{ path }] } = await registry.info("packed");
  await using handler = createCheckedHandler(registry);
  const ask = (range: string) =>
    handler(
      new Request(`http://localhost/artifacts/packed/versions/1/files/${path}`, {
        headers: { range },
      }),
    );
  for (const [range, from, to] of [["2-4", 2, 5], ["999990-", 999_990, 1_000_000]] as const) {
    const response = await ask(`bytes=${range}`);
    const text = TEXT.repeat(100_000).slice(from, to);
    assertEquals([response.status, await response.text()], [206, text]);
  }
  const all = TEXT.repeat(100_000);
  assertEquals(await (await ask("bytes=100000-899999")).text(), all.slice(100_000, 900_000));
  const [entry] = await Array.fromAsync(backend.list("objects/"));
  const { key } = entry as { key: string };
  const bytes = (await (await backend.get(key))!.bytes()).slice();
  bytes[bytes.byteLength - 9]! ^= 1;
  await backend.put(key, bytes);
  const damaged = await ask("bytes=2-4").then((response) => response.text()).catch(() => "none");
  assert(damaged !== "234", "bytes of a damaged file arrived");
});

Deno.test("files are found by paths with special characters", async () => {
  await using root = await tempRoot();
  const names = ["a b.txt", "sub/ü?#%41.txt", "sub/100%.txt", "+&=.txt"];
  await Deno.mkdir(root.join("folder/sub"), { recursive: true });
  for (const name of names) await Deno.writeTextFile(root.join("folder", name), name);
  await using registry = await openRegistry("memory:");
  await registry.save("my:files/of me", localPath(root.join("folder")));
  await using handler = createCheckedHandler(registry);
  const base = "http://localhost/artifacts/my%3Afiles%2Fof%20me/versions/1/files";
  for (const name of names) {
    const path = name.split("/").map(encodeURIComponent).join("/");
    assertEquals(await (await handler(new Request(`${base}/${path}`))).text(), name);
  }
  const missing = await handler(new Request(`${base}/none`));
  const { code, detail } = await missing.json();
  assertEquals([missing.status, code], [404, "NotFound"]);
  assertStringIncludes(detail, "no such file");
  const outside = ["%2e%2e/%2e%2e/etc/passwd", "..%2f..%2fetc%2fpasswd"];
  for (const path of [...outside, "%00", "a%20b.txt/", "sub"]) {
    assertEquals((await handler(new Request(`${base}/${path}`))).status, 404, path);
  }
  assertEquals((await handler(new Request(`${base}/%ff`))).status, 400);
});

Deno.test("a replaced commit stays readable where it was open, else Conflict", async () => {
  const backend = createMemoryBackend();
  await using registry = await openRegistry(backend, { mutable: true, versioned: false });
  await asMap(registry).set("text", "before");
  const { commit, files: [{ path }] } = await registry.info("text");
  await using handler = createCheckedHandler(registry);
  const read = (query: string) =>
    handler(new Request(`http://localhost/artifacts/text/versions/latest/files/${path}${query}`));
  assertEquals(await (await read(`?commit=${commit}`)).text(), "before");
  await asMap(registry).set("text", "after");
  assertEquals(await (await read(`?commit=${commit}`)).text(), "before");
  assertEquals(await (await read("")).text(), "after");
  await using other = createCheckedHandler(registry);
  const url = `http://localhost/artifacts/text/versions/latest/files/${path}?commit=${commit}`;
  const late = await other(new Request(url));
  assertEquals([late.status, (await late.json()).code], [409, "Conflict"]);
});

Deno.test("files in memory are not readable by other tokens or names", async () => {
  await using registry = await openRegistry("memory:");
  for (const name of ["mine", "theirs"]) await registry.save(name, `the text of ${name}`);
  const find = (name: string | null) =>
    Promise.resolve(createAccess(name!, [parseScope(`read:${name}`)]));
  await using handler = createCheckedHandler(registry, { tokens: { find } });
  const { commit, files: [{ path }] } = await registry.info("theirs");
  const read = async (name: string, token: string, query = "") => {
    const url = `http://localhost/artifacts/${name}/versions/1.0.0/files/${path}${query}`;
    const answer = await handler(new Request(url, { headers: { authorization: token } }));
    return [answer.status, answer.status === 200 ? await answer.text() : ""];
  };
  for (const query of ["", `?commit=${commit}`]) {
    for (const _ of ["from the store", "from memory"]) {
      assertEquals(await read("theirs", "theirs", query), [200, "the text of theirs"]);
    }
    assertEquals(await read("theirs", "mine", query), [403, ""]);
  }
  assertEquals(await read("mine", "mine", `?commit=${commit}`), [409, ""]);
});

Deno.test("a damaged file is not sent to its end", async () => {
  const backend = createMemoryBackend();
  await using registry = await openRegistry(backend);
  const size = 1_200_000; // longer than a window: a shorter one is read to its end before
  await registry.save("large", new Uint8Array(size).fill(1));
  for await (const object of backend.list("objects/")) {
    if (isPrefix(object)) continue;
    const bytes = await (await backend.get(object.key))!.bytes();
    bytes[object.size - 1] ^= 1;
    await backend.put(object.key, bytes);
  }
  const warnings: string[] = [];
  const warn = (text: string) => void warnings.push(text);
  await using handler = createHandler(registry, { logger: { ...silentLogger, warn } });
  const { files: [{ path }] } = await registry.info("large");
  const url = `http://localhost/artifacts/large/versions/1.0.0/files/${path}`;
  const response = await handler(new Request(url));
  let arrived = 0;
  const error = await assertRejects(async () => {
    for await (const chunk of response.body!) arrived += chunk.byteLength;
  }, RegistryError);
  assert(arrived < size, `${arrived} bytes arrived`);
  assertEquals(warnings, [error.message], "only the log has the reason");
  const metrics = await (await handler(new Request("http://localhost/metrics"))).text();
  assertMatch(metrics, /store_faults_total\{code="Corrupt"\} 1\n/);

  const pieces = async function* (): AsyncGenerator<Uint8Array> {
    for (const byte of [1, 2, 3]) yield Uint8Array.of(byte);
    throw new RegistryError({ code: "Corrupt", message: "Cannot read it: it is damaged" });
  };
  const sent: number[] = [];
  await assertRejects(async () => {
    for await (const [byte] of await oneBehind(ReadableStream.from(pieces()))) sent.push(byte);
  }, RegistryError);
  assertEquals(sent, [1, 2]);
});

const KIB = 1024;
const MIB = 1024 * KIB;

function zeros(windowBytes: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(windowBytes)),
  }, { highWaterMark: 0 });
}

slowTest("windows of many downloads stay within the shared limit", async () => {
  for (
    const [place, largest, shared] of [
      ["near", 512 * KIB, 16 * MIB],
      ["far", 8 * MIB, 64 * MIB],
      ["worker", 2 * MIB, 16 * MIB],
    ] as const
  ) {
    const windows = createWindows(place);
    const sizes: number[] = [];
    for (let n = 0; n < 4096; n++) await windows.open((size) => zeros((sizes.push(size), 1)));
    assertEquals(sizes[0], largest);
    assertEquals(sizes.at(-1), 16 * KIB);
    assert(windows.heldBytes <= shared + 4096 * 32 * KIB, `${windows.heldBytes}`);
  }
});

Deno.test("a window is released when its download ends, fails or is cancelled", async () => {
  const windows = createWindows("near");
  const text = "a".repeat(400 * KIB);
  const opened = await windows.open(() => new Blob([text]).stream());
  assertEquals(windows.heldBytes, MIB);
  assertEquals(await new Response(opened).text(), text);
  assertEquals(await new Response(await windows.open(() => new Blob().stream())).text(), "");
  await (await windows.open(zeros)).cancel();
  const gone = () => new ReadableStream({ pull: () => Promise.reject(new Error("gone")) });
  await assertRejects(() => windows.open(gone), Error, "gone");
  assertThrows(() =>
    windows.open(() => {
      throw new Error("no stream");
    })
  );
  assertEquals(windows.heldBytes, 0);
});

Deno.test("downloads read one window in each turn of the event loop", async () => {
  const windows = createWindows("near");
  let reads = 0;
  const counted = () =>
    new ReadableStream<Uint8Array>({
      pull: (controller) => (reads++, controller.enqueue(new Uint8Array(1))),
    }, { highWaterMark: 0 });
  const opened = Array.from({ length: 10 }, () => windows.open(counted));
  await new Promise((resolve) => setImmediate(resolve));
  assert(reads < 5, `${reads} reads in one turn`);
  for (const stream of await Promise.all(opened)) await stream.cancel();
});

/** Returns the bytes read from the store for an answer whose client stalls. */
async function bytesOfStalled(headers: Record<string, string>): Promise<number> {
  const inner = createMemoryBackend();
  const backend = withHooks(inner, {});
  let bytes = 0;
  backend.get = async (key, options) => {
    const object = await inner.get(key, options);
    if (object && key.startsWith("objects/")) bytes += (await object.bytes()).byteLength;
    return object;
  };
  await using registry: Registry = await openRegistry(backend);
  await registry.save("a", new Uint8Array(4 * MIB));
  await using handler = createHandler(registry);
  const { files: [{ path }] } = await registry.info("a");
  const ask = async (headers: Record<string, string>) => {
    const url = `http://localhost/artifacts/a/versions/1/files/${path}`;
    return (await handler(new Request(url, { headers }))).body!;
  };
  // The first range reads the file through once, and keeps only the digests of its chunks.
  await (await ask({ range: "bytes=0-0" })).cancel();
  bytes = 0;
  const reader = (await ask(headers)).getReader();
  await reader.read();
  await reader.cancel();
  return bytes;
}

slowTest("a stalled answer holds at most 1 MiB of a file", async () => {
  for (const headers of [{}, { range: "bytes=1-4000000" }]) {
    const bytes = await bytesOfStalled(headers as Record<string, string>);
    assert(0 < bytes && bytes <= MIB, `${bytes} bytes`);
  }
});

slowTest("files with line breaks in their paths are served", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createCheckedHandler(registry, { gateways: [hub] });
  const ask = (path: string, init?: RequestInit) =>
    handler(new Request(`http://localhost${path}`, init));
  const paths = ["\n", "\r", "\u2028", "\u2029"].map((end) => `a${end}b/c${end}d`);
  const sent = await ask("/artifacts/odd/versions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      materializer: { id: "bytes", formatVersion: 1 },
      files: paths.map((path) => ({ path, data: "" })),
    }),
  });
  assertEquals(sent.status, 201, await sent.text());
  for (const path of paths) {
    const [folder, file] = path.split("/").map(encodeURIComponent);
    const urls = [
      `/artifacts/odd/versions/1/files/${folder}/${file}`,
      `/odd/resolve/main/${folder}/${file}`,
      `/api/models/odd/tree/main/${folder}`,
    ];
    for (const url of urls) assertEquals((await ask(url)).status, 200, url);
  }
  const site = await Array.fromAsync(siteFiles(registry, ["odd"]), ({ path }) => path);
  assertEquals(site.filter((path) => path.includes("/files/")).length, paths.length);
});
