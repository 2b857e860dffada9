import { assertEquals } from "@std/assert";
import { createHandler } from "../../../apps/server.ts";
import { openRegistry } from "../../../mod.ts";
import { IGNORED, launchBrowser } from "../../../explorer/tests/support/browser.ts";
import { denoSucceeds, REPOSITORY } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";

async function bundlePage(path: string): Promise<string> {
  const entry = `${REPOSITORY}tests/apps/client/browser_page.ts`;
  const config = `${REPOSITORY}deno.json`;
  const flags = "--quiet --platform browser --config".split(" ");
  await denoSucceeds(["bundle", ...flags, config, "-o", path, entry]);
  return await Deno.readTextFile(path);
}

Deno.test("a browser bundle of the client has no imports", async () => {
  await using root = await tempRoot();
  const bundle = await bundlePage(root.join("page.js"));
  assertEquals(bundle.match(/(\bfrom|\bimport)\s*\(?\s*["'][^"']+["']/g), null);
});

Deno.test({
  name: "a page of another origin saves and loads through a service" +
    (IGNORED ? " (skipped: no browser)" : ""),
  ignore: IGNORED,
  sanitizeOps: false, // the browser keeps a connection
  sanitizeResources: false,
  async fn() {
    await using root = await tempRoot();
    const script = await bundlePage(root.join("page.js"));
    const told = Promise.withResolvers<unknown>();
    await using page = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      async (request) => {
        const { pathname } = new URL(request.url);
        if (pathname === "/page.js") {
          return new Response(script, { headers: { "content-type": "text/javascript" } });
        }
        if (pathname === "/result") told.resolve(await request.json());
        const html =
          `<!doctype html><meta charset="utf-8"><script type="module" src="/page.js"></script>`;
        return new Response(html, { headers: { "content-type": "text/html" } });
      },
    );
    const origin = `http://127.0.0.1:${page.addr.port}`;
    await using behind = await openRegistry("memory:");
    await using handler = createHandler(behind, { cors: [origin] });
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request) => handler(request),
    );
    const service = `http://127.0.0.1:${server.addr.port}`;

    const browser = await launchBrowser();
    try {
      const tab = await browser.newPage();
      await tab.goto(`${origin}/?${new URLSearchParams({ service })}`);
      assertEquals(await told.promise, {
        depth: 12,
        when: 0,
        seen: [1, 2, 3],
        isSame: true,
        streamed: 2_000_000,
        names: ["browser:config", "browser:large", "browser:stream"],
        watched: ["1.0.0", "2.0.0"],
        refused: { code: "NotFound", hasHint: true },
        unwritable: "Unsupported",
      });
    } finally {
      await browser.close();
    }
    assertEquals(await behind.load("browser:config"), 2);
  },
});
