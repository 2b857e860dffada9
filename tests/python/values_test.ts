// Values, downloads, damage and missing packages, as a Python program meets them.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { execFile } from "node:child_process";
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { createLocalBackend, localPath, openRegistry } from "../../mod.ts";
import { decodeRecord, encodeRecord } from "../../registry/format/record_codec.ts";
import { fileSet } from "../registry/protocol_world.ts";
import { keysOf, noise } from "../registry/registries.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";
import {
  ENVIRONMENT,
  python,
  type PythonReader,
  pythonTest,
  served,
  startReader,
  why,
  withoutMessages,
} from "./reader.ts";
import { fillValues, saveTree, VALUES } from "./stored.ts";

type Failure = { error: string; message: string };

function testReader(name: string, run: (reader: PythonReader, root: TempRoot) => Promise<void>) {
  Deno.test({
    name: `${name}${why}`,
    ignore: python === undefined,
    async fn() {
      await using root = await tempRoot();
      await using reader = startReader();
      await run(reader, root);
    },
  });
}

testReader("Python loads values of every default materializer", async (reader, root) => {
  const location = root.join("registry");
  await using registry = await openRegistry(location, { cache: false });
  await fillValues(registry);
  const refs = [...VALUES.map(([name]) => name), "table"];
  const expected = [...VALUES.map(([, , read]) => read), { table: [{ well: "A01", cells: 12 }] }];
  assertEquals(await reader.ask({ ask: "load", refs, location }), expected);
  await using service = served(registry);
  const { location: url, token } = service;
  assertEquals(await reader.ask({ ask: "load", refs, location: url, token }), expected);
});

