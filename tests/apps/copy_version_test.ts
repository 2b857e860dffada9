import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../core/errors.ts";
import { copyVersion } from "../../apps/maintenance.ts";
import { createMemoryBackend, defineMaterializer, openRegistry } from "../../mod.ts";
import { cliTest } from "./captured_io.ts";

const open = () => openRegistry(createMemoryBackend());

Deno.test("a version is copied to another registry under another name", async () => {
  await using team = await open();
  await using own = await open();
  await team.save("data:raw", [1]);
  const large = { rows: Array.from({ length: 30_000 }, (_, i) => i) };
  const saved = await team.save("my:model", large, {
    metadata: { accuracy: 0.9 },
    inputs: ["data:raw@1"],
  });
  await team.save("my:model", "newer");

  const copied = await copyVersion(team, "my:model@1", { to: own, as: "renamed" });

  assertEquals([copied.name, copied.version, copied.size], ["renamed", saved.version, saved.size]);
  assertEquals(await own.load("renamed"), large);
  const [there, here] = [await team.info("my:model@1"), await own.info("renamed")];
  assertEquals([here.digest, here.metadata], [there.digest, { accuracy: 0.9 }]);
  assertEquals(here.inputs.length, 1);
  assertEquals((await copyVersion(team, "my:model", { to: own })).name, "my:model");
  assertEquals(await own.load("my:model"), "newer");
});

Deno.test("a target that is not a registry, and unknown options, are refused", async () => {
  await using team = await open();
  await using own = await open();
  await team.save("a", 1);
  const cases: [unknown, string][] = [
    [undefined, "option to is missing"],
    [own, "option to is missing"],
    [{ to: "./own" }, "the registry is a string"],
    [{ to: open() }, "the registry is a promise"],
    [{ to: own, version: "7" }, "unknown option version"],
    [{ to: own, on_conflict: "skip" }, "did you mean onConflict?"],
  ];
  for (const [options, message] of cases) {
    const copying = () => copyVersion(team, "a", options as { to: typeof own });
    assertEquals((await assertRejects(copying, RegistryError, message)).code, "Invalid");
  }
  assertEquals(await own.has("a"), false);
});

Deno.test("a version of the target is kept, skipped or replaced", async () => {
  await using team = await open();
  await using own = await open();
  await team.save("a", 1);
  await own.save("a", 2);
  const fails = (options: object) =>
    assertRejects(() => copyVersion(team, "a", { to: own, ...options }), RegistryError);
  assertEquals((await fails({ as: "a@1" })).code, "AlreadyExists");
  const skipped = await copyVersion(team, "a", { to: own, as: "a@1", onConflict: "skip" });
  assertEquals([skipped.skipped, await own.load("a@1")], [true, 2]);
  assertEquals((await fails({ as: "a@^1" })).code, "Invalid");
  const missing = await assertRejects(() => copyVersion(team, "b", { to: own }), RegistryError);
  assertEquals(missing.code, "NotFound");
});

Deno.test("within one registry, a copy is that of the registry", async () => {
  await using team = await open();
  await team.save("a", 1);
  assertEquals((await copyVersion(team, "a", { to: team, as: "b" })).name, "b");
  assertEquals(await team.load("b"), 1);
});

Deno.test("a copy leaves no materializer that loads nothing", async () => {
  await using team = await open();
  await using own = await open();
  const load = () => Promise.resolve("loaded");
  const shop = defineMaterializer({ id: "acme/shop", save: () => [], load });
  await team.save("a", 1, { as: shop });
  await own.save("b", 1, { as: shop });
  await copyVersion(team, "a", { to: own });
  assertEquals([await own.load("a"), await own.load("b")], ["loaded", "loaded"]);
});

Deno.test("without a new name, a copy within one registry is the next version", async () => {
  await using team = await open();
  await team.save("a", 1);
  assertEquals((await copyVersion(team, "a@1", { to: team })).version, "2.0.0");
});

Deno.test("a copy replaces no value of a registry without versions unless asked to", async () => {
  await using team = await open();
  await using own = await openRegistry(createMemoryBackend(), { versioned: false, mutable: true });
  await team.save("a", 1);
  await own.save("a", 2);
  const error = await assertRejects(() => copyVersion(team, "a", { to: own }), RegistryError);
  assertEquals([error.code, await own.load("a")], ["AlreadyExists", 2]);
  await copyVersion(team, "a", { to: own, onConflict: "overwrite" });
  assertEquals(await own.load("a"), 1);
});

cliTest("copy takes a version to another named registry", async (it) => {
  const at = { env: { XDG_CONFIG_HOME: it.root.join("config") } };
  for (const name of ["one", "two"]) {
    await it.succeeds(`init ${name} -q`, at);
    await it.succeeds(`remote add ${name} ./${name}`, at);
  }
  await it.succeeds("save @one/note -", at);
  await it.prints(
    "copy @one/note @two/renamed --dry-run",
    "Would copy note@1.0.0 to @two/renamed (1 B)\n",
    at,
  );
  await it.fails("load @two/renamed", 3, "", at);
  await it.succeeds("copy @one/note @two/renamed", at);
  await it.prints("load @two/renamed", "x", at);
  await it.succeeds("copy @one/note copied", at);
  await it.prints("load @one/copied", "x", at);
  await it.succeeds("-r one copy note @two/again", at);
  await it.prints("load @two/again", "x", at);
  await it.fails("copy @one/note @two", 2, "", at);
  await it.fails("rm @one/note @two/renamed", 2, "", at); // other commands still use one
});
