import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { runCli } from "../../../run_cli.ts";
import { openInBrowser } from "../../../../../apps/cli/terminal/open_in_browser.ts";
import { captureIo, cliTest, filledTest } from "../../../captured_io.ts";
import { SERVED } from "../../../../registry/earlier/commits.ts";
import { unpackFixture } from "../../../../registry/earlier/fixtures.ts";

const exists = (at: URL) => Deno.stat(at).then(() => true, () => false);

filledTest("explore prints an address whose code opens the service once", async (it) => {
  const stopping = new AbortController();
  const io = captureIo({ cwd: it.root.path, signal: stopping.signal });
  const said = Promise.withResolvers<string>();
  const stdout = {
    ...io.stdout,
    write: (data: string | Uint8Array) => Promise.resolve(said.resolve(String(data))),
  };
  const ended = runCli(["explore", "--no-browser"], { ...io, stdout });
  void ended.then((code) => said.reject(new Error(`ended with ${code}: ${io.errors()}`)));
  const [, base, code] = /^(http:\/\/127\.0\.0\.1:\d+)\/explore\/#code=([\w-]+)\n$/.exec(
    await said.promise,
  )!;
  const ask = async (token: string, path = "names") => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${base}/${path}`, { headers });
    await response.body!.cancel();
    return response.status;
  };
  const first = `${code}.${"a".repeat(40)}`;
  assertEquals([await ask(first), await ask(`${code}.${"b".repeat(40)}`)], [200, 401]);
  assertEquals(await ask(first, "runs"), 200, "of pipelines");
  const page = await fetch(`${base}/explore/`);
  assertStringIncludes(await page.text(), "main.js");
  stopping.abort();
  assertEquals(await ended, 0);
  assertStringIncludes(io.errors(), "Ctrl-C ends it");
});

Deno.test("the code of explore is not in the list of processes", async () => {
  const url = "http://127.0.0.1:1/explore/#code=secret";
  const started: string[][] = [];
  const start = (program: string, args: readonly string[]) => void started.push([program, ...args]);
  const opened = await openInBrowser(url, () => ":0", start);
  assertEquals(started.length, 1);
  assertEquals(started.flat().filter((arg) => arg.includes("secret")), []);
  const page = new URL(started[0]!.at(-1)!);
  assertStringIncludes(await Deno.readTextFile(page), `content="0; url=${url}"`);
  if (Deno.build.os !== "windows") assertEquals(Deno.statSync(page).mode! & 0o777, 0o600);
  await opened![Symbol.asyncDispose]();
  assertEquals(await exists(page), false);
});

filledTest("export site writes the page and the versions into a folder", async (it) => {
  const { code, out, err } = await it.holdfast("export site config note --to site");
  assertEquals(code, 0, err);
  assertMatch(out, /^Exported \d+ files, .+, to site\n$/);
  const read = (path: string) => Deno.readTextFile(it.root.join("site", path));
  assertEquals(JSON.parse(await read("names/index.json")).items, ["config", "note"]);
  assertStringIncludes(await read("explore/index.html"), "Content-Security-Policy");
  const again = await it.holdfast("export site note --to site");
  assertEquals(again.code, 0, again.err);
  assertEquals([...Deno.readDirSync(it.root.join("site/artifacts"))].map(({ name }) => name), [
    "note",
  ]);
  assertEquals(JSON.parse(await read("artifacts/note/versions/index.json")).items.length, 1);
});

for (const commit of SERVED) {
  filledTest(`export site replaces a site of an earlier commit (${commit})`, async (it) => {
    const earlier = it.root.join("earlier"), site = it.root.join("earlier/site");
    await unpackFixture(commit, earlier);
    await Deno.writeTextFile(`${site}/own.txt`, "mine");
    await it.succeeds(["export", "site", "note", "--to", site]);
    assertEquals(await Deno.readTextFile(`${site}/own.txt`), "mine");
    assertEquals([...Deno.readDirSync(`${site}/artifacts`)].map(({ name }) => name), ["note"]);
  });
}

cliTest("export site refuses a folder with other files, and a missing place", async (it) => {
  await it.holdfast("init");
  await Deno.mkdir(it.root.join("mine"));
  await Deno.writeTextFile(it.root.join("mine", "letter.txt"), "dear");
  const taken = await it.holdfast("export site x --to mine");
  assertEquals([taken.code, taken.err.includes("other files")], [2, true], taken.err);
  await Deno.mkdir(it.root.join("mine", "explore"));
  await Deno.writeTextFile(it.root.join("mine", "explore", "index.html"), "my page");
  await Deno.writeTextFile(it.root.join("mine", "index.html"), "my page");
  const named = await it.holdfast("export site x --to mine");
  assertEquals([named.code, named.err.includes("other files")], [2, true], named.err);
  assertEquals(await Deno.readTextFile(it.root.join("mine", "index.html")), "my page");
  const missing = await it.holdfast("export site x");
  assertEquals([missing.code, missing.err.includes("--to ./site")], [2, true], missing.err);
});
