import { assert, assertEquals } from "@std/assert";
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { collectGarbage, createLocalBackend, openRegistry } from "../../../mod.ts";
import { RegistryError } from "../../../core/errors.ts";
import { compareVersions, parseVersion } from "../../../core/naming/versions.ts";
import { realSystem } from "../../../core/system.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { HOUR } from "../protocol_world.ts";
import { withAge } from "../with_age.ts";
import { withHooks } from "../with_hooks.ts";
import type { HookedCall } from "../with_hooks.ts";
import { assertSeen, MANY, notes, open, versions, withDead } from "./with_dead.ts";

testInRoot(
  "who looked before a note was begun is waited for, and what he saved is seen",
  async (root) => {
    const registry = await withDead(root.path);
    let looks = 0;
    await collectBesideWrite(root.path, async (end) => {
      if (++looks < 3) return;
      renameSync(join(root.path, "dead"), join(root.path, "not-yet"));
      await registry.save("a", "he looked when there was none", { version: "40.5.0" });
      renameSync(join(root.path, "not-yet"), join(root.path, "dead"));
      end();
    });
    assertEquals(looks, 3);
    assertEquals(notes(root.path), { begun: 0, decided: 0 });
    await assertSeen(registry, "40.5.0");
  },
);

testInRoot(
  "a version that comes while a note is made sure of is seen, and the note never counts",
  async (root) => {
    const registry = await withDead(root.path);
    await collectBesideWrite(root.path, async (end) => {
      assertEquals(notes(root.path), { begun: 1, decided: 0 });
      await registry.save("a", "meanwhile", { version: "40.5.0" });
      end();
    });
    await assertSeen(registry, "40.5.0");
    await collectGarbage(registry);
    assertEquals(notes(root.path), { begun: 0, decided: 0 });
  },
);

/** Whether a call is that of a janitor who lets a note count. */
function decides({ verb, key, create }: HookedCall): boolean {
  return verb === "put" && create && key.startsWith("dead/") && !key.endsWith(".begun");
}

/** Collects garbage, beside a write that is under way when a note is begun; each time its end is waited for, `wait` is called. */
async function collectBesideWrite(
  path: string,
  wait: (end: () => void) => Promise<void>,
): Promise<void> {
  const stage = join(path, ".stage", realSystem.id());
  const system = {
    ...realSystem,
    async sleep(_: number, signal?: AbortSignal) {
      await realSystem.sleep(0, signal);
      await wait(() => rmSync(stage));
    },
  };
  const local = createLocalBackend({ path, system });
  const hooked = withHooks(local, {
    after({ verb, key, create }) {
      if (verb === "put" && create && key.endsWith(".begun")) {
        writeFileSync(stage, "a write that is under way");
      }
    },
  });
  await collectGarbage(await openRegistry(hooked));
}

testInRoot("a note that cannot be removed as a whole is never decided again", async (root) => {
  const registry = await withDead(root.path);
  const local = createLocalBackend({ path: root.path });
  let key = "";
  const hooked = withHooks(local, {
    async before(call) {
      if (!decides(call)) return;
      key = call.key;
      await registry.save("a", "ends it", { version: "40.5.0" });
      const stubborn = withHooks(local, {
        before: ({ verb, key }) => {
          if (verb === "delete" && key.endsWith(".begun")) {
            throw new RegistryError({ code: "Denied", message: "no" });
          }
        },
      });
      await collectGarbage(await openRegistry(stubborn));
    },
  });
  await collectGarbage(await openRegistry(hooked));
  assert(existsSync(join(root.path, `${key}.begun`)));
  await assertSeen(registry, "40.5.0");
});

testInRoot(
  "two who collect at once leave one note that counts, or none, and hide nothing",
  async (root) => {
    const registry = await withDead(root.path);
    const others = await Promise.all([open(root.path), open(root.path), open(root.path)]);
    await Promise.all(others.map((other) => collectGarbage(other)));
    await assertSeen(registry, "3.0.0");
    await registry.save("a", "between", { version: "40.5.0" });
    await assertSeen(registry, "40.5.0");
    await registry.delete("a@40.5.0");
    await collectGarbage(registry);
    const { begun, decided } = notes(root.path);
    assert(begun >= 1 && decided >= 1);
    await assertSeen(registry, "3.0.0");
  },
);

testInRoot(
  "what another janitor has begun is left to it, until it is old; nobody may decide it then",
  async (root) => {
    const registry = await withDead(root.path);
    const folder = join(root.path, "dead/a");
    const local = createLocalBackend({ path: root.path });
    let begun = 0;
    const hooked = withHooks(local, {
      async before(call) {
        if (!decides(call)) return;
        await collectGarbage(registry);
        begun = readdirSync(folder).filter((name) => name.endsWith(".begun")).length;
        await collectGarbage(await openRegistry(withAge(local, 48 * HOUR)));
        assertEquals(existsSync(join(root.path, `${call.key}.begun`)), false);
      },
    });
    await collectGarbage(await openRegistry(hooked));
    assertEquals(begun, 2);
    await assertSeen(registry, "3.0.0");
    await registry.save("a", "between", { version: "40.5.0" });
    await assertSeen(registry, "40.5.0");
  },
);

testInRoot("a version that comes when its note is about to count is seen", async (root) => {
  const registry = await withDead(root.path);
  const local = createLocalBackend({ path: root.path });
  let saved = false;
  const hooked = withHooks(local, {
    async before(call) {
      if (!decides(call)) return;
      saved = true;
      await registry.save("a", "just before", { version: "40.5.0" });
    },
  });
  const janitor = await openRegistry(hooked);
  await collectGarbage(janitor);
  assert(saved);
  await assertSeen(registry, "40.5.0");
});

testInRoot(
  "nothing is noted while a write takes long, and no other name waits for it again",
  async (root) => {
    const registry = await withDead(root.path);
    for (let n = 1; n <= MANY; n++) await registry.save("b", n);
    await registry.delete("b", { allVersions: true });
    const stage = join(root.path, ".stage", realSystem.id());
    writeFileSync(stage, "a write that is under way");
    let slept = 0;
    const clock = {
      ...realSystem,
      monotonic: () => slept,
      sleep: (ms: number) => Promise.resolve(void (slept += ms)),
    };
    const backend = createLocalBackend({ path: root.path, system: clock });
    await collectGarbage(await openRegistry(backend));
    assertEquals(notes(root.path), { begun: 0, decided: 0 });
    assert(slept > 4_000 && slept < 8_000, `it waited for ${slept} ms`);
    await assertSeen(registry, "3.0.0");
  },
);

testInRoot(
  "whoever saves, deletes and collects at once, what is acknowledged is seen",
  async (root) => {
    const registry = await withDead(root.path);
    const others = await Promise.all(Array.from({ length: 3 }, () => open(root.path)));
    let running = true;
    const janitor = (async () => {
      for (let times = 0; running && times < 500; times++) await collectGarbage(registry);
    })();
    await Promise.all(others.map(async (own, actor) => {
      for (let round = 0; round < 60; round++) {
        const version = `${4 + (round * 7) % MANY}.${actor + 1}.${round}`;
        await own.save("a", round, { version });
        assertEquals(await versions(own, version), [version], `${version} is not seen`);
        const [latest, saved] = [(await own.info("a")).version, version].map(parseVersion);
        assert(compareVersions(latest, saved) >= 0, `the latest is below ${version}`);
        await own.delete(`a@${version}`);
      }
    }));
    running = false;
    await janitor;
    await assertSeen(registry, "3.0.0");
  },
);
