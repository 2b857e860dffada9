// Everything that a store can hold, read by Python: in a folder, in a bucket and through a service.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createGcsBackend } from "../../backends/gcs.ts";
import { createS3Backend } from "../../backends/s3.ts";
import type { Backend } from "../../core/backend.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import { inRange, parseVersion, parseVersionRange } from "../../core/naming/versions.ts";
import type { Registry } from "../../core/registry.ts";
import { realSystem } from "../../core/system.ts";
import { createLocalBackend, createMemoryBackend, openRegistry } from "../../mod.ts";
import { KEPT } from "../registry/kept/values.ts";
import { makeVoid } from "../registry/late_records.ts";
import { listKeys, withSmallPages } from "../simulate/small_pages.ts";
import { createProtocolWorld, filler } from "../registry/protocol_world.ts";
import { keysOf, noise } from "../registry/registries.ts";
import { serverTest } from "../support/servers/mod.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";
import {
  describe,
  ENVIRONMENT,
  orCode,
  type Place,
  python,
  type PythonReader,
  served,
  startReader,
  why,
  withoutMessages,
} from "./reader.ts";
import { fill, MANY_VERSIONS } from "./stored.ts";

const REFS = [
  ...["many", "many@latest", "many@1", "many@1.2", "many@^1", "many@~1.2", "many@1.x", "many@*"],
  ...["many@>=1.0.0-alpha <1.0.0", "many@>=2.0.0-0 <3 || 0.0.1", "many@<0.0.1", "many@1.0.0-rc.1"],
  ...[
    "many@moving-123",
    "many@été_🦊",
    "many@removed",
    "many@nothing",
    "many@10",
    "many@1.0.0-rc.11",
  ],
  ...["gone", "gone@1", "none", "none@x", "many@", "many@1.2.3.4", "many@01", "many@v1", "many@ 1"],
  ...[
    "many@>=",
    "many@9007199254740992",
    "",
    "@1",
    "a@b@c",
    " a",
    "many@3.1.0-rc.1+other",
    "many@x",
  ],
];

async function sameAsPython(reader: PythonReader, place: Place, registry: Registry): Promise<void> {
  const expected = await describe(registry);
  assertEquals(withoutMessages(await reader.ask({ ask: "describe", ...place })), expected);
  const refs = REFS.map((ref) =>
    orCode(async () => {
      const { name, version } = await registry.info(ref);
      return `${name}@${version}`;
    })
  );
  assertEquals(
    withoutMessages(await reader.ask({ ask: "resolve", refs: REFS, ...place })),
    await Promise.all(refs),
  );
}

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

testReader("Python follows every test vector of FORMAT.md", async (reader) => {
  const path = join(REPOSITORY, "tests/fixtures/format_vectors.json");
  assertEquals(await reader.ask({ ask: "vectors", path }), []);
});

testReader("Python reads versions of every layout", async (reader, root) => {
  const path = root.join("registry");
  await using registry = await openRegistry(path, { cache: false });
  await fill(registry);
  await sameAsPython(reader, { location: path }, registry);
  await using service = served(registry);
  await sameAsPython(reader, { location: service.location, token: service.token }, registry);
  const refused = { ask: "describe", location: service.location, token: "another" };
  assertEquals(withoutMessages(await reader.ask(refused)), { error: "Denied" });
});

testReader("Python reads lists of files in pages, and no damaged one", async (reader, root) => {
  const path = root.join("registry");
  const backend = createLocalBackend({ path, durability: "os" });
  await using registry = withSmallPages(await openRegistry(backend));
  await fill(registry);
  await sameAsPython(reader, { location: path }, registry);
  const described = async () =>
    JSON.stringify(await reader.ask({ ask: "describe", location: path }));
  const right = await described();
  const keys = await listKeys(registry, "packed-plain");
  const [other] = await listKeys(registry, "packed-gzip");
  const foreign = await (await backend.get(other!))!.bytes();
  for (const [key, wrong] of [[keys[0]!, foreign], [keys.at(-1)!, undefined]] as const) {
    const bytes = await (await backend.get(key))!.bytes();
    await backend.put(key, wrong ?? bytes.subarray(1));
    assertMatch(await described(), /"Corrupt"/);
    await backend.put(key, bytes);
  }
  assertEquals(await described(), right);
});

