// The ways on which signatures leave a registry as `model.sig`, beside the files of a version.
import { assertEquals, assertMatch } from "@std/assert";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { createHandler } from "../../../apps/server.ts";
import { hub } from "../../../extensions/gateways/hub/hub.ts";
import { createS3Gateway } from "../../../extensions/gateways/s3/s3_gateway.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { defineRegistry, openRegistry, type Registry } from "../../../mod.ts";
import { annotate } from "../../../registry/mod.ts";
import { bundleFilesOf } from "../../../extensions/signatures/files/beside.ts";
import {
  signatureBundle,
  signatureFiles,
  signVersion,
} from "../../../extensions/signatures/signatures.ts";
import { cliTest, filesIn } from "../../apps/captured_io.ts";
import { saveFiles } from "../gateways/s3/open_s3.ts";
import { ecKeys } from "./signed.ts";

const NAME = "models/digits";
const KEYS = ecKeys();

interface Door {
  /** Returns the paths that it lists. */
  list(): Promise<string[]>;
  read(path: string): Promise<Response>;
}

/** Calls a function with each gateway that shows files of a version. */
async function throughDoors(
  registry: Registry,
  check: (door: Door, name: string) => Promise<void>,
): Promise<void> {
  const gateways = [hub, createS3Gateway(), signatureFiles];
  await using handler = createHandler(registry, { gateways });
  const ask = (path: string, method = "GET") =>
    handler(new Request(`http://localhost${path}`, { method }));
  const paths = async (path: string, member: string) => {
    const items: Record<string, string>[] = await (await ask(path)).json();
    return items.flatMap((item) => item[member] ?? []);
  };
  const doors: Record<string, Door> = {
    "the Hub's tree": {
      list: () => paths(`/api/models/${NAME}/tree/main`, "path"),
      read: (path) => ask(`/${NAME}/resolve/main/${path}`),
    },
    "the Hub's repository": {
      async list() {
        const { siblings } = await (await ask(`/api/models/${NAME}`)).json();
        return siblings.map(({ rfilename }: { rfilename: string }) => rfilename);
      },
      read: (path) => ask(`/${NAME}/raw/main/${path}`),
    },
    S3: {
      async list() {
        const text = await (await ask(`/holdfast?list-type=2&prefix=${NAME}/@latest/`)).text();
        return [...text.matchAll(/<Key>.*?@latest\/(.*?)<\/Key>/g)].map(([, key = ""]) => key);
      },
      read: (path) => ask(`/holdfast/${NAME}/@latest/${path}`),
    },
  };
  for (const [name, door] of Object.entries(doors)) await check(door, name);
}

const sorted = (list: readonly string[]) => [...list].sort();

Deno.test("gateways list and send the signature of a version as model.sig", async () => {
  await using registry = await openRegistry("memory:");
  await saveFiles(registry, NAME, ["a.bin", "z/b.bin"]);
  await throughDoors(registry, async ({ list, read }, door) => {
    assertEquals([door, (await list()).includes("model.sig")], [door, false]);
    const { status, body } = await read("model.sig");
    await body?.cancel();
    assertEquals([door, status], [door, 404]);
  });
  const { id } = await signVersion(registry, NAME, { key: KEYS.privateKey });
  const bundle = await signatureBundle(registry, NAME, { key: id });
  await throughDoors(registry, async ({ list, read }, door) => {
    const listed = await list();
    if (!door.endsWith("repository")) assertEquals([door, listed], [door, sorted(listed)]);
    assertEquals([door, listed.includes("model.sig")], [door, true]);
    const answer = await read("model.sig");
    assertEquals([door, answer.status, await answer.text()], [door, 200, `${bundle}\n`]);
    assertMatch(answer.headers.get("cache-control") ?? "", /no-cache/); // another may sign
    assertEquals([door, await (await read("a.bin")).text()], [door, "in a.bin"]);
  });
});

