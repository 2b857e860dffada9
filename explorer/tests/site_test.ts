import { assert, assertEquals } from "@std/assert";
import { createOneTimeCheck } from "../../apps/server/access/one_time.ts";
import { siteFiles } from "../../apps/server/export_site.ts";
import type { SiteFile } from "../../apps/server/explorer/site_file.ts";
import { sitePath } from "../../apps/server/explorer/site_path.ts";
import { nameSegment } from "../../core/naming/names.ts";
import { localPath, openRegistry, type Registry } from "../../mod.ts";
import { publishRelease } from "../../mod.ts";
import { IGNORED, openExplorer, openServed, SKIPPED } from "./support/browser.ts";
import { fillDemo } from "./support/demo_registry.ts";
import { sampleFiles, writeFiles } from "./support/samples.ts";
import { tempRoot } from "../../tests/support/temp_root.ts";

async function filesOf(registry: Registry, refs: string[]) {
  const files = new Map<string, { type: string; bytes: Uint8Array<ArrayBuffer> }>();
  for await (const { path, type, content } of siteFiles(registry, refs)) {
    const stream = (content: SiteFile["content"]) =>
      new Response(content as ReadableStream<Uint8Array>).bytes();
    files.set(path, { type, bytes: await stream(content) });
  }
  return files;
}

Deno.test("a site has the versions that were chosen, and nothing of others", async () => {
  await using registry = await openRegistry("memory:");
  await fillDemo(registry);
  const files = await filesOf(registry, ["vision:resnet/weights@production", "reports:accuracy"]);
  const read = (path: string) => JSON.parse(new TextDecoder().decode(files.get(path)!.bytes));
  assertEquals(read("names/index.json").items, ["reports:accuracy", "vision:resnet/weights"]);
  assertEquals(read("registry/index.json").features, []);
  const weights = "artifacts/vision~3aresnet~2fweights";
  const { items } = read(`${weights}/versions/index.json`);
  assertEquals(items.map(({ version }: { version: string }) => version), ["3.0.0"]);
  assertEquals(read(`${weights}/versions/latest/index.json`).version, "3.0.0");
  assertEquals(read(`${weights}/versions/production/index.json`).version, "3.0.0");
  const { nodes } = read("lineage/reports~3aaccuracy/index.json");
  assertEquals(nodes.map(({ ref }: { ref: string }) => ref).sort(), [
    "reports:accuracy@1.0.0",
    "vision:resnet/weights@3.0.0",
  ]);
  const texts = [...files].filter(([path]) => path.endsWith("index.json"))
    .map(([, { bytes }]) => new TextDecoder().decode(bytes)).join("");
  for (const other of ["candidate", "4.0.0", "scans:"]) assert(!texts.includes(other), other);
  for (const path of files.keys()) assert(/^[\w./~-]+$/.test(path), path);
});

Deno.test("a site does not name inputs that it does not have", async () => {
  await using registry = await openRegistry("memory:");
  for (const name of ["private", "shown"]) await registry.save(name, 1);
  const { digest } = await registry.info("private");
  const inputs = [{ ref: "private@1", digest }, "shown@1"];
  await registry.save("result", 2, { inputs });
  await registry.setAlias("result", "live", "1");
  const files = await filesOf(registry, ["result", "shown"]);
  for (const [path, { bytes }] of files) {
    if (path.startsWith("explore/")) continue;
    assert(!new TextDecoder().decode(bytes).includes("private@"), path);
  }
  for (const selector of ["1.0.0", "live", "latest"]) {
    const { bytes } = files.get(`artifacts/result/versions/${selector}/index.json`)!;
    assertEquals(JSON.parse(new TextDecoder().decode(bytes)).inputs, ["shown@1"]);
  }
});

Deno.test("a site of a release has its members", async () => {
  await using registry = await openRegistry("memory:");
  for (const value of [1, 2]) await registry.save("net", value);
  await publishRelease(registry, "serving", { model: "net@1", "part/of": "net@1" });
  await registry.setAlias("serving", "live", "1");
  const files = await filesOf(registry, ["serving"]);
  const read = (path: string) => JSON.parse(new TextDecoder().decode(files.get(path)!.bytes));
  for (const selector of ["1.0.0", "live", "latest"]) {
    const at = `artifacts/serving/versions/${selector}/members`;
    assertEquals(read(`${at}/index.json`).members.model.state, "present");
    const members = ["model", "part/of"].map((key) => sitePath(`${at}/${nameSegment(key)}`));
    assertEquals(members.map((path) => read(path).version), ["1.0.0", "1.0.0"]);
  }
  assert(files.has("artifacts/net/versions/1.0.0/index.json"));
  assert(!files.has("artifacts/net/versions/2.0.0/index.json"));
});

