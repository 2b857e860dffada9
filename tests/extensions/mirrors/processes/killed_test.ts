// Mirrors that are killed, while a reader resolves a release in their target.
import process from "node:process";
import { assert, assertEquals } from "@std/assert";
import { realSystem } from "../../../../core/system.ts";
import { openRegistry, publishRelease, resolveRelease } from "../../../../mod.ts";
import { verifyRegistry } from "../../../../apps/maintenance.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { spawnDeno } from "../../../support/run_deno.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { watchProcess } from "../../../support/watch_process.ts";
import { noise } from "../../../registry/registries.ts";

const KILLS = 4;
const MEMBERS = ["net", "bpe", "zero"];

Deno.test({
  name: "kill -9 of a mirror: a reader always finds the release of an alias, with its members",
  ignore: process.versions.deno === undefined,
  async fn() {
    const root = await tempRoot();
    const [source, target] = [root.join("source"), root.join("target")];
    const from = await openRegistry(source, { durability: "os" });
    const to = await openRegistry(target, { durability: "os" });
    let releases = 0, deleted = 0;
    const publishNext = async () => {
      const number = ++releases;
      for (const name of MEMBERS) await from.save(name, noise(300_000, number + name.length));
      const members = MEMBERS.map((name) => [name, `${name}@${number}`]);
      await publishRelease(from, "app", Object.fromEntries(members));
      await from.setAlias("app", "production", `${number}`);
      if (number === 1) return;
      // A killed mirror may leave the alias at any version of its past, so these are not deleted.
      const there = Number.parseInt((await to.info("app@production")).version);
      for (; deleted < there - 1; deleted++) {
        for (const name of ["app", ...MEMBERS]) await from.delete(`${name}@${deleted + 1}`);
      }
    };
    await publishNext();
    await mirrorRegistry(from, to);
    let stopped = false, reads = 0;
    const current = async () => (await to.info("app@production")).version;
    const reading = (async () => {
      while (!stopped) {
        const version = await current();
        try {
          await resolveRelease(to, "app@production");
          for (const name of MEMBERS) await to.load(`app@production/${name}`);
          reads++;
        } catch (error) {
          if (await current() === version) throw error; // else it moved during the read
        }
      }
    })();
    reading.catch(() => {}); // thrown at the end
    let killed = 0;
    for (let kill = 0; kill < KILLS; kill++) {
      await publishNext();
      const permissions = [`--allow-read=${root.path}`, `--allow-write=${root.path}`];
      const program = watchProcess(
        spawnDeno("tests/extensions/mirrors/processes/mirror_once.ts", [source, target], {
          permissions,
        }),
      );
      await program.lines(1);
      await realSystem.sleep(realSystem.random() * 60); // any moment will do
      await program.stop("SIGKILL").then(() => killed++, () => {}); // it may be done
    }
    assertEquals((await mirrorRegistry(from, to)).failures, []);
    stopped = true;
    await reading;
    assert(reads > 0 && killed > 0, `${reads} reads, ${killed} kills`);
    assertEquals((await resolveRelease(to, "app@production")).version, `${releases}.0.0`);
    assert((await verifyRegistry(to)).ok);
    for (const registry of [from, to]) await registry.close();
    await root.remove();
  },
});
