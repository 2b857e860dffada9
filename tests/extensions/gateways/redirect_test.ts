// Large files that the bucket answers itself: over S3, and for the Hub.
import { assertEquals, assertMatch } from "@std/assert";
import { createAccess, parseScope } from "../../../apps/server/access/access.ts";
import { silentLogger } from "../../../core/system.ts";
import { openRegistry } from "../../../mod.ts";
import { hub } from "../../../extensions/gateways/hub/hub.ts";
import { createS3Gateway } from "../../../extensions/gateways/s3/s3_gateway.ts";
import { hashToken } from "../../../apps/server/access/token_file.ts";
import { secretOf } from "../../../extensions/gateways/s3/derived_secret.ts";
import { createCheckedHandler } from "../../apps/server/checked_handler.ts";
import { noise } from "../../registry/registries.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { createPresigningStore } from "../transfers/presigning_store.ts";
import { saveFiles, signer, tokens } from "./s3/open_s3.ts";

const LARGE = noise(2_000_000);
const KEY = "k".repeat(43);
const TOKEN = "read:team/*";

/** Serves a large and a small file of `team/a`, and a token that ends in ten minutes. */
async function served({ redirect = true, endsInMs = 600_000 } = {}) {
  const system = createScriptedSystem();
  const store = createPresigningStore({ system });
  const registry = await openRegistry(store.backend, { system });
  const { version } = await registry.save("team/a", LARGE);
  await saveFiles(registry, "team/small", ["a"]);
  await registry.setAlias("team/a", "live", version);
  const expiresAtMs = system.now() + endsInMs;
  const access = createAccess(TOKEN, [parseScope(TOKEN)], { expiresAtMs });
  const lines: string[] = [];
  const info = (line: string) => void lines.push(line);
  const handler = createCheckedHandler(registry, {
    system,
    redirect,
    logger: { ...silentLogger, info },
    tokens: {
      ...tokens,
      find: async (authorization) =>
        authorization === `Bearer ${TOKEN}` ? access : await tokens.find(authorization),
      prove: ({ isOf }) => Promise.resolve(isOf(hashToken(TOKEN)) ? access : undefined),
    },
    gateways: [createS3Gateway({ key: KEY }), hub],
  });
  const derived = signer({
    accessKeyId: TOKEN,
    secretAccessKey: secretOf(KEY, { id: TOKEN, sha256: hashToken(TOKEN) }),
    sessionToken: undefined,
  });
  const datetime = () => new Date(system.now()).toISOString().replace(/[-:]|\.\d+/g, "");
  /** Asks, and returns the status and the URL that the answer leads to. */
  const ask = async (request: Request) => {
    const answer = await handler(request);
    await answer.body?.cancel();
    return [answer.status, answer.headers.get("location")] as const;
  };
  return {
    ...store,
    system,
    registry,
    handler,
    lines,
    ask,
    /** Asks with a presigned URL. */
    asLink: async (key: string, headers: Record<string, string> = {}, method = "GET") => {
      const aws = { signQuery: true, datetime: datetime() };
      const url = `http://localhost/holdfast/${key}${
        key.includes("?") ? "&" : "?"
      }X-Amz-Expires=60`;
      const { url: link } = await derived.sign(url, { aws, method });
      return await ask(new Request(link, { method, headers }));
    },
    signed: async (key: string, token?: string) => {
      const by = token === undefined ? derived : signer({ token });
      return await ask(
        await by.sign(`http://localhost/holdfast/${key}`, { aws: { datetime: datetime() } }),
      );
    },
    hubAsk: (path: string, headers: Record<string, string> = {}) =>
      ask(
        new Request(`http://localhost${path}`, {
          headers: { authorization: `Bearer ${TOKEN}`, ...headers },
        }),
      ),
    [Symbol.asyncDispose]: async () => {
      await handler.close();
      await registry.close();
    },
  };
}

const FILE = "team/a/@1.0.0/data.bin";

