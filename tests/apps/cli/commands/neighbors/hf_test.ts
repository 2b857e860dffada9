// `holdfast import hf` against our own `serve --hf`.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { createHandler, createToken, listen, openTokenFile } from "../../../../../apps/server.ts";
import type { HandlerOptions } from "../../../../../apps/server.ts";
import { Interruption } from "../../../../../apps/cli/program/exit_code.ts";
import { localPath, openRegistry, type Registry } from "../../../../../mod.ts";
import { type Proxy, startProxy } from "../../../../support/proxy.ts";
import { createScriptedSystem } from "../../../../support/scripted_system.ts";
import { tempRoot } from "../../../../support/temp_root.ts";
import { type CliTest, cliTest, noise } from "../../../captured_io.ts";

const BIG = noise(300_000);
const NEW = "b".repeat(40);

interface Source extends AsyncDisposable {
  registry: Registry;
  endpoint: string;
  proxy: Proxy;
  /** Saves a folder as the next version. */
  save(name: string, files: Record<string, string | Uint8Array>): Promise<void>;
  /** Returns the requests for contents since the last call, by path. */
  downloads(): string[];
}

async function startSource(options: HandlerOptions = {}): Promise<Source> {
  const registry = await openRegistry("memory:");
  const handler = createHandler(registry, { hf: true, ...options });
  const server = await listen(handler, { port: 0, hasTokens: options.tokens !== undefined });
  const proxy = await startProxy(server.url);
  return {
    registry,
    endpoint: proxy.endpoint,
    proxy,
    async save(name, files) {
      await using root = await tempRoot();
      for (const [path, content] of Object.entries(files)) {
        await Deno.mkdir(root.join("f", path, ".."), { recursive: true });
        const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
        await Deno.writeFile(root.join("f", path), bytes);
      }
      await registry.save(name, localPath(root.join("f")));
    },
    downloads: () =>
      proxy.requests.splice(0).filter(({ url }) => url.includes("/resolve/"))
        .map(({ url, headers: { range } }) =>
          `${url.replace(/.*\/resolve\/[^/]*\//, "")}${range ? ` ${range}` : ""}`
        ).sort(),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server.stop();
      await registry.close();
    },
  };
}

/** Runs `import hf` with the environment of a source. Nothing waits between attempts. */
function importing(
  it: CliTest,
  source: Pick<Source, "endpoint">,
  env: Record<string, string> = {},
) {
  const all: Record<string, string> = {
    HF_ENDPOINT: source.endpoint,
    HOLDFAST_CACHE: it.root.join("cache"),
    ...env,
  };
  const system = { ...createScriptedSystem(), env: (name: string) => all[name] };
  return (line: string, signal?: AbortSignal) =>
    it.holdfast(`import hf ${line}`, { system, signal });
}

const FILES = { "config.json": "{}", "README.md": "# one\n", "onnx/model.onnx": BIG };

cliTest("a repository becomes a version that has its revision, and the same files", async (it) => {
  await using source = await startSource();
  await source.save("team/bert", { ...FILES, "empty.txt": "" });
  await source.registry.setAlias("team/bert", "production", "1.0.0");
  await it.succeeds("init");
  const run = importing(it, source);
  const { code, out, err } = await run("team/bert --revision production -a live");
  assertEquals([code, err], [0, ""]);
  assertMatch(out, /^Saved team\/bert@1\.0\.0 \(.*\): team\/bert at production\n$/);
  const info = await it.json("info team/bert@live --json");
  const { huggingface } = info.metadata;
  assertMatch(huggingface.commit, /^[0-9a-f]{40}$/);
  assertEquals({ ...huggingface, commit: "" }, {
    ...{ repo: "team/bert", type: "model", revision: "production", commit: "" },
    endpoint: source.endpoint,
  });
  const { digest } = await source.registry.info("team/bert");
  assertEquals(info.digest, digest);
  assertEquals([...Deno.readDirSync(it.root.join("cache-import"))], []); // the downloads are gone

  const again = await run("team/bert");
  assertEquals(again.out, "Kept team/bert@1.0.0: team/bert at main was imported before\n");
});

cliTest(
  "unchanged files of the next revision are neither downloaded nor stored again",
  async (it) => {
    await using source = await startSource();
    await source.save("datasets/team/trips", FILES);
    await source.save("datasets/team/trips", { ...FILES, "README.md": "# two\n" });
    await it.succeeds("init");
    const run = importing(it, source);
    const both = "datasets/team/trips --revision 1.0.0 --revision 2.0.0 --json";
    const { code, out } = await run(both);
    assertEquals(code, 0);
    const [first, second] = out.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals([first.name, first.version], ["datasets/team/trips", "1.0.0"]);
    assertEquals([first.downloadedBytes, second.downloadedBytes], [300_008, 6]);
    assert(second.addedBytes < 10_000, `${second.addedBytes}`);
    const { length } = source.downloads();
    assertEquals(length, 4);
    await it.succeeds("verify");
  },
);

