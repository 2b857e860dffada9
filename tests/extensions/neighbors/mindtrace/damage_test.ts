import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { tmpdir } from "node:os";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { isRegistryError, localPath, openRegistry, RegistryError } from "../../../../mod.ts";
import {
  importMindtrace,
  openMindtrace,
} from "../../../../extensions/neighbors/mindtrace/mindtrace.ts";
import { contentBytes } from "../../../../formats/content/content.ts";
import { tgz } from "../../../../formats/archive.ts";
import { type TempRoot, testInRoot } from "../../../support/temp_root.ts";
import { PATH, writeSettings, writeVersion } from "./write_version.ts";

const json = (value: unknown) => ({ "data.json": JSON.stringify(value) });

async function failuresOf(root: TempRoot): Promise<Record<string, string>> {
  await using registry = await openRegistry("memory:");
  const { failures, imported } = await importMindtrace(root.path, registry);
  assertEquals(imported, 1, "the good version is imported");
  assertEquals(await registry.load("good"), { a: 1 });
  for (const { error } of failures) assert(error.hint !== undefined);
  return Object.fromEntries(
    failures.map((
      { name, version, error },
    ) => [`${name}@${version}`, `${error.code}: ${error.message}`]),
  );
}

testInRoot("a folder above a registry is refused with the path of the registry", async (root) => {
  await mkdir(root.join("old/other"), { recursive: true });
  await writeSettings(root.join("old/registry"));
  const error = await assertRejects(() => openMindtrace(root.join("old")), RegistryError);
  assertStringIncludes(error.hint!, "add /registry to the path");
});

testInRoot("a damaged version is reported by name, and the others are imported", async (root) => {
  await writeSettings(root.path);
  await writeVersion(root.path, { name: "good", files: json({ a: 1 }) });
  await writeVersion(root.path, { name: "changed", files: json({}), hash: "0".repeat(64) });
  await writeVersion(root.path, { name: "lost", files: json({}) });
  await rm(root.join("lost/1.0.0/data.json"));
  await writeFile(await writeVersion(root.path, { name: "empty", files: json({}) }), "");
  await writeFile(await writeVersion(root.path, { name: "broken", files: json({}) }), "a: [1");
  await writeVersion(root.path, { name: "hash", files: json({}), hash: "short" });
  assertEquals(await failuresOf(root), {
    "broken@1.0.0":
      'Corrupt: Cannot read mindtrace version "broken@1.0.0": its description cannot be read: ' +
      "Flow sequence in block collection must be sufficiently indented and end with a ]",
    "changed@1.0.0":
      'Corrupt: Cannot read mindtrace version "changed@1.0.0": its files differ from the recorded hash',
    "empty@1.0.0": 'Corrupt: Cannot read mindtrace version "empty@1.0.0": its description is empty',
    "hash@1.0.0":
      'Corrupt: Cannot read mindtrace version "hash@1.0.0": its description has an invalid hash',
    "lost@1.0.0":
      'Corrupt: Cannot read mindtrace version "lost@1.0.0": its file "data.json" is missing',
  });
});

testInRoot(
  "names and versions that Holdfast cannot have are reported with what to do",
  async (root) => {
    await writeSettings(root.path);
    await writeVersion(root.path, { name: "good", files: json({ a: 1 }) });
    const long = "é".repeat(40);
    await writeVersion(root.path, { name: long, files: json({}) });
    await writeVersion(root.path, { name: "four", version: "1.2.3.4", files: json({}) });
    await writeVersion(root.path, { name: "zero", version: "1.02.3", files: json({}) });
    await writeVersion(root.path, { name: "good", version: "1", files: json({}) });
    await using registry = await openMindtrace(root.path);
    assertEquals((await registry.unfit()).map(({ name }) => name).sort(), [
      "four",
      "good",
      "zero",
      long,
    ]);
    await using target = await openRegistry("memory:");
    const { failures } = await importMindtrace(root.path, target);
    const told = Object.fromEntries(failures.map(({ name, error }) => [name, error]));
    assertStringIncludes(told[long]!.message, "240 bytes encoded, 200 allowed");
    assertStringIncludes(told[long]!.hint!, "Save it in mindtrace under a shorter name");
    assertStringIncludes(told.four!.message, "its version must have one to three numbers");
    assertStringIncludes(told.four!.hint!, "such as 1.2.3");
    assertStringIncludes(told.zero!.message, "1.02.3");
    assertStringIncludes(told.good!.message, "it is the same version as 1 in Holdfast");
  },
);

