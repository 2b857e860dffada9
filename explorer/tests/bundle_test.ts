import { assert, assertEquals } from "@std/assert";
import { createHandler } from "../../apps/server.ts";
import { buildPage, INPUTS, lockOfPage, pageText } from "../build.ts";
import { openRegistry } from "../../mod.ts";
import { reachable, readModuleGraph } from "../../tests/support/module_graph.ts";
import { testInRoot } from "../../tests/support/temp_root.ts";

Deno.test("the same sources make the same page, which the service of a clone sends", async () => {
  const page = await buildPage();
  assert(JSON.stringify(page) === await pageText(), "two builds differ");
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry);
  for (const [name, text] of Object.entries(page)) {
    const path = name === "index.html" ? "" : name;
    const answer = await handler(new Request(`http://localhost/explore/${path}`));
    assert(await answer.text() === text, name);
  }
});

Deno.test("the page is built with the locked versions of its packages, and fetches no others", async () => {
  const file = new URL("../../deno.lock", import.meta.url);
  const whole = JSON.parse(await Deno.readTextFile(file));
  const { specifiers, npm } = JSON.parse(await lockOfPage());
  for (const [specifier, version] of Object.entries(specifiers)) {
    assertEquals(version, whole.specifiers[specifier]);
  }
  for (const [id, each] of Object.entries(npm)) assertEquals(each, whole.npm[id]);
  const names = new Set(Object.keys(npm).map((id) => id.replace(/(?<=.)@.*/, "")));
  const graph = await readModuleGraph(["explorer/src/main.ts"]);
  const imported = [...reachable(graph, "explorer/src/main.ts")]
    .flatMap((path) => /^npm:\/?((?:@[^/]+\/)?[^@/]+)/.exec(path)?.[1] ?? []);
  assert(imported.includes("preact"));
  const theirs = ["@dagrejs/graphlib", "dequal"];
  assertEquals([...imported, ...theirs].filter((name) => !names.has(name)), []);
  const others = ["playwright-core", "workerd", "@aws-sdk/client-s3", "bullmq"];
  assertEquals(others.filter((name) => names.has(name)), []);
});

Deno.test("a change of any file of the page makes it anew", async () => {
  const graph = await readModuleGraph(["explorer/src/main.ts"]);
  const files = [...reachable(graph, "explorer/src/main.ts")].filter((path) =>
    !/^(npm|node):|^dev\/std\//.test(path)
  );
  const isInput = (path: string) =>
    INPUTS.some((input) => path === input || path.startsWith(`${input}/`));
  assertEquals(files.filter((path) => !isInput(path)), []);
});

testInRoot(
  "programs that build the page at once store it whole, and later ones read it",
  async (root) => {
    const cache = root.join("explorer");
    const built = await Promise.all([pageText(cache), pageText(cache)]);
    const [name, ...others] = [...Deno.readDirSync(cache)].map(({ name }) => name);
    assertEquals(others, []);
    const stored = await Deno.readTextFile(`${cache}/${name}`);
    assert(built.every((text) => text === stored));

    const known = JSON.stringify({ "index.html": "known" });
    await Deno.writeTextFile(`${cache}/${name}`, known);
    assertEquals(await pageText(cache), known);
    await Deno.writeTextFile(`${cache}/${name}`, stored.slice(0, 1000)); // as a power cut may leave it
    assert(await pageText(cache) === stored);
  },
);

testInRoot("a page that cannot be stored is built all the same", async (root) => {
  await Deno.writeTextFile(root.join("file"), "");
  assert(await pageText(root.join("file/explorer")) === await pageText());
});

Deno.test("the service sends the explorer with a policy that allows only its own scripts", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry);
  const get = (path: string, headers: Record<string, string> = {}) =>
    handler(new Request(`http://localhost${path}`, { headers }));

  const page = await get("/explore/");
  const policy = page.headers.get("content-security-policy")!;
  assertEquals(policy.match(/unsafe|https?:|\*/g), null);
  assert(policy.includes("script-src 'self'") && policy.includes("default-src 'none'"));
  const text = await page.text();
  assertEquals(text.match(/(src|href)="(?!(main\.|icon\.|chunk\d+-))[^"]*"/g), null);
  assertEquals(text.match(/<script[^>]*>[^<]|<style| on\w+=/g), null);

  const linked = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name]) => name);
  let first = 0;
  for (const name of new Set(["", ...linked])) {
    const part = await get(`/explore/${name}`, { "accept-encoding": "gzip" });
    first += (await part.bytes()).byteLength;
  }
  assert(first > 20_000 && first < 60_000, `the first load takes ${first} bytes`);

  const same = await get("/explore/", { "if-none-match": page.headers.get("etag")! });
  assertEquals(same.status, 304);
  assertEquals((await get("/explore")).headers.get("location"), "explore/");

  const script = await get("/explore/main.js", { "accept-encoding": "br, gzip" });
  assertEquals(script.headers.get("content-encoding"), "gzip");
  const unzipped = await new Response(
    script.body!.pipeThrough(new DecompressionStream("gzip")),
  ).text();
  const plain = await get("/explore/main.js", { "accept-encoding": "gzip;q=0" });
  assertEquals(await plain.text(), unzipped);
  const [, part] = /"\.\/((?:\w+)-[A-Z0-9]{8}\.js)"/.exec(unzipped)!;
  const sent = await get(`/explore/${part}`);
  assert(sent.headers.get("cache-control")!.includes("immutable"));
  await sent.body!.cancel();

  const missing = await get("/explore/toString");
  assertEquals([missing.status, (await missing.json()).code], [404, "NotFound"]);
});