pythonTest("the page about Python shows what the reader does", async (root) => {
  await using registry = await openRegistry(root.join(".holdfast"));
  await registry.save("my:config", { depth: 12 });
  await registry.setAlias("my:config", "production", "1.0.0");
  const page = await readFile(join(REPOSITORY, "docs/python_files.md"), "utf8");
  const [, program = ""] = /^```python reader\n([^]*?)^```$/m.exec(page) ?? [];
  const expected = Array.from(program.matchAll(/\bprint\(.*\) {2}# (.*)$/gm), ([, text]) => text);
  assert(expected.length > 4);
  const env = { ...ENVIRONMENT, HOLDFAST_PYTHON_CACHE: root.join("cache") };
  const options = { cwd: root.path, env };
  const ran = await promisify(execFile)(python!, ["-c", program], options);
  assertEquals(ran.stdout.trimEnd().split("\n"), expected);
  assertEquals(await readFile(root.join("config/data.json"), "utf8"), '{"depth":12}');
});

testReader("Python downloads trees, and links only inside them", async (reader, root) => {
  const location = root.join("registry");
  await using registry = await openRegistry(location, { cache: false });
  await saveTree(registry, root);
  await using service = served(registry);
  const places = { disk: { location }, http: { location: service.location, token: service.token } };
  for (const [name, place] of Object.entries(places)) {
    const to = root.join(name);
    const leftOut = await reader.ask<string[]>({ ask: "download", ref: "tree", to, ...place });
    assertEquals(leftOut.toSorted(), ["out", "sub/out", "sub/twice"]);
    await assertTree(to, root.join("tree"), leftOut);
    const again = await reader.ask({ ask: "download", ref: "tree", to, ...place });
    assertEquals(withoutMessages(again), { error: "AlreadyExists" });
  }
  const to = root.join("all");
  await reader.ask({ ask: "download", ref: "tree", to, location, links: "unsafe" });
  await assertTree(to, root.join("tree"), []);
});

/** Fails unless two folders are equal but for what was left out. */
async function assertTree(to: string, from: string, leftOut: string[]): Promise<void> {
  const of = async (folder: string) =>
    (await readdir(folder, { recursive: true })).filter((path) => !leftOut.includes(path)).sort();
  assertEquals(await of(to), await of(from));
  for (const path of await of(from)) {
    const [made, meant] = await Promise.all([to, from].map((base) => lstat(join(base, path))));
    assertEquals(made.mode & 0o111, meant.mode & 0o111, path);
    assertEquals(Math.floor(made.mtimeMs), Math.floor(meant.mtimeMs), path);
    if (meant.isSymbolicLink()) {
      assertEquals(await readlink(join(to, path)), await readlink(join(from, path)));
    } else if (meant.isFile()) {
      assertEquals(await readFile(join(to, path)), await readFile(join(from, path)));
    }
  }
}

/** Rewrites the only record of a name with other files, and a sum that fits. */
async function forge(path: string, members: Record<string, unknown>): Promise<void> {
  const file = join(path, "names/a/versions,final,p8p9p9,9007199254740990.rec");
  const key = "names/a/versions/final/p8p9p9/9007199254740990.rec";
  const { record, inline } = decodeRecord(await readFile(file), key) as unknown as {
    record: { files: Record<string, unknown>[] };
    inline: Uint8Array;
  };
  Object.assign(record.files[0], members);
  await writeFile(file, encodeRecord(record as never, [inline]));
}

/** Replaced members of a file, and the error of the reader. */
const FORGERIES: [members: Record<string, unknown>, state: RegExp][] = [
  ...["../x", "/x", "a/../../x", "c:x", "a\\..\\x", "a//b", "."].map((path) =>
    [{ path }, /invalid path/] as [Record<string, unknown>, RegExp]
  ),
  [{ size: 4 }, /does not fit/],
  [{ sha256: "0".repeat(64) }, /do not have its digest/],
  [{ mode: "link" }, /do not have its digest/],
  [{ inline: [1, 5] }, /invalid `inline`/],
  [{ from: "../../b/p8p9p9" }, /"from"/],
];

testReader("Python refuses records with files that do not fit", async (reader, root) => {
  for (const [i, [members, state]] of FORGERIES.entries()) {
    const location = root.join(String(i));
    await using registry = await openRegistry(location);
    await registry.save("a", "hello");
    await forge(location, members);
    const [failure] = await reader.ask<Failure[]>({ ask: "load", refs: ["a"], location });
    assertEquals(failure.error, "Corrupt");
    assertMatch(failure.message, state);
    assertMatch(failure.message, /names\/a\/versions\/final|"a@1.0.0"/);
  }
});

testReader("Python refuses damaged bytes by name", async (reader, root) => {
  const location = root.join("registry");
  await using registry = await openRegistry(location, { cache: false });
  const files = { "sub/a.bin": noise(100_000), "b.bin": noise(300_000, 2) };
  await registry.save("plain", files, { as: fileSet });
  for (const compress of ["gzip", "zstd"] as const) {
    await registry.save(compress, "z".repeat(200_000), { compress, version: "1" });
  }
  await registry.save("small", "hello");
  const flip = async (folder: string, at: (size: number) => number) => {
    for (const entry of await readdir(join(location, folder))) {
      const file = join(location, folder, entry);
      if (!(await lstat(file)).isFile()) continue;
      const bytes = await readFile(file);
      bytes[at(bytes.length)]! ^= 1;
      await writeFile(file, bytes);
    }
  };
  await flip("objects/plain", (size) => size - 1);
  for (const name of ["small", "gzip", "zstd"]) await flip(`names/${name}`, (size) => size - 3);
  const { plain, ...names } = await reader.ask<
    Record<string, { contents: Record<string, Failure> }>
  >({ ask: "describe", location });
  assertEquals(plain.contents["1.0.0"].error, "Corrupt");
  assertMatch(plain.contents["1.0.0"].message, /^Cannot read ".*bin" of "plain@1.0.0": SHA-256/);
  for (const [name, { contents }] of Object.entries(names)) {
    assertEquals(contents["1.0.0"].error, "Corrupt", name);
    assertMatch(contents["1.0.0"].message, new RegExp(`of "${name}@1.0.0": (SHA|invalid|it has)`));
  }
  await Deno.truncate(join(location, "names/small/versions,final,p8p9p9,9007199254740990.rec"), 99);
  const [cut] = await reader.ask<Failure[]>({ ask: "load", refs: ["small"], location });
  assertMatch(cut.message, /^Cannot read "names\/small\/versions\/final\/p8p9p9\/\d+\.rec": it is/);
  const to = root.join("to");
  const failed = await reader.ask<Failure>({ ask: "download", ref: "plain", to, location });
  assertEquals(failed.error, "Corrupt");
  assertEquals((await readdir(root.path)).sort(), ["registry"], "nothing is left");
});

pythonTest("the Python command names what it cannot print or replace", async (root) => {
  const location = root.join("registry");
  await using registry = await openRegistry(location);
  await registry.save("名", 1);
  const here = root.join("here");
  await mkdir(here);
  const run = async (encoding: string, ...args: string[]) => {
    const env = { ...ENVIRONMENT, PYTHONIOENCODING: encoding };
    const program = ["-m", "holdfast", "-r", location, ...args];
    return await promisify(execFile)(python!, program, { cwd: here, env }).catch((e) => e);
  };
  assertEquals((await run("cp1252", "ls")).stdout, "\\u540d\n");
  assertEquals((await run("utf-8", "ls")).stdout, "名\n");
  const { stderr } = await run("utf-8", "download", "名", ".");
  assertMatch(stderr, /^error: Cannot download to "\.": it is the current folder\nhint: Choose/);
  assertEquals(await readdir(here), []);
});

testReader(
  "Python refuses links in a registry, and names files whose payload is missing or cut",
  async (reader, root) => {
    const location = root.join("registry");
    await using registry = await openRegistry(location, { cache: false });
    for (const [n, name] of ["a", "b", "c"].entries()) await registry.save(name, noise(1e5, n));
    await Deno.remove(join(location, "objects/b"), { recursive: true });
    const backend = createLocalBackend({ path: location });
    const [object] = await keysOf(backend, "objects/c/");
    await backend.put(object!, noise(40_000, 2));
    await Deno.rename(join(location, "objects/a"), root.join("moved"));
    await Deno.symlink(root.join("moved"), join(location, "objects/a"));
    const [a, b, c] = await reader.ask<Failure[]>({ ask: "load", refs: ["a", "b", "c"], location });
    assertEquals([a.error, b.error, c.error], ["Denied", "Corrupt", "Corrupt"]);
    assertMatch(b.message, /^Cannot read "[\w.]+" of "b@1\.0\.0": a stored object is missing/);
    assertMatch(c.message, /of "c@1\.0\.0": a stored object is cut off: 60000 of 100000 bytes are/);
    await Deno.symlink("nowhere", join(location, "names/d"));
    const listed = await reader.ask<Failure>({ ask: "describe", location });
    assertEquals(listed.error, "Denied");
  },
);

testReader("Python reports values that it cannot hold or read", async (reader, root) => {
  const location = root.join("registry");
  await using registry = await openRegistry(location, { cache: false });
  const sparse: unknown[] = [];
  sparse[2 ** 32 - 2] = 1;
  let deep: unknown = 1;
  for (let i = 0; i < 900; i++) deep = { a: deep };
  const odd = new TextEncoder().encode('{"$holdfast":"bare","value":[1]}');
  await registry.save("odd", { "data.json": odd }, { as: { ...fileSet, id: "json" } });
  for (const [name, value] of Object.entries({ sparse, deep, bigint: 10n ** 5_000n, odd })) {
    if (value !== odd) await registry.save(name, value);
    const [found] = await reader.ask<Failure[]>({ ask: "load", refs: [name], location });
    assertEquals(found.error, "Unsupported", name);
    assertMatch(found.message, /Python cannot hold its value.*\nhint: Read its bytes/);
  }
  const undamaged = { "a.json": "{bad", "b.txt": "caf\xe9", "c.npy": "x", "d.parquet": "PAR1" };
  for (const [path, text] of Object.entries(undamaged)) {
    const file = root.join(path);
    await writeFile(file, text, "latin1");
    await registry.save(path, localPath(file));
    const [found] = await reader.ask<Failure[]>({ ask: "load", refs: [path], location });
    assertEquals(found.error, "Corrupt", path);
    assertMatch(found.message, /^Cannot load "\w\.\w+": it is not [^]*\nhint: Read its bytes/);
  }
});

testReader("Python loads the stream format of Arrow", async (reader, root) => {
  const location = root.join("registry");
  const file = root.join("stream.arrow");
  const write = "import pyarrow, sys\ntable = pyarrow.table({'a': [1]})\n" +
    "with pyarrow.ipc.new_stream(sys.argv[1], table.schema) as to: to.write_table(table)";
  await promisify(execFile)(python!, ["-c", write, file]);
  await using registry = await openRegistry(location, { cache: false });
  await registry.save("stream", localPath(file));
  const [found] = await reader.ask<unknown[]>({ ask: "load", refs: ["stream"], location });
  assertEquals(found, { table: [{ a: 1 }] });
});

testReader("Python reports what is not a whole response of a service", async (reader) => {
  const cut = createServer((socket) => {
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"));
  });
  await new Promise<void>((resolve) => cut.listen(0, "127.0.0.1", resolve));
  const { port } = cut.address() as AddressInfo;
  const place = { ask: "describe", location: `http://127.0.0.1:${port}` };
  const found = await reader.ask<Failure>(place);
  assertEquals(found.error, "Unavailable");
  assertMatch(found.message, /: the connection was closed before the end/);
  const bad = { ...place, token: "se\ncret" };
  const refused = await reader.ask<Failure>(bad);
  assertEquals(refused.error, "Invalid");
  assert(!refused.message.includes("cret"), "the token stays secret");
  cut.close();
  for (const body of ["<html>", "[1]", "null", '{"hello":1}']) {
    await using other = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      () => new Response(body),
    );
    const location = `http://127.0.0.1:${other.addr.port}`;
    const { error, message } = await reader.ask<Failure>({ ask: "describe", location });
    assertEquals(error, "Unsupported", body);
    assertMatch(message, /: the response is not one of `holdfast serve`/);
  }
});

testReader("Python waits when a service limits its requests", async (reader) => {
  let refusals = 0;
  const answer = () => {
    if (refusals++ < 2) return new Response("", { status: 429, headers: { "retry-after": "0" } });
    return Response.json({ items: [] });
  };
  await using busy = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, answer);
  const location = `http://127.0.0.1:${busy.addr.port}`;
  assertEquals(await reader.ask({ ask: "describe", location }), {});
  const later = () => new Response("", { status: 429, headers: { "retry-after": "9999" } });
  await using closed = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, later);
  const never = { ask: "describe", location: `http://127.0.0.1:${closed.addr.port}` };
  assertEquals(withoutMessages(await reader.ask(never)), { error: "Unavailable" });
});