testInRoot("no file outside a version is read, whatever its description names", async (root) => {
  const folder = root.join("registry");
  await writeSettings(folder);
  await writeFile(root.join("secret"), "secret");
  await mkdir(`${folder}/linked/1.0.0`, { recursive: true });
  for (const path of ["../../../secret", "/etc/passwd", "a/../../b", ""]) {
    await writeVersion(folder, { name: "out", files: json({}), listed: [path] });
    await using registry = await openMindtrace(folder);
    const error = await assertRejects(() => registry.open("out"), RegistryError);
    assertEquals(error.code, "Corrupt");
    assertStringIncludes(error.message, "it names the file");
  }
  await writeVersion(folder, { name: "linked", files: {}, listed: ["data.json"], hash: null });
  await symlink(root.join("secret"), `${folder}/linked/1.0.0/data.json`);
  await using registry = await openMindtrace(folder);
  const error = await assertRejects(() => registry.load("linked"), RegistryError);
  assertEquals(error.code, "Corrupt");
});

testInRoot("pickles and unknown classes keep their bytes, and nothing is run", async (root) => {
  await writeSettings(root.path);
  const marker = root.join("ran");
  const pickle = `cos\nsystem\n(S'touch ${marker}'\ntR.`;
  await writeVersion(root.path, { name: "good", files: json({ a: 1 }) });
  await writeVersion(root.path, {
    name: "list",
    class: "builtins.list",
    files: { "data.pkl": pickle },
  });
  await writeVersion(root.path, {
    name: "model",
    class: "os.system",
    materializer: "subprocess.run",
    files: { "model.pt": pickle, "config/a.yaml": "a: 1" },
  });
  await writeVersion(root.path, {
    name: "config",
    class: "mindtrace.core.config.config.Config",
    materializer: "mindtrace.registry.archivers.config_archiver.ConfigArchiver",
    files: { "config.json": "{}" },
  });
  await using registry = await openRegistry("memory:");
  const report = await importMindtrace(root.path, registry);
  assertEquals(report.failures, []);
  assertEquals(report.kept, [
    { name: "config", version: "1.0.0", reason: "Holdfast does not know ConfigArchiver" },
    { name: "list", version: "1.0.0", reason: "data.pkl is a pickle, which is never run" },
    { name: "model", version: "1.0.0", reason: "model.pt is a pickle, which is never run" },
  ]);
  const list = await registry.open("list");
  assertEquals(new TextDecoder().decode(await list.file("data.pkl").bytes()), pickle);
  assertEquals(list.info.materializer.id, "file");
  const model = await registry.open("model");
  assertEquals(model.info.materializer.id, "folder");
  assertEquals(model.files().map(({ info }) => info.path).sort(), ["config/a.yaml", "model.pt"]);
  await assertRejects(() => Deno.stat(marker), Deno.errors.NotFound);
});

testInRoot("a value that is not UTF-8 keeps its bytes", async (root) => {
  await writeSettings(root.path);
  await writeVersion(root.path, { name: "good", files: json({ a: 1 }) });
  const files = { "data.json": Uint8Array.of(0x22, 0xe9, 0x22) };
  await writeVersion(root.path, { name: "latin", files });
  await using registry = await openRegistry("memory:");
  const { failures, kept } = await importMindtrace(root.path, registry);
  assertEquals(failures, []);
  assertEquals(kept, [{ name: "latin", version: "1.0.0", reason: "data.json is not UTF-8" }]);
  assertEquals(await registry.load("good"), { a: 1 });
});

