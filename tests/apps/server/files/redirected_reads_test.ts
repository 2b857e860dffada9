// Files that a service lets its clients read from the bucket.
import { assertEquals, assertRejects } from "@std/assert";
import { toFileUrl } from "@std/path";
import { openHttpRegistry } from "../../../../apps/client.ts";
import { createHandler } from "../../../../apps/server.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { createMaterializers } from "../../../../materializers/mod.ts";
import { openRegistry, RegistryError } from "../../../../mod.ts";
import { noise } from "../../../registry/registries.ts";
import { holdTimers } from "../../../support/held_timers.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { createPresigningStore } from "../../../extensions/transfers/presigning_store.ts";

const LARGE = noise(3_000_000);
const TOKEN = "read:*";
const BUCKET = "https://store.test";
/** The host of the bucket, a public one. */
const BUCKET_AT = "https://203.0.113.7";

/** Parts of URLs, which are secrets, so that no line of the log has them. */
const URLS = /store.test|203\.0\.113\.7\//;

type Answer = (request: Request, bytes: Uint8Array<ArrayBuffer>) => Promise<Response> | Response;

/** Answers a bucket's GET of an object, with ranges. */
function sendObject({ headers }: Request, bytes: Uint8Array<ArrayBuffer>): Response {
  const range = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "");
  if (range === null) return new Response(bytes);
  const [first, last] = [Number(range[1]), Number(range[2])];
  const sent = { "content-range": `bytes ${first}-${last}/${bytes.byteLength}` };
  return new Response(bytes.slice(first, last + 1), { status: 206, headers: sent });
}

/** A client of a service in front of a bucket, which answers as `bucket` does. */
async function served(
  bucket: Answer,
  {
    redirect = true,
    at = "http://127.0.0.1",
    bucketAt = BUCKET_AT,
    lead = (url: string) => url.replace(BUCKET, bucketAt),
    commit = true,
    runtime = {} as Record<string, string>,
  } = {},
) {
  const timers = holdTimers(5_000); // in which the bucket must begin to answer
  const system = createScriptedSystem();
  const store = createPresigningStore({ system });
  const behind = await openRegistry(store.backend, { system });
  const version = (await behind.save("a", LARGE)).version;
  const access = createAccess(TOKEN, [parseScope(TOKEN)]);
  const find = (sent: string) => Promise.resolve(sent === `Bearer ${TOKEN}` ? access : undefined);
  const handler = createHandler(behind, { system, redirect, tokens: { find } });
  /** Ranges that the bucket received, or "whole". */
  const direct: string[] = [];
  /** Status codes of the service for files. */
  const bySelf: number[] = [];
  const logged: string[] = [];
  const fetch = async (request: Request) => {
    if (request.url.startsWith(bucketAt)) {
      const headers = [...request.headers.keys()].filter((name) => name !== "range");
      assertEquals(headers, [], "only the range");
      direct.push(request.headers.get("range") ?? "whole");
      return await bucket(
        request,
        (await store.fetch(request.url.replace(bucketAt, BUCKET)))! as Uint8Array<ArrayBuffer>,
      );
    }
    for (const [name, value] of Object.entries(runtime)) request.headers.set(name, value);
    const url = request.url.replace(/^https?:\/\/[^/]+/, "http://127.0.0.1");
    const answer = await handler(new Request(url, request));
    if (!request.url.includes("/files/")) return answer;
    bySelf.push(answer.status);
    if (answer.status === 307 && runtime.page !== undefined) return Response.error();
    const headers = new Headers(answer.headers);
    const location = headers.get("location");
    if (location !== null) headers.set("location", lead(location));
    if (location !== null && !commit) headers.delete("holdfast-commit");
    return new Response(answer.body, { status: answer.status, headers });
  };
  const note = (line: string) => void logged.push(line);
  const registry = await openHttpRegistry(at, {
    fetch,
    token: TOKEN,
    system,
    materializers: createMaterializers(),
    logger: { debug: note, info: note, warn: note, error: note },
  });
  const read = async () => await (await registry.open("a", { version })).file("data.bin").bytes();
  return {
    behind,
    system,
    registry,
    version,
    direct,
    bySelf,
    logged,
    timers,
    read,
    file: async () => (await registry.open("a", { version })).file("data.bin"),
    [Symbol.asyncDispose]: async () => {
      await registry.close();
      await handler.close();
      await behind.close();
      timers[Symbol.dispose]();
    },
  };
}