testReader("Python reads the stored fixture", async (reader, root) => {
  await cp(KEPT, root.path, { recursive: true });
  await using registry = await openRegistry(createLocalBackend({ path: root.path }));
  await sameAsPython(reader, { location: root.path }, registry);
});

for (const versioned of [true, false]) {
  const kind = versioned ? "versions" : "names without versions";
  testReader(`Python reads ${kind} that were overwritten and deleted`, async (reader, root) => {
    const path = root.join("registry");
    const options = { versioned, mutable: true, cache: false } as const;
    await using registry = await openRegistry(path, options);
    const version = versioned ? "1.0.0" : undefined;
    for (const name of ["a", "b", "c"]) {
      for (let i = 0; i < 13; i++) {
        await registry.save(name, { i }, { version, onConflict: "overwrite" });
      }
    }
    await registry.delete("b", { allVersions: true });
    await registry.delete("c", { allVersions: true });
    await registry.save("c", "again", { version, onConflict: "overwrite" });
    await sameAsPython(reader, { location: path }, registry);
    for (const ref of ["a@1.0.0", "a@2.0.0", "a@^1", "a@latest", "b", "c@x"]) {
      const [found] = await reader.ask<unknown[]>({ ask: "resolve", refs: [ref], location: path });
      const expected = await orCode(async () => `a@${(await registry.info(ref)).version}`);
      assertEquals(withoutMessages(found), expected, ref);
    }
  });
}

serverTest(`Python reads a bucket${why}`, "minio", async (server) => {
  if (python === undefined) return;
  const { endpoint, bucket, accessKey, secretKey, region } = server;
  const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
  const prefix = `python/${realSystem.id()}`;
  const backend = createS3Backend({
    provider: "minio",
    endpoint,
    region,
    bucket,
    prefix,
    credentials,
  });
  await using registry = await openRegistry(backend, { cache: false });
  await fill(registry);
  await using reader = startReader();
  const s3 = {
    endpoint_url: endpoint,
    region_name: region,
    aws_access_key_id: accessKey,
    aws_secret_access_key: secretKey,
  };
  await sameAsPython(reader, { location: `s3://${bucket}/${prefix}`, s3 }, registry);
  const at = (location: string, aws_secret_access_key = secretKey) =>
    reader.ask({ ask: "describe", location, s3: { ...s3, aws_secret_access_key } });
  assertEquals(withoutMessages(await at(`s3://${bucket}/nothing`)), { error: "NotFound" });
  assertEquals(withoutMessages(await at(`s3://no-such-bucket/${prefix}`)), { error: "NotFound" });
  assertEquals(withoutMessages(await at(`s3://${bucket}/${prefix}`, "wrong")), { error: "Denied" });

  // A plain copy of a bucket in a folder, as `aws s3 sync` makes it.
  await using root = await tempRoot();
  for (const key of await keysOf(backend)) {
    await mkdir(dirname(root.join(key)), { recursive: true });
    await writeFile(root.join(key), await (await backend.get(key))!.bytes());
  }
  await sameAsPython(reader, { location: root.path }, registry);
});

/** Writes the objects of a store to a file, for the client of `answer.py`. */
async function writeObjects(store: Backend, path: string): Promise<void> {
  const objects = [];
  for (const entry of await Array.fromAsync(store.list(""))) {
    if (!("key" in entry)) continue;
    const { bytes } = (await store.get(entry.key))!;
    objects.push({
      key: entry.key,
      time: entry.modifiedAt,
      bytes: Buffer.from(await bytes()).toString("base64"),
    });
  }
  await writeFile(path, JSON.stringify(objects));
}

serverTest(`Python reads a bucket of Google${why}`, "fake-gcs", async ({ endpoint, bucket }) => {
  if (python === undefined) return;
  const prefix = `python/${realSystem.id()}`;
  const credentials = () => "not looked at";
  const backend = createGcsBackend({ bucket, endpoint, prefix, credentials });
  await using registry = await openRegistry(backend, { cache: false });
  await fill(registry);
  await using reader = startReader();
  const asked = `?endpoint=${encodeURIComponent(endpoint)}`;
  await sameAsPython(reader, { location: `gs://${bucket}/${prefix}${asked}` }, registry);
  for (const place of [`${bucket}/nothing`, `no-such-bucket/${prefix}`]) {
    const found = await reader.ask({ ask: "describe", location: `gs://${place}${asked}` });
    assertEquals(withoutMessages(found), { error: "NotFound" });
  }
});