Deno.test("gateways show several signatures by key, and none that is wrong", async () => {
  await using registry = await openRegistry("memory:");
  await saveFiles(registry, NAME, ["a.bin"]);
  const { id } = await signVersion(registry, NAME, { key: KEYS.privateKey });
  const { id: other } = await signVersion(registry, NAME, { key: ecKeys().privateKey });
  await annotate(registry, `${NAME}@1`, { labels: { signatures: { damaged: 1 } } });
  const names = sorted([`model.${id}.sig`, `model.${other}.sig`]);
  await throughDoors(registry, async ({ list }, door) => {
    assertEquals([door, sorted(await list())], [door, ["a.bin", ...names]]);
  });
});

Deno.test("a file of the version is never replaced by its signature", async () => {
  await using registry = await openRegistry("memory:");
  await saveFiles(registry, NAME, { "a.bin": "a", "model.sig": "own" });
  const { id } = await signVersion(registry, NAME, { key: KEYS.privateKey });
  await throughDoors(registry, async ({ list, read }, door) => {
    const listed = sorted(await list());
    assertEquals([door, listed], [door, sorted(["a.bin", `model.${id}.sig`, "model.sig"])]);
    assertEquals([door, await (await read("model.sig")).text()], [door, "own"]);
  });
  await saveFiles(registry, NAME, { "model.sig": "own", [`model.${id}.sig`]: "too" });
  await signVersion(registry, NAME, { key: KEYS.privateKey });
  await throughDoors(registry, async ({ list, read }, door) => {
    const listed = sorted(await list());
    assertEquals([door, listed], [door, sorted(["model.sig", `model.${id}.sig`])]);
    assertEquals([door, await (await read(`model.${id}.sig`)).text()], [door, "too"]);
  });
});

Deno.test("a folder of the version with the name of its signature stays", async () => {
  await using registry = await openRegistry("memory:");
  await saveFiles(registry, NAME, { "model.sig/a.bin": "a" });
  const { id } = await signVersion(registry, NAME, { key: KEYS.privateKey });
  const info = await registry.info(NAME, { annotations: true });
  const paths = (await bundleFilesOf(registry, info)).map(({ path }) => path);
  assertEquals(paths, [`model.${id}.sig`]);
});

Deno.test("a version that was deleted since it was opened has no signature, and no error", async () => {
  await using registry = await openRegistry("memory:");
  await saveFiles(registry, NAME, ["a.bin"]);
  await signVersion(registry, NAME, { key: KEYS.privateKey });
  const info = await registry.info(NAME);
  await registry.delete(`${NAME}@1`);
  assertEquals(await bundleFilesOf(registry, info), []);
});

Deno.test("of a version with many files, gateways make no signature", async () => {
  await using registry = await openRegistry("memory:");
  await saveFiles(registry, NAME, ["a.bin"]);
  await signVersion(registry, NAME, { key: KEYS.privateKey });
  const info = await registry.info(NAME, { annotations: true });
  const addedTo = async (count: number) => {
    const files = Array.from({ length: count }, () => info.files[0]!);
    const many = defineRegistry({
      ...registry,
      info: () => Promise.resolve({ ...info, files }),
    });
    return await bundleFilesOf(many, info);
  };
  assertEquals((await addedTo(1)).length, 1);
  assertEquals(await addedTo(20_001), []);
  assertEquals(await bundleFilesOf(registry, { ...info, commit: "another" }), []);
});

Deno.test("a mirror has the signatures, and shows them", async () => {
  await using registry = await openRegistry("memory:");
  await saveFiles(registry, NAME, ["a.bin"]);
  const { id } = await signVersion(registry, NAME, { key: KEYS.privateKey });
  await using target = await openRegistry("memory:");
  await mirrorRegistry(registry, target);
  const bundle = await signatureBundle(target, NAME, { key: id });
  assertEquals(bundle, await signatureBundle(registry, NAME, { key: id }));
  await throughDoors(target, async ({ read }, door) => {
    assertEquals([door, await (await read("model.sig")).text()], [door, `${bundle}\n`]);
  });
});