cliTest("patterns choose files, and --dry-run changes nothing", async (it) => {
  await using source = await startSource();
  await source.save("team/bert", FILES);
  await it.succeeds("init");
  const run = importing(it, source);
  const dry = await run("team/bert --dry-run");
  assertMatch(
    dry.out,
    /^Would save team\/bert at main as team\/bert: 3 files, 293 KiB, 293 KiB to/,
  );
  const json = JSON.parse((await run("team/bert --dry-run --json --include *.json")).out);
  assertEquals([json.dryRun, json.files, json.downloadBytes], [true, 1, 2]);
  assertEquals([source.downloads(), await it.succeeds("ls -q")], [[], ""]);
  await run("team/bert --include onnx/** --include *.md --exclude README.md --name only");
  const { files } = await it.json("info only --json");
  assertEquals(files.map(({ path }: { path: string }) => path), ["onnx/model.onnx"]);
  const none = await run("team/bert --include *.none");
  assertEquals(none.code, 2);
  assertStringIncludes(none.err, "no file matches the patterns");
});

cliTest("a broken connection continues where it was", async (it) => {
  await using source = await startSource();
  await source.save("team/bert", { "model.onnx": BIG });
  await it.succeeds("init");
  let cuts = 0;
  source.proxy.plan(({ url }) =>
    url.includes("/resolve/") && cuts++ < 2 ? { fault: "cut", afterBytes: 100_000 } : undefined
  );
  assertEquals((await importing(it, source)("team/bert")).code, 0);
  const ranges = source.downloads();
  assertEquals(ranges.length, 3);
  assertEquals(ranges[0], "model.onnx");
  for (const range of ranges.slice(1)) assertMatch(range, /^model\.onnx bytes=[1-9]\d*-$/);
  await it.succeeds("verify");
});

cliTest("Ctrl-C saves nothing, and the same command continues", async (it) => {
  await using source = await startSource();
  await source.save("team/bert", { "model.onnx": BIG });
  await it.succeeds("init");
  const stop = new AbortController();
  let requested = 0;
  source.proxy.plan(({ url }) => {
    if (!url.endsWith("model.onnx")) return undefined;
    if (requested++ === 0) return { fault: "cut", afterBytes: 100_000 };
    stop.abort(new Interruption("SIGINT"));
    return { fault: "stall" };
  });
  const run = importing(it, source);
  const stopped = await run("team/bert", stop.signal);
  assertEquals(stopped.code, 130);
  assertStringIncludes(stopped.err, "Repeat the same command to continue.");
  assertEquals(await it.succeeds("ls -q"), "");
  source.proxy.plan(undefined);
  source.downloads();
  assertEquals((await run("team/bert")).code, 0);
  const [download, ...more] = source.downloads();
  assertEquals(more, []);
  assertMatch(download!, /^model\.onnx bytes=[1-9]\d*-$/);
  const { digest } = await source.registry.info("team/bert");
  assertEquals((await it.json("info team/bert --json")).digest, digest);
});

cliTest("damaged content is not saved, and a damaged download is fetched again", async (it) => {
  await using source = await startSource();
  await source.save("team/bert", { "model.onnx": BIG });
  await it.succeeds("init");
  const run = importing(it, source);
  source.proxy.plan(({ url }) =>
    url.includes("/resolve/")
      ? { fault: "answer", status: 200, body: "x".repeat(300_000) }
      : undefined
  );
  const damaged = await run("team/bert --work work");
  assertEquals(damaged.code, 5);
  assertStringIncludes(damaged.err, "does not match its digest");
  assertEquals(await it.succeeds("ls -q"), "");

  source.proxy.plan(undefined);
  const { files: [{ sha256 }] } = await source.registry.info("team/bert");
  const [{ name }] = [...Deno.readDirSync(it.root.join("work"))];
  await Deno.writeTextFile(it.root.join("work", name, `${sha256}.part`), "damaged");
  assertEquals((await run("team/bert --work work")).code, 0);
  await it.succeeds("verify");
});

cliTest("a private repository needs HF_TOKEN, which is sent to the endpoint alone", async (it) => {
  const file = it.root.join("tokens.json");
  const { token } = await createToken(file, { scopes: ["read:team/*"] });
  await using source = await startSource({ tokens: await openTokenFile(file) });
  await source.save("team/bert", FILES);
  await source.save("other/secret", FILES);
  await it.succeeds("init");
  const without = await importing(it, source)("team/bert");
  assertEquals(without.code, 6);
  assertStringIncludes(without.err, "HF_TOKEN");
  const run = importing(it, source, { HF_TOKEN: token });
  const gated = await run("other/secret");
  assertEquals(gated.code, 6);
  assert(!gated.err.includes(token), "the token is in the message");
  const missing = await run("team/none");
  assertEquals(missing.code, 3);
  assertStringIncludes(missing.err, "no such repository");
  assertStringIncludes((await run("team/bert --revision 9")).err, "no such revision");
  assertEquals((await run("team/bert")).code, 0);
  assert(!JSON.stringify(await it.json("info team/bert --json")).includes(token));

  await using other = await startSource();
  source.proxy.plan(({ url }) =>
    url.includes("/tree/")
      ? {
        fault: "answer",
        status: 200,
        headers: { link: `<${other.endpoint}/next>; rel="next"` },
        body: "[]",
      }
      : undefined
  );
  assertStringIncludes((await run("team/bert --name x")).err, "not from a hub");
  assertEquals(other.proxy.requests.length, 0);
});