testReader("Python skips expired records", async (reader, root) => {
  const world = await createProtocolWorld({ mutable: true });
  await world.registry.save("a", filler("first"), { version: "1.0.0" });
  await makeVoid(world);
  await world.registry.save("b", "first", { version: "1.0.0" });
  await makeVoid(world, { version: "2.0.0" });
  const path = root.join("objects.json");
  await writeObjects(world.store, path);
  const { registry } = await world.open();
  const refs = ["a", "a@1", "a@^1", "a@2", "a@>=1"];
  const expected = refs.map((ref) => orCode(async () => `${(await registry.info(ref)).commit}`));
  const found = await reader.ask({ ask: "commits", location: "s3://fake", objects: path, refs });
  assertEquals(withoutMessages(found), await Promise.all(expected));
});

testReader("Python reads a file in many runs by few requests", async (reader, root) => {
  const store = createMemoryBackend();
  await using registry = await openRegistry(store, { cache: false });
  const bytes = noise(9_000_000);
  await registry.save("a", bytes);
  for (let i = 1; i <= 20; i++) bytes.set(noise(1_000, i + 1), i * 420_000);
  await registry.save("a", bytes);
  const path = root.join("objects.json");
  await writeObjects(store, path);
  const ranges = [[0, null], [0, 9_000_000], [415_000, 900_000], [840_000, 500]] as const;
  const found = await reader.ask<{ sha256: string; gets: number[] }[]>({
    ask: "reads",
    objects: path,
    ref: "a",
    ranges,
  });
  for (const [i, [offset, size]] of ranges.entries()) {
    const part = bytes.subarray(offset, offset + (size ?? bytes.byteLength));
    assertEquals(found[i]!.sha256, sha256(part));
    const { gets } = found[i]!;
    const most = i === 1 ? 4 : 3; // with the list of chunks, which is kept
    assert(gets.length <= most && Math.max(...gets) <= 8 * 2 ** 20, `${gets}`);
    assert(gets.reduce((sum, get) => sum + get) < part.byteLength + 1_500_000, `${gets}`);
  }
});

testReader("Python checks ranges of large files by their lists of chunks", async (reader, root) => {
  const store: Backend = { ...createMemoryBackend(), kind: "far" };
  await using registry = await openRegistry(store, { cache: false });
  const bytes = noise(9_000_000);
  await registry.save("a", bytes);
  const [key, listKey] = await keysOf(store, "objects/");
  const path = root.join("objects.json");
  const ask = async () => {
    await writeObjects(store, path);
    const ranges = [[4_000_000, 10], [0, 8_999_999], [8_999_000, 5_000]];
    return await reader.ask<unknown>({ ask: "reads", objects: path, ref: "a", ranges });
  };
  const found = await ask() as { sha256: string; gets: number[] }[];
  assertEquals(found.map(({ sha256 }) => sha256), [
    sha256(bytes.subarray(4_000_000, 4_000_010)),
    sha256(bytes.subarray(0, 8_999_999)),
    sha256(bytes.subarray(8_999_000)),
  ]);
  assertEquals(found.map(({ gets }) => gets.length), [2, 1, 1], "the list is read once");
  assert(found[0]!.gets.every((size) => size <= 64 * 1024), `${found[0]!.gets}`);
  const list = await (await store.get(listKey!))!.bytes();
  await store.put(key!, bytes.with(4_000_003, bytes[4_000_003]! ^ 1));
  assertEquals(withoutMessages(await ask()), { error: "Corrupt" });
  await store.put(key!, bytes);
  for (const harmed of [list.with(9, list[9]! ^ 1), undefined]) {
    if (harmed === undefined) await store.delete(listKey!);
    else await store.put(listKey!, harmed);
    assertEquals(withoutMessages(await ask()), { error: "Corrupt" });
  }
});