Deno.test("the latest release of a site is the latest that was chosen", async () => {
  await using registry = await openRegistry("memory:");
  for (const value of [1, 2]) await registry.save("net", value);
  for (const version of [1, 2]) {
    await publishRelease(registry, "serving", { [`model ${version}`]: `net@${version}` });
  }
  const files = await filesOf(registry, ["serving@1"]);
  const members = "artifacts/serving/versions/latest/members";
  const { bytes } = files.get(`${members}/index.json`)!;
  const names = Object.keys(JSON.parse(new TextDecoder().decode(bytes)).members);
  assertEquals(names, ["model 1"]);
  const below = [...files.keys()].filter((path) => path.startsWith(members)).sort();
  const member = sitePath(`${members}/${nameSegment("model 1")}`);
  assertEquals(below, [`${members}/index.json`, member].sort());
});

Deno.test("stored pages are not pages of the site", async () => {
  await using registry = await openRegistry("memory:");
  const page = "<!doctype html><script>alert(1)</script>";
  await registry.save("page", page, { metadata: {} });
  const files = await filesOf(registry, ["page"]);
  const types = [...files].filter(([path]) => path.includes("/files/")).map(([, { type }]) => type);
  for (const type of types) assert(!/html|svg|javascript/.test(type), type);
});

Deno.test("no server of files makes a page, script or setting of a stored file", () => {
  const at = (file: string) =>
    sitePath(`artifacts/a/versions/1.0.0/files/${encodeURIComponent(file)}`).split("/").at(-1)!;
  const names = ["p.html", "p.XHTML", "p.svg", "p.js", "p.css", "p.pdf", "p", "p.md", ".htaccess"];
  names.push("web.config", "p.html.bin", "p~2ehtml", "p.shtml", "p.parquet", "p.bin");
  for (const name of names) assert(/^[^.]+\.bin$/.test(at(name)), at(name));
  assertEquals(new Set(names.map(at)).size, names.length);
  assertEquals(["a.png", "a.CSV", "a.txt"].map(at), ["a.png", "a.CSV", "a.txt"]);
  assertEquals(at("run.php.csv"), "run~2ephp.csv"); // Apache runs the PHP of every `.php` in a name
});

/** Serves the files of a site, without ranges. */
async function openSite(registry: Registry, refs: string[], requests: string[] = []) {
  const files = await filesOf(registry, refs);
  return await openServed((request) => {
    const path = decodeURIComponent(new URL(request.url).pathname).slice(1);
    requests.push(path);
    const found = files.get(path.endsWith("/") ? `${path}index.html` : path);
    if (found === undefined) return new Response("not found", { status: 404 });
    return new Response(found.bytes, { headers: { "content-type": found.type } });
  });
}

Deno.test({
  name: "experiments, charts, comparisons, cards, notebooks and lineage work in a site" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await using root = await tempRoot();
    await registry.save("demo:data", "1,2");
    for (const version of [1, 2] as const) {
      const folder = root.join(`${version}`);
      await writeFiles(folder, await sampleFiles(version));
      const made = { pipeline: "fit", run: `fit@${version}`, step: "train", effect: `${version}` };
      await registry.save("demo:kinds", localPath(folder), {
        metadata: { accuracy: 0.9 + version / 100, seconds: version, ...made },
        inputs: ["demo:data@1.0.0"],
      });
    }
    const refs = ["demo:kinds@1.0.0", "demo:kinds@2.0.0", "demo:data"];
    await using explorer = await openSite(registry, refs);
    const { page, url, errors, foreign } = explorer;
    const at = `${url}#/artifacts/demo%3Akinds`;
    await page.goto(at);
    await page.getByRole("button", { name: "accuracy" }).click();
    await page.getByText("0.92 ★").waitFor();
    assertEquals(await page.getByText("Deleted versions").count(), 0); // a site knows none
    await page.getByRole("combobox", { name: "by", exact: true }).selectOption("seconds");
    await page.getByRole("figure", { name: "accuracy by seconds" }).waitFor();
    for (const version of [1, 2]) await page.getByLabel(`Compare ${version}.0.0`).check();
    await page.getByRole("link", { name: "Compare 2 versions" }).click();
    await page.getByRole("region", { name: "Facts" }).getByText("+0.01").waitFor();
    await page.getByRole("figure", { name: "loss by step" }).locator("canvas").waitFor();
    const beside = page.getByRole("region", { name: "Side by side" });
    await beside.getByRole("img", { name: "picture.png" }).nth(1).waitFor();
    await page.goto(`${at}/2.0.0?path=scores.csv`);
    await page.getByText("Column statistics over all 300 rows").waitFor();
    await page.goto(`${at}?tab=card`);
    await page.getByRole("img", { name: "The picture" }).waitFor();
    await page.goto(`${at}/2.0.0?path=training.ipynb`);
    await page.getByRole("img", { name: "Output" }).waitFor();
    await page.goto(`${url}#/lineage?ref=demo%3Akinds%402.0.0`);
    await page.getByRole("list", { name: "Kinds" }).getByText("step of a pipeline").waitFor();
    const details = page.getByRole("region", { name: "Details of" });
    await page.locator(".graph .node").filter({ hasText: "train of fit" }).click();
    await details.getByText("fit", { exact: true }).waitFor();
    assertEquals(await details.getByRole("link", { name: "Open" }).count(), 0); // no runs in a site
    await page.locator(".graph .node").filter({ hasText: "demo:data" }).click();
    await details.getByText("Kind").waitFor();
    assertEquals([errors, foreign], [[], []]);
  },
});