cliTest("an endpoint that is not a hub, or wrong words, fail with what to do", async (it) => {
  await using source = await startSource();
  await it.succeeds("init");
  const run = importing(it, source);
  source.proxy.plan(() => ({ fault: "answer", status: 200, body: "<html>" }));
  assertStringIncludes((await run("team/bert")).err, "Check --endpoint");
  source.proxy.plan(() => ({ fault: "answer", status: 503 }));
  const down = await run("team/bert");
  assertEquals(down.code, 7);
  for (const repo of ["a/b/c", "../bert", "team/.."]) assertEquals((await run(repo)).code, 2, repo);
  for (const endpoint of ["ftp://x", "nothing", "http://me:secret@127.0.0.1"]) {
    const { code, err } = await run(`team/bert --endpoint ${endpoint}`);
    assertEquals([code, err.includes("secret")], [2, false], endpoint);
  }
});

cliTest("files of git and redirects, as on the public hub", async (it) => {
  const small = new TextEncoder().encode("# read me\n");
  const git = createHash("sha1").update(`blob ${small.length}\0`).update(small).digest("hex");
  const sha256 = createHash("sha256").update(BIG).digest("hex");
  const tokens: (string | null)[] = [];
  const quiet = { port: 0, hostname: "127.0.0.1", onListen() {} };
  await using storage = Deno.serve(quiet, ({ headers }) => {
    tokens.push(headers.get("authorization"));
    return new Response(new Uint8Array(BIG));
  });
  let readme = small;
  await using hub = Deno.serve(quiet, ({ url, headers }) => {
    const { pathname } = new URL(url);
    if (headers.get("authorization") !== "Bearer secret") {
      return new Response(null, { status: 401 });
    }
    if (pathname.includes("/revision/")) return Response.json({ sha: NEW });
    if (pathname.includes("/tree/")) {
      const lfs = { oid: sha256, size: BIG.length, pointerSize: 134 };
      return Response.json([
        { type: "directory", oid: git, size: 0, path: "onnx" },
        { type: "file", oid: git, size: small.length, path: "README.md" },
        { type: "file", oid: git, size: BIG.length, path: "onnx/model.onnx", lfs },
      ]);
    }
    if (pathname.endsWith("README.md")) return new Response(readme);
    return Response.redirect(`http://127.0.0.1:${storage.addr.port}/`, 302);
  });
  await it.succeeds("init");
  const endpoint = `http://127.0.0.1:${hub.addr.port}`;
  const run = importing(it, { endpoint }, { HF_TOKEN: "secret" });
  readme = new TextEncoder().encode("# changed\n");
  assertEquals((await run("team/bert")).code, 5);
  readme = small;
  assertEquals((await run("team/bert")).code, 0);
  assertEquals(await it.succeeds("cat team/bert README.md"), "# read me\n");
  assertEquals(new Set(tokens), new Set([null]));
});

cliTest("a hub that never ends its answers is left", async (it) => {
  const quiet = { port: 0, hostname: "127.0.0.1", onListen() {} };
  let tree: (request: Request) => Response;
  await using hub = Deno.serve(quiet, (request) => {
    if (request.url.includes("/revision/")) return Response.json({ sha: NEW });
    return tree(request);
  });
  await it.succeeds("init");
  const run = importing(it, { endpoint: `http://127.0.0.1:${hub.addr.port}` });
  const spaces = new Uint8Array(1024 * 1024).fill(32);
  let sent = 0;
  tree = () =>
    new Response(
      new ReadableStream({
        pull(controller) {
          if (sent++ < 500) controller.enqueue(spaces);
          else controller.close();
        },
      }),
    );
  assertStringIncludes((await run("team/bert")).err, "not from a hub");
  assert(sent < 200, `${sent} MiB were read`);
  let pages = 0;
  tree = ({ url }) => {
    const link = pages++ < 10 ? { link: `<${url}>; rel="next"` } : undefined;
    return Response.json([], { headers: link });
  };
  assertStringIncludes((await run("team/bert")).err, "not from a hub");
  assertEquals(pages, 1);
});

cliTest("a folder is not a repository", async (it) => {
  await it.succeeds("init");
  await it.fails("import hf ./bert", 2, "holdfast save NAME FOLDER");
});