cliTest("download --signatures writes model.sig beside the files", async (it) => {
  await writeFile(join(it.cwd, "key.pem"), KEYS.privateKey);
  await writeFile(join(it.cwd, "other.pem"), ecKeys().privateKey);
  await writeFile(join(it.cwd, "one.bin"), "one");
  await it.succeeds("init");
  await it.succeeds("save models:one one.bin");
  const unsigned = await it.holdfast("download models:one got --signatures");
  assertEquals(unsigned.code, 0);
  assertMatch(unsigned.err, /models:one@1\.0\.0 has no signatures/);
  await it.succeeds("sign models:one --key key.pem");
  await it.succeeds("download models:one got --signatures");
  const bundle = await it.succeeds("signatures models:one --bundle=");
  assertEquals(await readFile(join(it.cwd, "got.sig"), "utf8"), bundle);
});

cliTest("download --signatures keeps, replaces and refuses files like download", async (it) => {
  await writeFile(join(it.cwd, "key.pem"), KEYS.privateKey);
  await it.succeeds("init");
  await Deno.mkdir(join(it.cwd, "model"));
  await writeFile(join(it.cwd, "model/a.bin"), "a");
  await it.succeeds("save models:digits model");
  await it.succeeds("sign models:digits --key key.pem");
  const done = JSON.parse(await it.succeeds("download models:digits got --signatures --json"));
  assertEquals(done.signatures, ["model.sig"]);
  assertEquals(await filesIn(join(it.cwd, "got")), ["a.bin", "model.sig"]);
  await it.succeeds("download models:digits got --signatures");
  const bundle = await readFile(join(it.cwd, "got/model.sig"), "utf8");
  await it.succeeds("download models:digits dry --signatures --dry-run");
  await writeFile(join(it.cwd, "got/model.sig"), "other");
  const refused = await it.holdfast("download models:digits got --signatures");
  assertEquals(refused.code, 4);
  assertMatch(refused.err, /Cannot write the signature .*model\.sig.*: another file exists/);
  assertEquals(await readFile(join(it.cwd, "got/model.sig"), "utf8"), "other");
  await it.succeeds("download models:digits got --signatures --overwrite --delete");
  assertEquals(await readFile(join(it.cwd, "got/model.sig"), "utf8"), bundle);
  assertEquals(await filesIn(join(it.cwd, "got")), ["a.bin", "model.sig"]);
});

cliTest("an exported site has model.sig beside the files", async (it) => {
  await writeFile(join(it.cwd, "key.pem"), KEYS.privateKey);
  await it.succeeds("init");
  await it.succeeds("save models:digits key.pem");
  await it.succeeds("sign models:digits --key key.pem");
  await it.succeeds("export site models:digits --to site");
  const files = await readdir(join(it.cwd, "site"), { recursive: true });
  const [added = "none"] = files.filter((path) => path.endsWith("/files/model.sig"));
  const bundle = await readFile(join(it.cwd, "site", added), "utf8");
  assertEquals(
    bundle,
    await it.succeeds("signatures models:digits --bundle="),
  );
});

cliTest("download --signatures works with --require-signature", async (it) => {
  await writeFile(join(it.cwd, "key.pem"), KEYS.privateKey);
  await writeFile(join(it.cwd, "key.pub"), KEYS.publicKey);
  await it.succeeds("init");
  await it.succeeds("save models:digits key.pub");
  const line = "download models:digits got --signatures --require-signature key.pub --json";
  assertEquals((await it.holdfast(line)).code !== 0, true);
  assertEquals((await filesIn(it.cwd)).filter((name) => name.startsWith("got")), []);
  await it.succeeds("sign models:digits --key key.pem");
  assertEquals((await it.json(line)).signatures, ["got.sig"]);
});
