import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCli } from "../../../../../apps/cli/program/run_cli.ts";
import { openInBrowser } from "../../../../../apps/cli/services/open_in_browser.ts";
import { captureIo, filledTest } from "../../../captured_io.ts";

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
  const ask = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${base}/names`, { headers });
    await response.body!.cancel();
    return response.status;
  };
  const first = `${code}.${"a".repeat(40)}`;
  assertEquals([await ask(first), await ask(`${code}.${"b".repeat(40)}`)], [200, 401]);
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
