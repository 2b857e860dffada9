import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../support/temp_root.ts";
import { fillRegistry, holdfast, succeeds } from "../captured_io.ts";

Deno.test("who names a folder is told of the registry that is in its .holdfast", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await Deno.mkdir(root.join("real"));
  await succeeds("init real/.holdfast", { cwd });
  await succeeds("init", { cwd });
  assertStringIncludes(
    (await holdfast("ls real", { cwd })).err,
    `holdfast ls -r ${root.join("real/.holdfast")}`,
  );
  const { code, err } = await holdfast("ls -r real", { cwd });
  assertEquals(code, 3);
  assertStringIncludes(err, `There is one in "${root.join("real/.holdfast")}": name that.`);
  assert(!/holdfast init/.test(err));
});

Deno.test("who stands in the folder of a registry is told to name it, not to create another one in it", async () => {
  await using root = await tempRoot();
  await succeeds("init reg", { cwd: root.path });
  const reg = root.join("reg");
  for (const cwd of [reg, root.join("reg/settings")]) {
    const { code, err } = await holdfast("ls", { cwd });
    assertEquals(code, 3);
    assertStringIncludes(err, `"${reg}" is a registry itself: name it, as by --registry "${reg}"`);
    assert(!/holdfast init/.test(err));
  }
  assertEquals(await succeeds("ls --registry .", { cwd: reg }), "");
});

Deno.test("a source of a mirror that is none is not to be created, but looked for", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  const at = await holdfast("mirror . s3://x", { cwd });
  assertEquals(at.code, 3);
  assertStringIncludes(at.err, "There is one in ");
  const none = await holdfast("mirror nowhere s3://x", { cwd });
  assertStringIncludes(none.err, "the first one is what is mirrored");
  for (const { err } of [at, none]) assert(!/init/.test(err), err);
});

Deno.test("mirror creates its target only where that is said, with the settings of the source", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await succeeds("init one --unversioned --mutable --grace 48h", { cwd });
  const { code, err } = await holdfast("mirror .holdfast there", { cwd });
  assertEquals(code, 3);
  assertStringIncludes(err, "add --create");
  assertStringIncludes(
    await succeeds("mirror .holdfast there --create --dry-run", { cwd }),
    "Would mirror 4 versions",
  );
  assertEquals((await holdfast("ls -r there", { cwd })).code, 3);
  await succeeds("mirror .holdfast there --create", { cwd });
  assertEquals(await succeeds("ls -q -r there", { cwd }), "config\ndata:raw\nnote\n");
  await succeeds("mirror one two --create", { cwd });
  const { settings } = JSON.parse(await succeeds("init two --json", { cwd }));
  assertEquals([settings.versioned, settings.mutable, settings.graceMs], [
    false,
    true,
    48 * 3_600_000,
  ]);
  assertEquals(
    (await holdfast("mirror .holdfast data --create", { cwd })).code,
    4,
    "a folder with other files",
  );
});

Deno.test("init goes by HOLDFAST_REGISTRY, says so, and is what the hint of a missing registry names", async () => {
  await using root = await tempRoot();
  const at = { cwd: root.path, env: { HOLDFAST_REGISTRY: root.join("there") } };
  const { code, err } = await holdfast("ls", at);
  assertEquals(code, 3);
  assertStringIncludes(
    err,
    "is named by HOLDFAST_REGISTRY in the environment. Check the place, or create it: holdfast init\n",
  );
  assertStringIncludes(await succeeds("init", at), "the place is named by HOLDFAST_REGISTRY");
  await succeeds("ls", at);
  assertEquals(await Array.fromAsync(Deno.readDir(root.path), ({ name }) => name), ["there"]);
});