Deno.test("a large file, and a range of it, come from the bucket without the token", async () => {
  await using world = await served(sendObject);
  assertEquals(await world.read(), LARGE);
  const range = { offset: 5, length: 2_000_000 };
  const part = await new Response((await world.file()).stream(range)).bytes();
  assertEquals(part, LARGE.slice(5, 2_000_005));
  assertEquals([world.direct, world.bySelf], [["whole", "bytes=5-2000004"], [307, 307]]);
});

Deno.test("a short range comes from the service: a redirect would take longer", async () => {
  await using world = await served(sendObject);
  for (const [length, status] of [[2 ** 20, 307], [2 ** 20 - 1, 206]] as const) {
    const stream = (await world.file()).stream({ offset: 5, length });
    assertEquals(await new Response(stream).bytes(), LARGE.slice(5, 5 + length));
    assertEquals(world.bySelf.pop(), status);
  }
});

Deno.test("Node follows, and pages of browsers read from the service", async () => {
  for (
    const [runtime, direct, bySelf] of [
      [{ "sec-fetch-mode": "cors" }, ["whole"], [307]], // Node
      [{ "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" }, [], [200]],
      [{ page: "without TLS, of which nothing tells" }, [], [307, 200]],
    ] as const
  ) {
    await using world = await served(sendObject, { runtime });
    assertEquals(await world.read(), LARGE);
    assertEquals([world.direct, world.bySelf], [[...direct], [...bySelf]]);
  }
});

Deno.test("a service without redirects sends its files itself", async () => {
  await using world = await served(sendObject, { redirect: false });
  assertEquals(await world.read(), LARGE);
  assertEquals([world.direct, world.bySelf], [[], [200]]);
});

Deno.test("a bucket that fails leaves the file to the service, for ten minutes", async () => {
  const headers = { "retry-after": "20" };
  const at = (location: string) => () => new Response(null, { status: 302, headers: { location } });
  const failures: Record<string, Answer> = {
    "it refuses": () => new Response("<Error/>", { status: 403 }),
    "it is busy": () => new Response("<Error/>", { status: 503, headers }),
    "it breaks": () => Promise.reject(new TypeError("error for url (https://store.test/0)")),
    "it leads elsewhere": at("https://elsewhere.test/"),
    "it speaks as a service": () =>
      Response.json({ code: "NotFound", detail: BUCKET }, { status: 404 }),
    "a page of a proxy": () => new Response("<html>", { headers: { "content-length": "6" } }),
    "compressed": (_, bytes) =>
      new Response(bytes, { headers: { "content-encoding": "gzip", "content-length": "9" } }),
  };
  for (const [what, bucket] of Object.entries(failures)) {
    await using world = await served(bucket);
    const before = world.system.monotonic();
    assertEquals([await world.read(), await world.read()], [LARGE, LARGE], what);
    assertEquals([world.direct.length, world.system.monotonic()], [1, before], what);
    assertEquals(world.logged.filter((line) => URLS.test(line)), [], what);
    world.system.advance(600_000);
    assertEquals([await world.read(), world.direct.length], [LARGE, 2], what);
  }
});

Deno.test("an aborted read does not go on at the service", async () => {
  const stop = new AbortController();
  await using world = await served(() => {
    stop.abort("stop");
    return new Promise(() => {});
  });
  const { version } = world;
  const file = (await world.registry.open("a", { version, signal: stop.signal })).file("data.bin");
  assertEquals(await file.bytes().catch((reason) => reason), "stop");
  assertEquals(world.bySelf, [307]);
});

Deno.test("a bucket that begins and sends nothing leaves the file to the service", async () => {
  const silent = () =>
    new ReadableStream({ pull: (to) => to.error(new TypeError(`broken: ${BUCKET}`)) });
  await using world = await served(() => new Response(silent()));
  assertEquals(await world.read(), LARGE);
  assertEquals([world.direct, world.bySelf], [["whole"], [307, 200]]);
  assertEquals(world.logged.filter((line) => URLS.test(line)), []);
});

