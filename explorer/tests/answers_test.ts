// Right answers in Chromium: sizes of rotated images, counts of one, menus, and notes.
import { assert, assertEquals } from "@std/assert";
import { jpeg } from "../../formats/jpeg.ts";
import { contentBytes } from "../../formats/content/content.ts";
import { localPath, openRegistry } from "../../mod.ts";
import { annotate } from "../../registry/mod.ts";
import { tempRoot } from "../../tests/support/temp_root.ts";
import { IGNORED, openExplorer, SKIPPED } from "./support/browser.ts";

/** A JPEG of 64 x 24 pixels that its EXIF data turns by a quarter. */
async function rotatedJpeg(): Promise<Uint8Array> {
  const data = new Uint8Array(64 * 24 * 3).map((_, i) => i % 251);
  const picture = { data, width: 64, height: 24, channels: 3, dtype: "uint8" as const };
  const bytes = await contentBytes(await jpeg({ lossy: true }).encode(picture));
  const tiff = [0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0];
  const exif = [...new TextEncoder().encode("Exif\0\0"), ...tiff, 0, 0, 0, 0];
  const head = [0xff, 0xd8, 0xff, 0xe1, 0, exif.length + 2, ...exif];
  return Uint8Array.of(...head, ...bytes.subarray(2));
}

Deno.test({
  name: "a JPEG that its EXIF data rotates has the size that is seen" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using root = await tempRoot();
    await Deno.writeFile(root.join("photo.jpg"), await rotatedJpeg());
    await registry.save("photo", localPath(root.join("photo.jpg")));
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/photo/1.0.0`);
    await page.getByText("24 x 64 pixels").waitFor();
    const { width, height } = (await page.getByRole("img", { name: "photo.jpg" }).boundingBox())!;
    assertEquals(height / width, 64 / 24);
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "a count of one is followed by a singular" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const value of [1, 2]) await registry.save("one:json", { members: [value] });
    await using root = await tempRoot();
    for (const [name, text] of [["a", "id,x\n1,2\n"], ["b", "same\nline 1\n"]] as const) {
      const path = root.join(name === "a" ? "a.csv" : "b.txt");
      await Deno.writeTextFile(path, text);
      await registry.save(`one:${name}`, localPath(path));
      await Deno.writeTextFile(path, text.replace(/.$/m, "$&0"));
      await registry.save(`one:${name}`, localPath(path));
    }
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    const compared = (name: string) => `#/compare?refs=one%3A${name}%401.0.0+one%3A${name}%402.0.0`;
    for (
      const [at, text] of [
        ["#/artifacts/one%3Aa/1.0.0?filter=1", "1 of 1 row"],
        ["#/artifacts/one%3Ajson/1.0.0", "[1 item]"],
        [compared("json"), "1 difference"],
        [compared("b"), "1 line removed, 1 added"],
        ["#/lineage?ref=one%3Ajson%401.0.0&depth=1", "1 step"],
      ]
    ) {
      await page.goto(`${url}${at}`);
      const found = page.locator("main").getByText(text!, { exact: true });
      await found.first().waitFor({ state: "attached" });
    }
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "Escape and a click elsewhere close a menu, wherever the focus is" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const accuracy of [0.5, 0.6]) {
      await registry.save("model", accuracy, { metadata: { accuracy } });
    }
    await using explorer = await openExplorer(registry);
    const { page, url, errors } = explorer;
    await page.goto(`${url}#/artifacts/model`);
    for (const title of ["Columns", "Values"]) {
      const button = page.locator("summary", { hasText: title });
      const open = page.locator("details.menu[open]");
      await button.click();
      await open.locator("li").first().click({ position: { x: 1, y: 1 } }); // takes the focus away
      await page.evaluate(() => (document.activeElement as HTMLElement).blur());
      await page.keyboard.press("Escape");
      await open.waitFor({ state: "detached" });
      assert(await button.evaluate((each) => document.activeElement === each), title);
      await button.click();
      await open.waitFor();
      await page.locator("h1").click();
      await open.waitFor({ state: "detached" });
    }
    await page.keyboard.press("?");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assertEquals(errors, []);
  },
});

Deno.test({
  name: "notes are Markdown that runs nothing and loads nothing from elsewhere" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("model", 1);
    const notes = "# Findings\n\n**Better** than [before](https://example.com/a).\nNext line\n\n" +
      "![x](http://example.com/x.png) <img src=x onerror=alert(1)> [y](javascript:alert(2))";
    await annotate(registry, "model@1", { notes });
    await using explorer = await openExplorer(registry);
    const { page, url, errors, foreign } = explorer;
    await page.goto(`${url}#/artifacts/model/1.0.0`);
    const shown = page.getByRole("region", { name: "Notes" });
    await shown.getByRole("heading", { name: "Findings" }).waitFor();
    await shown.locator("strong", { hasText: "Better" }).waitFor();
    assertEquals(await shown.getByRole("link").count(), 1);
    const line = shown.locator("p", { hasText: "Better" });
    assert((await line.innerText()).includes("\nNext line"), await line.innerText());
    await shown.getByText("[Image: x]").waitFor();
    await shown.getByText("<img src=x").waitFor();
    assertEquals([errors, foreign, await shown.locator("img").count()], [[], [], 0]);
  },
});