testReader("Python sends its token to the service, and to no other", async (reader) => {
  const seen: (string | null)[] = [];
  const listen = (answer: (request: Request) => Response) =>
    Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
      seen.push(request.headers.get("authorization"));
      return answer(request);
    });
  await using other = listen(() => Response.json({ items: [] }));
  const at = (port: number) => `http://127.0.0.1:${port}`;
  const service = listen((request) =>
    Response.redirect(`${at(other.addr.port)}${new URL(request.url).pathname}`)
  );
  const place = { location: at(service.addr.port), token: "secret\n" }; // as read from a file
  assertEquals(await reader.ask({ ask: "describe", ...place }), {});
  assertEquals(seen, ["Bearer secret", null]);
  await service.shutdown();
  const failed = await reader.ask<Failure>({ ask: "describe", ...place });
  assertEquals(failed.error, "Unavailable");
  assert(!failed.message.includes("secret"));
});

pythonTest("Python reports the missing package", async (root) => {
  const location = root.join("registry");
  await using registry = await openRegistry(location);
  await registry.save("zstd", "z".repeat(3_000), { compress: "zstd" });
  await registry.save("array", Float32Array.of(1));
  await registry.save("gzip", "z".repeat(3_000), { compress: "gzip" });
  const load = async (name: string, hidden: string[], before = "") => {
    const program = [
      "import sys",
      before,
      `for module in ${JSON.stringify(hidden)}: sys.modules[module] = None`,
      "import holdfast",
      "try:",
      `    print(len(holdfast.open_registry(sys.argv[1]).load(${JSON.stringify(name)})))`,
      "except holdfast.HoldfastError as error:",
      "    print(error.code, error)",
    ].join("\n");
    const options = { env: ENVIRONMENT };
    return (await promisify(execFile)(python!, ["-c", program, location], options)).stdout;
  };
  const all = ["boto3", "compression", "numpy", "pyarrow", "zstandard"];
  assertMatch(await load("zstd", all), /^Unsupported Cannot decompress zstd: [^]*zstandard/);
  assertMatch(await load("array", all), /^Unsupported Cannot load "Float32Array.npy": NumPy/);
  assertEquals(await load("gzip", all), "3000\n", "gzip needs nothing");
  assertEquals(await load("zstd", ["numpy", "boto3"]), "3000\n");
  // The module of Python 3.14, from the package that has it for older ones.
  const newer = 'from backports import zstd; sys.modules["compression.zstd"] = zstd; ' +
    'sys.modules["compression"] = type(sys)("compression"); sys.modules["compression"].zstd = zstd';
  assertEquals(await load("zstd", ["zstandard"], newer), "3000\n");
});

