import { assert, assertEquals } from "@std/assert";
import { createHandler } from "../../apps/server.ts";
import { bundleExplorer, moduleOf, readModule } from "../build.ts";
import { openRegistry } from "../../mod.ts";

Deno.test("the module of the service is what the sources of the explorer produce: deno task explorer", async () => {
  assert(moduleOf(await bundleExplorer()) === await readModule(), "it is not: deno task explorer");
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