testInRoot("tags of Python in old YAML are data", async (root) => {
  await writeSettings(root.path);
  const metadata = "\n  made: !!python/object/apply:os.system ['touch ran']\n" +
    "  pair: !!python/tuple [1, 2]\n  by: !!python/object:shop.Person {name: Ada}\n" +
    "  day: 2024-01-02\n  large: 1180591620717411303424\n  loss: .nan\n  text: 1e5\n";
  await writeVersion(root.path, { name: "good", files: json({ a: 1 }), metadata });
  await using registry = await openMindtrace(root.path);
  const { "mindtrace/origin": _, ...kept } = (await registry.info("good")).metadata;
  assertEquals(kept, {
    made: ["touch ran"],
    pair: [1, 2],
    by: { name: "Ada" },
    day: "2024-01-02",
    large: "1180591620717411303424",
    loss: "NaN",
    text: "1e5",
  });
});

testInRoot("an artifact that cannot be converted keeps its files", async (root) => {
  await writeSettings(root.path);
  const archive = async (entries: Parameters<ReturnType<typeof tgz>["encode"]>[0]) =>
    await contentBytes(await tgz().encode(entries));
  const folder = (tar: Uint8Array) => ({
    "metadata.json": '{"name": "data", "is_dir": true}',
    "data.tar.gz": tar,
  });
  const bytes = await archive([{ path: "a", content: new Uint8Array(1) }]);
  await writeVersion(root.path, { name: "folder", materializer: PATH, files: folder(bytes) });
  await writeVersion(root.path, {
    name: "cut",
    materializer: PATH,
    files: folder(bytes.slice(0, 40)),
  });
  const numpy = "mindtrace.registry.archivers.integration_materializers.NumpyMaterializer";
  await writeVersion(root.path, {
    name: "objects",
    materializer: numpy,
    files: { "data.npy": "no" },
  });
  await writeVersion(root.path, { name: "json", files: { "data.json": "{" } });
  await writeVersion(root.path, {
    name: "both",
    materializer: PATH,
    files: { "metadata.json": '{"name": "metadata.json", "is_dir": false}' },
  });
  await using registry = await openMindtrace(root.path);
  const kinds: Record<string, unknown> = {};
  for await (const name of registry) {
    const { materializer, metadata } = await registry.info(name);
    const { kept } = metadata["mindtrace/origin"] as { kept?: string };
    kinds[name] = [materializer.id, kept !== undefined];
  }
  assertEquals(kinds, {
    both: ["file", true],
    cut: ["folder", true],
    folder: ["folder", false],
    json: ["file", true],
    objects: ["file", true],
  });
});

testInRoot("an imported folder has the digest of the same folder on this disk", async (root) => {
  await mkdir(root.join("data/sub"), { recursive: true });
  await mkdir(root.join("data/empty"));
  await writeFile(root.join("data/sub/b"), "b");
  await writeFile(root.join("data/run.sh"), "#!", { mode: 0o755 });
  await symlink("sub/b", root.join("data/link"));
  const done = await new Deno.Command("tar", {
    args: ["-czf", root.join("data.tar.gz"), "-C", root.join("data"), "."],
  }).output();
  assert(done.success);
  const registryFolder = root.join("registry");
  await writeSettings(registryFolder);
  await writeVersion(registryFolder, {
    name: "data",
    class: "pathlib.PosixPath",
    materializer: PATH,
    files: {
      "metadata.json": '{"name": "data", "is_dir": true}',
      "data.tar.gz": await Deno.readFile(root.join("data.tar.gz")),
    },
  });
  await using registry = await openRegistry("memory:");
  await importMindtrace(registryFolder, registry);
  const { digest } = await registry.save("here", localPath(root.join("data")));
  assertEquals((await registry.info("data")).digest, digest);
});

testInRoot("a large archive is unpacked on the disk, and its files are removed", async (root) => {
  await writeSettings(root.path);
  let state = 1;
  const content = Uint8Array.from({ length: 9_500_000 }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state;
  });
  await writeVersion(root.path, {
    name: "large",
    materializer: PATH,
    files: {
      "metadata.json": '{"name": "large", "is_dir": true}',
      "data.tar.gz": await contentBytes(await tgz().encode([{ path: "a/b", content }])),
    },
  });
  const temporary = async () =>
    (await Array.fromAsync(Deno.readDir(tmpdir()), ({ name }) => name))
      .filter((name) => name.startsWith("holdfast-mindtrace-"));
  const before = await temporary();
  await using registry = await openRegistry("memory:");
  const { imported } = await importMindtrace(root.path, registry);
  assertEquals(imported, 1);
  assertEquals(await (await registry.open("large")).file("a/b").bytes(), content);
  assertEquals(await temporary(), before);
});