Deno.test("a presigned URL of a large file leads to its object, for five minutes", async () => {
  await using s3 = await served();
  const [status, location] = await s3.asLink(FILE);
  assertEquals([status, await s3.fetch(location!)], [307, LARGE]);
  const { expiresInMs, fileName, key } = s3.grant(location!);
  assertEquals([expiresInMs, fileName], [300_000, "data.bin"]);
  assertMatch(key, /^objects\//);
  for (
    const headers of [
      { range: "bytes=5-9" },
      { "sec-fetch-mode": "navigate", "sec-fetch-site": "none" },
      { "sec-fetch-mode": "cors" }, // Node
    ] as Record<string, string>[]
  ) {
    assertEquals(await s3.asLink(FILE, headers), [307, location], "the same URL for a minute");
  }
  assertEquals((await s3.asLink("team/a/@live/data.bin"))[1], location);
  s3.system.advance(60_000);
  const [, next] = await s3.asLink(FILE);
  assertEquals([next === location, await s3.fetch(next!)], [false, LARGE]);
  assertEquals(s3.lines.filter((line) => /store\.test|X-Amz/i.test(line)), []);
  assertMatch(s3.lines[0]!, /GET \/holdfast\/team\/a\/@1\.0\.0\/data\.bin 307 /);
});

Deno.test("the service answers what the bucket would refuse, or must not receive", async () => {
  await using s3 = await served();
  assertEquals(await s3.signed(FILE, TOKEN), [200, null], "the session token");
  assertEquals(await s3.signed(FILE), [200, null], "headers of S3");
  assertEquals(await s3.asLink(FILE, {}, "HEAD"), [200, null]);
  assertEquals(await s3.asLink(`${FILE}?response-content-type=text%2Fplain`), [200, null]);
  assertEquals(await s3.asLink("team/small/@1.0.0/a"), [200, null], "no object of its own");
  for (
    const [name, value, status] of [
      ["if-match", '"x"', 412],
      ["if-none-match", '"x"', 200],
      ["if-range", '"x"', 200],
      ["cookie", "a=b", 200],
      ["sec-fetch-site", "same-origin", 200],
    ] as const
  ) assertEquals(await s3.asLink(FILE, { [name]: value }), [status, null], name);
  assertEquals((await s3.asLink("other/@1.0.0/data.bin"))[0], 403);
  assertEquals((await s3.asLink("team/a/@1.0.0/none"))[0], 404);
});

Deno.test("without tokens, only links lead to the bucket: SDKs may not follow", async () => {
  await using s3 = await served();
  await using open = createCheckedHandler(s3.registry, {
    redirect: true,
    system: s3.system,
    gateways: [createS3Gateway()],
  });
  const url = `http://localhost/holdfast/${FILE}`;
  for (const headers of [{}, { range: "bytes=5-9" }] as Record<string, string>[]) {
    const answer = await open(new Request(url, { headers }));
    await answer.body?.cancel();
    assertEquals([answer.status, answer.headers.get("location")], [
      headers.range ? 206 : 200,
      null,
    ]);
  }
});

Deno.test("a range of an alias that has moved leads nowhere", async () => {
  await using s3 = await served();
  const key = "team/a/@live/data.bin";
  assertEquals((await s3.asLink(key, { range: "bytes=0-9" }))[0], 307);
  await s3.registry.save("team/a", noise(2_000_000, 7), { alias: "live" });
  assertEquals(await s3.asLink(key, { range: "bytes=10-19" }), [412, null]);
});

Deno.test("readers that begin at once get one URL", async () => {
  await using s3 = await served();
  const range = (_: unknown, i: number) => s3.asLink(FILE, { range: `bytes=${i}-${i + 9}` });
  const answers = await Promise.all(Array.from({ length: 20 }, range));
  assertEquals(new Set(answers.map(([status, location]) => `${status} ${location}`)).size, 1);
  assertEquals(await s3.fetch(answers[0]![1]!), LARGE);
});

Deno.test("a URL does not outlive the token", async () => {
  await using s3 = await served({ endsInMs: 90_000 });
  const [, location] = await s3.asLink(FILE);
  assertEquals(s3.grant(location!).expiresInMs, 90_000);
  s3.system.advance(30_000);
  const [, next] = await s3.asLink(FILE);
  assertEquals(s3.grant(next!).expiresInMs, 60_000);
  s3.system.advance(59_500);
  assertEquals(await s3.asLink(FILE), [200, null]);
});

Deno.test("files of the Hub are redirected at their commit", async () => {
  await using s3 = await served();
  const at = "/team/a/resolve/main/data.bin";
  const [status, location] = await s3.hubAsk(at);
  assertEquals([status, await s3.fetch(location!)], [307, LARGE]);
  const [, commit] = await s3.hubAsk(at, { range: "bytes=0-9" });
  assertMatch(commit!, /[0-9a-f]{40}\/data\.bin$/);
  const pinned = new URL(commit!, `http://localhost${at}`).pathname;
  assertEquals(await s3.hubAsk(pinned, { range: "bytes=5-9" }), [307, location]);
  assertEquals((await s3.hubAsk(pinned, { "sec-fetch-site": "same-origin" }))[0], 200);
});

Deno.test("without the option, and of a store without URLs, all bytes come from the service", async () => {
  await using s3 = await served({ redirect: false });
  assertEquals(await s3.asLink(FILE), [200, null]);
  assertEquals((await s3.hubAsk("/team/a/resolve/main/data.bin"))[0], 200);
  await using registry = await openRegistry("memory:");
  await registry.save("a", LARGE);
  await using handler = createCheckedHandler(registry, {
    redirect: true,
    gateways: [createS3Gateway()],
  });
  const answer = await handler(new Request("http://localhost/holdfast/a/@1.0.0/data.bin"));
  assertEquals([answer.status, (await answer.bytes()).length], [200, LARGE.length]);
});

Deno.test("a version is found once for the URLs of its files", async () => {
  const store = createPresigningStore();
  const asked: string[] = [];
  const noting = <F extends (...args: never[]) => unknown>(name: string, call: F) =>
    ((...args) => (asked.push(name), call(...args))) as F;
  const { list, get, head } = store.backend;
  const backend: typeof store.backend = {
    ...store.backend,
    list: noting("list", list),
    get: noting("get", get),
    head: noting("head", head),
  };
  await using registry = await openRegistry(backend, { cache: false });
  const paths = ["a", "b", "c", "d"];
  const save = () => paths.map((path, i) => ({ path, content: noise(2 ** 20, i) }));
  const { commit } = await registry.save("a", 0, {
    as: { id: "folder", formatVersion: 1, load: () => 0, save },
  });
  await using handler = createCheckedHandler(registry, { redirect: true });
  const headers = { "holdfast-accept": "redirect" };
  const costs: string[][] = [];
  for (const path of paths) {
    asked.length = 0;
    const url = `http://localhost/artifacts/a/versions/1.0.0/files/${path}?commit=${commit}`;
    assertEquals((await handler(new Request(url, { headers }))).status, 307);
    costs.push([...asked]);
  }
  const [first, ...others] = costs;
  assertEquals(first!.length > 3, true);
  assertEquals(others, Array(3).fill(["head"]));
});