Deno.test({
  name: "a site works on a server of files that knows no ranges" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await fillDemo(registry);
    const requests: string[] = [];
    const refs = ["vision:resnet/config", "vision:resnet/weights"];
    await using explorer = await openSite(registry, refs, requests);
    const { page, url, errors, foreign } = explorer;
    await page.goto(url);
    await page.getByText("2 names").waitFor();
    assertEquals(await page.getByRole("complementary").count(), 0);
    assertEquals(await page.getByRole("link", { name: /Upload|Runs|Storage|Jobs/ }).count(), 0);
    for (const name of ["vision:resnet/config", "vision:resnet/weights"]) {
      for (const rest of ["", "/1.0.0", "/latest", "?tab=aliases", "?tab=changes"]) {
        if (name.endsWith("weights") && rest === "/1.0.0") continue;
        await page.goto(`${url}#/artifacts/${encodeURIComponent(name)}${rest}`);
        await page.waitForSelector("h1");
        await page.waitForFunction(() => document.querySelector(".loading") === null);
        assertEquals(await page.getByRole("alert").count(), 0, name + rest);
      }
      await page.goto(`${url}#/lineage?ref=${encodeURIComponent(name)}`);
      await page.getByText(/\d version/).waitFor();
    }
    assertEquals([errors, foreign], [[], []]);
    assertEquals(requests.filter((path) => path.includes("?") || path === ""), []);
  },
});

Deno.test({
  name: "errors of a site say what it contains and lacks" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    for (const value of [1, 2]) await registry.save("model", value);
    await using explorer = await openSite(registry, ["model@1"]);
    const { page, url } = explorer;
    const lost = ["artifacts/model/2.0.0", "artifacts/other", "lineage?ref=other"];
    lost.push("storage", "runs", "runs/a@1", "jobs");
    for (const at of [...lost, "compare?refs=model%401.0.0+model%402.0.0"]) {
      await page.goto(`${url}#/${at}`);
      const alert = page.getByRole("alert");
      await alert.getByText("it is not in this site").waitFor();
      await alert.getByText("A site contains the versions that were exported").waitFor();
    }
    await page.goto(`${url}#/upload`);
    await page.getByText("A site is read-only").waitFor();
  },
});

Deno.test("a one-time code is bound to the first page that uses it", async () => {
  const { code, find } = createOneTimeCheck(["admin"]);
  const rest = "0123456789abcdef0123456789abcdef";
  assertEquals(await find(`Bearer ${code}`), undefined);
  assertEquals(await find(`Bearer ${code}.short`), undefined);
  assertEquals(await find(`Bearer wrong.${rest}`), undefined);
  assertEquals((await find(`Bearer ${code}.${rest}`))?.admin, true);
  assertEquals(await find(`Bearer ${code}.x${rest}`), undefined);
  assertEquals((await find(`Bearer ${code}.${rest}`))?.admin, true);
  assertEquals(await find(null), undefined);
});

Deno.test({
  name: "the address with a code opens the explorer once" + SKIPPED,
  ignore: IGNORED,
  async fn() {
    await using registry = await openRegistry("memory:");
    await registry.save("mine", 1);
    const tokens = createOneTimeCheck(["admin"]);
    await using explorer = await openExplorer(registry, { service: { tokens } });
    const { page, url, browser } = explorer;
    await page.goto(`${url}#code=${tokens.code}`);
    await page.getByText("1 name").waitFor();
    assertEquals(page.url().includes(tokens.code), false);
    await page.reload();
    await page.getByText("1 name").waitFor();
    const other = await (await browser.newContext()).newPage();
    await other.goto(`${url}#code=${tokens.code}`);
    await other.getByText("The token is unknown").waitFor();
  },
});