Deno.test("a redirect leads neither to files of this machine nor to a sign-in of a proxy", async () => {
  await using root = await tempRoot();
  await Deno.writeTextFile(root.join("secret"), "secret");
  for (
    const url of [
      toFileUrl(root.join("secret")).href,
      "data:,secret",
      "/relative",
      "https://[",
      "blob:x",
    ]
  ) {
    await using world = await served(sendObject, { lead: () => url });
    assertEquals(await world.read(), LARGE, url);
    assertEquals([world.direct, world.bySelf], [[], [307, 200]], url);
  }
  await using world = await served(sendObject, { lead: () => `${BUCKET}/login`, commit: false });
  assertEquals([await world.read(), world.direct], [LARGE, []]);
});

Deno.test("a redirect leads no nearer to the client than its service is, and the log names its host", async () => {
  for (
    const [at, bucketAt, follows] of [
      ["http://93.184.216.34", "http://127.0.0.1:9000", false],
      ["http://93.184.216.34", "https://[::1]", false],
      ["http://93.184.216.34", "http://169.254.169.254", false],
      ["http://93.184.216.34", "http://192.168.0.7:9000", false],
      ["http://10.0.0.1", "http://127.1", false],
      ["http://10.0.0.1", "http://169.254.169.254", false],
      ["http://10.0.0.1", "http://192.168.0.7:9000", true],
      ["http://127.0.0.1", "http://127.0.0.1:9000", true],
      ["http://127.0.0.1", "https://203.0.113.7", true],
    ] as const
  ) {
    await using world = await served(sendObject, { at, bucketAt });
    assertEquals([await world.read(), await world.read()], [LARGE, LARGE], bucketAt);
    const twice = follows ? [["whole", "whole"], [307, 307]] : [[], [307, 200, 200]];
    assertEquals([world.direct, world.bySelf], twice, `${at} to ${bucketAt}`);
    const { host } = new URL(bucketAt);
    const line = follows ? `goes to ${host}` : `does not follow to ${host}: private`;
    assertEquals(world.logged.filter((line) => line.includes(host)), [line]);
  }
});

Deno.test("a read that breaks at the bucket goes on where it was", async () => {
  let answers = 0;
  await using world = await served((request, bytes) => {
    if (answers++ > 0) return sendObject(request, bytes);
    return new Response(new Blob([bytes.slice(0, 1_000_000)]).stream());
  });
  assertEquals(await world.read(), LARGE);
  assertEquals(world.direct, ["whole", "bytes=1000000-2999999"]);
});

Deno.test("other bytes of the bucket are refused like those of a service", async () => {
  const other = new Uint8Array(LARGE.byteLength);
  await using world = await served(() => new Response(other));
  const error = await assertRejects(() => world.read(), RegistryError);
  assertEquals(error.code, "Corrupt");
});

Deno.test("the service sends a range that the bucket answers with other bytes", async () => {
  const range = { offset: 5, length: 2_000_000 };
  for (
    const [status, sent] of [
      [200, undefined],
      [206, undefined],
      [206, "bytes 0-1999999/3000000"],
      [206, "bytes 5-2000004/2999999"],
    ] as const
  ) {
    const headers = sent === undefined ? undefined : { "content-range": sent };
    await using world = await served((_, bytes) => new Response(bytes, { status, headers }));
    const part = await new Response((await world.file()).stream(range)).bytes();
    assertEquals([part, world.bySelf], [LARGE.slice(5, 2_000_005), [307, 206]]);
  }
});

Deno.test("a bucket that does not answer in time is not asked again", async () => {
  await using world = await served(() => {
    queueMicrotask(world.timers.pass);
    return new Promise(() => {});
  });
  assertEquals([await world.read(), await world.read()], [LARGE, LARGE]);
  assertEquals([world.direct, world.bySelf], [["whole"], [307, 200, 200]]);
});

Deno.test("a service with TLS cannot lead to a URL without", async () => {
  for (const at of ["https://203.0.113.1", "http://127.0.0.1"]) {
    await using world = await served(sendObject, { at, bucketAt: "http://203.0.113.7" });
    assertEquals(await world.read(), LARGE);
    assertEquals(world.direct.length, at.startsWith("https:") ? 0 : 1);
  }
});