testInRoot("an interrupted import continues where it ended", async (root) => {
  await writeSettings(root.path);
  for (let i = 0; i < 12; i++) {
    await writeVersion(root.path, { name: `n${i}`, files: json({ i }) });
  }
  await using registry = await openRegistry("memory:");
  const over = new AbortController();
  let done = 0;
  await assertRejects(
    () =>
      importMindtrace(root.path, registry, {
        concurrency: 1,
        signal: over.signal,
        onItem: () => ++done === 5 && over.abort(new Error("stopped")),
      }),
    Error,
    "stopped",
  );
  const { imported, skipped } = await importMindtrace(root.path, registry);
  assertEquals(imported + skipped, 12);
  assert(skipped >= 5);
  assertEquals(await registry.load("n11"), { i: 11 });
});

testInRoot("a dry run checks every byte and writes nothing", async (root) => {
  await writeSettings(root.path);
  await writeVersion(root.path, { name: "good", files: json({}) });
  await writeVersion(root.path, { name: "bad", files: json({}), hash: "0".repeat(64) });
  await using registry = await openRegistry("memory:");
  const report = await importMindtrace(root.path, registry, { dryRun: true });
  assertEquals([report.imported, report.failures.map(({ name }) => name)], [1, ["bad"]]);
  assertEquals(await Array.fromAsync(registry), []);
});

testInRoot(
  "a version that changed in mindtrace is a conflict, or replaced if that is allowed",
  async (root) => {
    await writeSettings(root.path, { version_objects: false, mutable: true });
    await writeVersion(root.path, { name: "good", files: json({ a: 1 }) });
    await using kept = await openRegistry("memory:");
    await using replaced = await openRegistry("memory:", { mutable: true });
    await using unversioned = await openRegistry("memory:", { versioned: false, mutable: true });
    for (const registry of [kept, replaced, unversioned]) {
      await importMindtrace(
        root.path,
        registry,
      );
    }
    await writeVersion(root.path, { name: "good", files: json({ a: 2 }) });
    const { failures } = await importMindtrace(root.path, kept);
    assertEquals(failures.map(({ error }) => [error.code, error.message, error.hint]), [[
      "Conflict",
      'Cannot import to "good@1.0.0": the target has another value for this version',
      "Import into another registry, or into a mutable one, which follows mindtrace.",
    ]]);
    for (const registry of [replaced, unversioned]) {
      assertEquals((await importMindtrace(root.path, registry)).imported, 1);
      assertEquals(await registry.load("good"), { a: 2 });
    }
  },
);

testInRoot("a folder without a mindtrace registry is NotFound, with what to pass", async (root) => {
  for (const path of [root.path, root.join("missing")]) {
    const error = await assertRejects(() => openMindtrace(path));
    assert(isRegistryError(error, "NotFound"));
    assertStringIncludes(error.hint!, "Pass the folder or bucket");
  }
});

testInRoot("a mindtrace registry resolves refs, and refuses to be written", async (root) => {
  await writeSettings(root.path);
  for (const version of ["1.0.0", "1.0.9", "1.0.10", "2.0.0"]) {
    await writeVersion(root.path, { name: "a:b", version, files: json({ version }) });
  }
  await using registry = await openMindtrace(root.path);
  const load = async (ref: string) => (await registry.load(ref) as { version: string }).version;
  assertEquals(await load("a:b"), "2.0.0");
  assertEquals(await load("a:b@^1"), "1.0.10");
  assertEquals(await load("a:b@1.0.9"), "1.0.9");
  assertEquals(await load("a:b@1"), "1.0.0");
  const versions = await Array.fromAsync(registry.versions("a:b", { range: "^1", limit: 2 }));
  assertEquals(versions.map(({ version }) => version), ["1.0.10", "1.0.9"]);
  for (const ref of ["b", "a:b@3", "a:b@production"]) {
    assertEquals((await assertRejects(() => registry.load(ref), RegistryError)).code, "NotFound");
  }
  assertEquals(
    (await assertRejects(() => registry.save("x", 1), RegistryError)).code,
    "Unsupported",
  );
});