testReader("Python refuses listings that end early or never", async (reader, root) => {
  const world = await createProtocolWorld();
  for (let i = 0; i < 12; i++) await world.registry.save("a", i);
  const path = root.join("objects.json");
  await writeObjects(world.store, path);
  const ask = (replies: Record<string, unknown>) =>
    reader.ask({ ask: "describe", location: "s3://fake", objects: path, replies });
  assertEquals(await ask({}), await describe(world.registry));
  for (
    const replies of [
      { page: { IsTruncated: true, NextContinuationToken: null } },
      { page: { IsTruncated: null } },
      { page: { IsTruncated: true, NextContinuationToken: "", Contents: [] } },
      { page: { IsTruncated: true, NextContinuationToken: "same", Contents: [] } },
      { item: { LastModified: null } },
    ]
  ) {
    const answer = withoutMessages(await ask(replies));
    assertEquals(answer, { error: "Unsupported" }, JSON.stringify(replies));
  }
});

testReader("Python refuses a service whose list has no end", async (reader) => {
  const page = { items: [], next: "same" };
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => Response.json(page),
  );
  const location = `http://127.0.0.1:${server.addr.port}`;
  const answer = withoutMessages(await reader.ask({ ask: "describe", location }));
  assertEquals(answer, { error: "Unsupported" });
});

testReader("Python reads ranges as the product does", async (reader) => {
  let seed = 7;
  const pick = <T>(values: readonly T[]): T => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return values[Math.floor(seed / 2 ** 32 * values.length)];
  };
  const number = () => pick(["0", "1", "2", "10", "x", "*", "X"]);
  const exact = () => `${pick([0, 1, 2])}.${pick([0, 1, 2])}.${pick([0, 1, 2])}`;
  const partial = () =>
    pick([
      number,
      exact,
      () => `${number()}.${number()}`,
      () => `${number()}.${number()}.${number()}`,
      () => `${exact()}-${pick(["rc.1", "alpha", "0", "beta.2"])}`,
    ])();
  const word = () => pick(["", "^", "~", ">", ">=", "<", "<=", "="]) + pick(["", " "]) + partial();
  const range = () =>
    pick([
      word,
      () => `${word()} ${word()}`,
      () => `${word()} || ${word()}`,
      () => `${partial()} - ${partial()}`,
    ])();
  // `<=*` has no meaning: the package that reads ranges refuses most of its spellings.
  const texts = Array.from({ length: 2_000 }, range).filter((text) => !/<= ?[xX*]/.test(text));
  texts.push("^^1", ">", "a", "1.2.3.4", "1 2 x.y", "^1.2-rc", "01", ">1 - 2");
  const versions = [...MANY_VERSIONS, "1.2.0-rc.1", "2.0.0-rc.2", "0.1.0", "0.2.1", "2.1.1"];
  const expected = texts.map((text) => {
    try {
      const parsed = parseVersionRange(text);
      return versions.filter((version) => inRange(parseVersion(version), parsed));
    } catch {
      return null;
    }
  });
  const found = await reader.ask<unknown[]>({ ask: "ranges", texts, versions });
  texts.forEach((text, i) => assertEquals(found[i], expected[i], text));
  assert(expected.some((found) => found === null) && expected.some((found) => found?.length));
});

testReader("Python opens nothing that is not a registry", async (reader, root) => {
  for (const location of [root.path, root.join("none"), "ftp://host/folder"]) {
    const found = await reader.ask({ ask: "describe", location });
    const error = location.startsWith("ftp:") ? "Unsupported" : "NotFound";
    assertEquals(withoutMessages(found), { error });
  }
});

Deno.test({
  name: `the Python command line reports a full disk and a wrong path without a traceback${why}`,
  ignore: python === undefined || Deno.build.os !== "linux",
  async fn() {
    await using root = await tempRoot();
    await using registry = await openRegistry(root.join("registry"), { cache: false });
    await registry.save("a", "x".repeat(2 ** 20));
    const run = async (arguments_: string) => {
      const reader = `"${python}" -m holdfast -r registry`;
      const { stderr } = await new Deno.Command("sh", {
        args: ["-c", `${reader} ${arguments_}`],
        cwd: root.path,
        env: ENVIRONMENT,
      }).output();
      return new TextDecoder().decode(stderr);
    };
    assertEquals(await run("load a > /dev/full"), "error: Cannot load: No space left on device\n");
    assertMatch(
      await run("download a registry/.reserve/below"),
      /^error: Cannot download "a@1.0.0": (File exists|Not a directory) \("registry\/.*\nhint: .*\n$/,
    );
    assertEquals(await run("load a | head -c 1 > /dev/null"), "");
  },
});