pythonTest("the Python command line lists, prints and downloads", async (root) => {
  const location = root.join("registry");
  await using registry = await openRegistry(location);
  await registry.save("my:config", { depth: 12 }, { metadata: { by: "me" } });
  await registry.save("my:config", { depth: 24 });
  await registry.setAlias("my:config", "production", "1");
  const run = async (...args: string[]) => {
    const program = ["-m", "holdfast", "-r", location, ...args];
    const child = promisify(execFile)(python!, program, { env: ENVIRONMENT });
    const { stdout, stderr, code = 0 } = await child.catch((error) => error);
    return { stdout, stderr, code };
  };
  assertEquals((await run("ls")).stdout, "my:config\n");
  assertEquals((await run("versions", "my:config", "^1")).stdout, "1.0.0\n");
  assertEquals((await run("aliases", "my:config")).stdout, "production\t1.0.0\n");
  assertEquals((await run("load", "my:config@production")).stdout, '{"depth":12}');
  assertStringIncludes((await run("info", "my:config@1")).stdout, '{"by": "me"}');
  assertEquals((await run("download", "my:config", root.join("to"))).code, 0);
  assertEquals(await readFile(root.join("to/data.json"), "utf8"), '{"depth":24}');
  const { code, stderr } = await run("load", "my:config@7");
  assertEquals(code, 1);
  assertMatch(stderr, /^error: Cannot find "my:config@7": there is no version 7\.0\.0\nhint: /);
});

pythonTest(
  "the Python command refuses to print a folder, and ends with its reader",
  async (root) => {
    const location = root.join("registry");
    await using registry = await openRegistry(location);
    await registry.save("two", { "a.txt": Uint8Array.of(97), "b.txt": Uint8Array.of(98) }, {
      as: fileSet,
    });
    await registry.save("big", noise(3_000_000));
    const run = (script: string) =>
      promisify(execFile)("bash", ["-c", script, "bash", python!, location], {
        env: ENVIRONMENT,
      });
    const folder = await run('"$1" -m holdfast -r "$2" load two; echo "exit $?"');
    assertEquals(folder.stdout, "exit 1\n");
    assertEquals(
      folder.stderr,
      'error: Cannot print "two@1.0.0": it has 2 files\n' +
        "hint: Run `download two@1.0.0 FOLDER`, or add the path of one file.\n",
    );
    const one = await run('"$1" -m holdfast -r "$2" load two b.txt');
    assertEquals(one.stdout, "b");
    const cut = await run('"$1" -m holdfast -r "$2" load big | head -c 1 | wc -c');
    assertEquals([cut.stdout.trim(), cut.stderr], ["1", ""]);
  },
);
