// Programs of earlier commits and of this one mirror each other's registries.
import { assertEquals } from "@std/assert";
import { realSystem } from "../../../core/system.ts";
import { mirrorRegistry } from "../../../mirrors/mod.ts";
import { openRegistry } from "../../../mod.ts";
import { refuses, testBesideEach } from "../../registry/earlier/beside.ts";
import { keysOf } from "../../registry/registries.ts";

testBesideEach("mirrors that each makes of the other's hold members", async (world) => {
  const { now, before, path } = world;
  for (const [by, of] of [[now, before], [before, now]] as const) {
    const from = `${path}-${by === now}`, to = `${from}-mirror`;
    await of.call("save", from, "model", "kept");
    await of.call("publish", from, "serving", { model: "model@1" });
    assertEquals(await by.call("mirror", from, to, {}), []);
    for (const program of [now, before]) {
      await refuses("Conflict", program.call("delete", to, "model@1"));
      assertEquals(await program.call("load", to, "serving@1/model"), "kept");
      assertEquals(await program.call("verify", to), []);
    }
  }
});

testBesideEach(
  "a mirror's table of names is kept, and shows what the other changed",
  async (world) => {
    const { before, path } = world;
    const target = `${path}-mirror`;
    for (const name of ["a", "b"]) await before.call("save", path, name, "first");
    // a minute ahead, so nothing is too new to be noted
    const system = { ...realSystem, now: () => realSystem.now() + 60_000 };
    const [from, to] = [
      await openRegistry(path, { system, durability: "os" }),
      await openRegistry(target, { system, durability: "os" }),
    ];
    for (let run = 0; run < 2; run++) await mirrorRegistry(from, to);
    const tables = async () =>
      (await keysOf(to.backend!, "mirrors/")).filter((key) => key.includes("/.names/"));
    const [table] = await tables();
    assertEquals(typeof table, "string");
    assertEquals(await before.call("mirror", path, target, {}), []);
    assertEquals(await before.call("collectGarbage", target, { now: true }), []);
    assertEquals(await before.call("verify", target), []);
    assertEquals(await tables(), [table]);
    await before.call("save", path, "a", "second");
    await before.call("save", target, "b", "own");
    await from.save("b", "other");
    const { copied, failures } = await mirrorRegistry(from, to);
    assertEquals([copied, failures.map(({ name }) => name)], [1, ["b"]]);
    for (const registry of [from, to]) await registry[Symbol.asyncDispose]();
  },
);
