// Downloads of all files of a version, in Chromium.
import { assert, assertEquals } from "@std/assert";
import type { Page } from "npm:playwright-core@^1.56";
import { siteFiles } from "../../apps/server/export_site.ts";
import { createAccess, parseScope } from "../../apps/server/access/access.ts";
import { bytesFile } from "../../files/mod.ts";
import { zip } from "../../formats/mod.ts";
import { openRegistry, type Registry } from "../../mod.ts";
import { IGNORED, openExplorer, openServed, SKIPPED } from "./support/browser.ts";

const FILES = ["a.txt", "sub/b.txt", "sub/ü.txt"];

async function saveFolder(registry: Registry): Promise<void> {
  const files = FILES.map((path) => ({ path, content: new TextEncoder().encode(path) }));
  await registry.save("team:data/all", undefined, {
    as: { id: "folder", formatVersion: 1, save: () => files, load: () => 0 },
  });
}

const VIEW = "#/artifacts/team%3Adata%2Fall/1.0.0";

/** Clicks the button, and returns the name of the download and what it has. */
async function downloadAll(page: Page): Promise<[name: string, texts: Record<string, string>]> {
  const begun = page.waitForEvent("download");
  await page.getByText(/^Download all as ZIP/).click();
  const download = await begun;
  const bytes = await Deno.readFile(await download.path());
  const entries = await zip().decode(bytesFile("all.zip", bytes));
  const texts = entries.map(async ({ path, bytes }) => [
    path,
    new TextDecoder().decode(await bytes()),
  ]);
  return [download.suggestedFilename(), Object.fromEntries(await Promise.all(texts))];
}

const EXPECTED = ["team_data_all-1.0.0.zip", Object.fromEntries(FILES.map((path) => [path, path]))];

Deno.test({
  name: "all files of a version are downloaded as one ZIP file, with and without a token" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveFolder(registry);
    {
      await using explorer = await openExplorer(registry);
      await explorer.page.goto(`${explorer.url}${VIEW}`);
      assertEquals(await downloadAll(explorer.page), EXPECTED);
    }
    const find = (authorization: string | null) =>
      Promise.resolve(
        authorization === "Bearer me" ? createAccess("id", [parseScope("read:*")]) : undefined,
      );
    await using explorer = await openExplorer(registry, { service: { tokens: { find } } });
    const { page, url, errors } = explorer;
    await page.goto(`${url}${VIEW}`);
    await page.getByLabel("Token").fill("me");
    await page.getByRole("button", { name: "Sign in" }).click();
    assertEquals(await downloadAll(page), EXPECTED);
    assertEquals(errors.filter((text) => !text.includes("401")), []);
  },
});

Deno.test({
  name: "a download that breaks off says what to check" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveFolder(registry);
    const find = () => Promise.resolve(createAccess("id", [parseScope("read:*")]));
    await using explorer = await openExplorer(registry, {
      service: { tokens: { find } },
      between: async (request, answer) => {
        const response = await answer(request);
        if (!request.url.includes("/archive")) return response;
        const begun = new TransformStream<Uint8Array>({
          transform: (chunk, controller) => {
            controller.enqueue(chunk.subarray(0, 10));
            controller.error(new Error("broken"));
          },
        });
        return new Response(response.body!.pipeThrough(begun), response);
      },
    });
    const { page, url } = explorer;
    await page.goto(url);
    await page.evaluate(() => sessionStorage.setItem(`holdfast-token ${location.origin}/`, "me"));
    await page.goto("about:blank");
    await page.goto(`${url}${VIEW}`);
    await page.getByText(/^Download all as ZIP/).click();
    await page.getByText("holdfast verify team:data/all@1.0.0").waitFor();
  },
});

Deno.test({
  name: "a site offers single files only" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await saveFolder(registry);
    const files = new Map<string, Response>();
    for await (const { path, type, content } of siteFiles(registry, ["team:data/all"])) {
      const body = content as BodyInit;
      files.set(`/${path}`, new Response(body, { headers: { "content-type": type } }));
    }
    await using site = await openServed((request) => {
      const path = new URL(request.url).pathname.replace(/\/$/, "/index.html");
      return files.get(path)?.clone() ?? new Response(null, { status: 404 });
    });
    await site.page.goto(`${site.url}${VIEW}`);
    await site.page.getByText("a.txt").first().waitFor();
    assert(await site.page.getByText(/^Download, /).count() > 0);
    assertEquals(await site.page.getByText(/Download all/).count(), 0);
  },
});
