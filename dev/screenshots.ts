// `deno run -A dev/screenshots.ts`: makes the pictures of the explorer again, for README.md and docs.
import { mkdir } from "node:fs/promises";
import { join } from "@std/path";
import { openRegistry } from "../mod.ts";
import { openExplorer } from "../tests/apps/explorer/support/browser.ts";
import { fillDemo } from "../tests/apps/explorer/support/demo_registry.ts";
import { demoQueue } from "../tests/apps/explorer/support/demo_work.ts";
import { REPOSITORY } from "../tests/support/run_deno.ts";

const FOLDER = join(REPOSITORY, "docs/pictures");

const COMPARED =
  "#/compare?refs=vision%3Aresnet%2Fweights%402.0.0+vision%3Aresnet%2Fweights%403.0.0";

/** By the name of the file: the address, a text that shows that it is loaded, and the theme. */
const PICTURES: readonly (readonly [string, string, string, "light" | "dark"])[] = [
  ["explorer_names", "#/", "thumbnails", "light"],
  ["explorer_version", "#/artifacts/vision%3Aresnet%2Fconfig/1.0.0", "data.json", "light"],
  ["explorer_lineage", "#/lineage?ref=reports%3Asummary%401.0.0", "7 versions", "dark"],
  ["explorer_compare", COMPARED, "accuracy", "light"],
];

await mkdir(FOLDER, { recursive: true });
await using registry = await openRegistry("memory:");
await fillDemo(registry);
await using work = await demoQueue();
await using explorer = await openExplorer(registry, { service: { jobs: work.jobs } });
const { page, url } = explorer;
await page.setViewportSize({ width: 1100, height: 620 });
for (const [name, fragment, text, colorScheme] of PICTURES) {
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  await page.goto(`${url}${fragment}`);
  await page.getByText(text).first().waitFor();
  await page.locator(".loading").waitFor({ state: "detached" });
  const path = join(FOLDER, `${name}.png`);
  await page.screenshot({ path });
  console.log(`${path} ${(await Deno.stat(path)).size} bytes`);
}
