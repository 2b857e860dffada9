import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { localPath, openRegistry, type Registry, RegistryError } from "../../../../mod.ts";
import {
  exportMindtrace,
  importMindtrace,
  openMindtrace,
} from "../../../../extensions/neighbors/mindtrace/mindtrace.ts";
import { openRun } from "../../../../extensions/runs/mod.ts";
import { type TempRoot, testInRoot } from "../../../support/temp_root.ts";
import { writeSettings, writeVersion } from "./write_version.ts";

async function refusals(registry: Registry, to: string): Promise<Record<string, string>> {
  const names = await Array.fromAsync(registry);
  const { failures } = await exportMindtrace(registry, names, { to, allVersions: true });
  return Object.fromEntries(
    failures.map(({ name, version, error }) => [`${name}@${version}`, error.message]),
  );
}

testInRoot(
  "versions that mindtrace could not find again are refused, the others exported",
  async (root) => {
    await using registry = await openRegistry("memory:");
    await registry.save("good", 1);
    await registry.save("team/model", 1);
    await registry.save("run[1]", 1);
    await registry.save("early", 1, { version: "1.0.0-rc.1" });
    await writeFile(root.join("metadata.json"), "{}");
    await registry.save("file", localPath(root.join("metadata.json")));
    const to = root.join("out");
    assertEquals(await refusals(registry, to), {
      "early@1.0.0-rc.1": 'Cannot export "early@1.0.0-rc.1": mindtrace has no prereleases',
      "file@1.0.0": 'Cannot export "file": mindtrace cannot hold a file called metadata.json',
      "run[1]@1.0.0": 'Cannot export "run[1]@1.0.0": mindtrace cannot find names with [',
      "team/model@1.0.0": 'Cannot export "team/model@1.0.0": mindtrace cannot find names with /',
    });
    await using written = await openMindtrace(to);
    assertEquals(await Array.fromAsync(written), ["good"]);
  },
);

testInRoot("the value of a run is exported as its class, without the curve", async (root) => {
  await using registry = await openRegistry("memory:");
  const values = { bytes: Uint8Array.of(1, 2), text: "x", dict: { a: 1 } };
  for (const [name, value] of Object.entries(values)) {
    await using run = await openRun(registry, name);
    run.log({ loss: 0.5 });
    await run.finish(value);
  }
  const to = root.join("out");
  assertEquals(await refusals(registry, to), {});
  await using written = await openMindtrace(to);
  for (const [name, value] of Object.entries(values)) {
    assertEquals(await written.load(name), value);
  }
});

testInRoot("another value of a version is a conflict, and stays", async (root) => {
  await using one = await openRegistry("memory:");
  await using two = await openRegistry("memory:");
  await one.save("a", 1);
  await two.save("a", 2);
  const to = root.join("out");
  assertEquals(await refusals(one, to), {});
  assertEquals(await refusals(one, to), {});
  assertEquals(await refusals(two, to), {
    "a@1.0.0": 'Cannot export "a@1.0.0": the folder has another value for this version',
  });
  await using written = await openMindtrace(to);
  assertEquals(await written.load("a"), 1);
});

testInRoot("files that an interrupted export left are not part of the version", async (root) => {
  await using registry = await openRegistry("memory:");
  await registry.save("a:b", { x: 1 });
  const to = root.join("out");
  await writeSettings(to);
  await mkdir(`${to}/a:b/1.0.0`, { recursive: true });
  await writeFile(`${to}/a:b/1.0.0/left.json`, "{}");
  await exportMindtrace(registry, ["a:b"], { to });
  assertEquals(await readdir(`${to}/a:b/1.0.0`), ["data.json"]);
  await using written = await openMindtrace(to);
  assertEquals(await written.load("a:b"), { x: 1 });
});

testInRoot("a folder with other files or settings is not written to", async (root) => {
  await using registry = await openRegistry("memory:");
  await registry.save("a", 1);
  await mkdir(root.join("other"));
  await writeFile(root.join("other/mine.txt"), "mine");
  await writeSettings(root.join("unversioned"), { version_objects: false });
  await writeSettings(root.join("digits"), { version_digits: 4 });
  await mkdir(root.join("damaged"));
  await writeFile(root.join("damaged/registry_metadata.json"), "{cut");
  for (const folder of ["other", "unversioned", "digits", "damaged"]) {
    const before = await readdir(root.join(folder));
    const to = root.join(folder);
    const error = await assertRejects(
      () => exportMindtrace(registry, ["a"], { to }),
      RegistryError,
    );
    assertEquals(error.code, "Conflict");
    assertStringIncludes(error.hint!, "Pass a new folder");
    assertEquals(await readdir(to), before);
  }
});

testInRoot("a dry run and an unknown name write nothing", async (root) => {
  await using registry = await openRegistry("memory:");
  await registry.save("a", 1);
  const to = root.join("out");
  const { exported } = await exportMindtrace(registry, ["a"], { to, dryRun: true });
  assertEquals(exported, 1);
  await assertRejects(() => Deno.stat(to), Deno.errors.NotFound);
  await assertRejects(() => exportMindtrace(registry, ["b"], { to }), RegistryError, "b");
});

testInRoot("an aborted export leaves whole versions, and the next one continues", async (root) => {
  await using registry = await openRegistry("memory:");
  const names = Array.from({ length: 6 }, (_, i) => `n${i}`);
  for (const name of names) await registry.save(name, name);
  const to = root.join("out");
  const over = new AbortController();
  await assertRejects(
    () =>
      exportMindtrace(registry, names, {
        to,
        signal: over.signal,
        onItem: ({ name }) => name === "n2" && over.abort(new Error("stopped")),
      }),
    Error,
    "stopped",
  );
  await using written = await openMindtrace(to);
  assertEquals(await Array.fromAsync(written), ["n0", "n1", "n2"]);
  const { exported, skipped } = await exportMindtrace(registry, names, { to });
  assertEquals([exported, skipped], [3, 3]);
});

testInRoot("recorded classes are restored only when asked", async (root: TempRoot) => {
  const old = root.join("old");
  await writeSettings(old);
  await writeVersion(old, {
    name: "evil",
    class: "os.system",
    materializer: "subprocess.run",
    files: { "data.pkl": "cos\nsystem\n(S'true'\ntR." },
  });
  await using registry = await openRegistry("memory:");
  await importMindtrace(old, registry);
  const classes: (string | undefined)[] = [];
  for (const keepClasses of [false, true]) {
    const to = root.join(`${keepClasses}`);
    await exportMindtrace(registry, ["evil"], {
      to,
      keepClasses,
      onItem: (item) => classes.push(item.class),
    });
    const meta = await Deno.readTextFile(`${to}/_meta_evil@1.0.0.yaml`);
    assertEquals(meta.includes("os.system"), keepClasses);
    assert(!meta.includes("mindtrace/origin"));
  }
  assertEquals(classes, ["pathlib.PosixPath", "os.system"]);
});
