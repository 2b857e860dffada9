import { assert, assertEquals, assertMatch } from "@std/assert";
import { existsSync, mkdirSync } from "node:fs";
import { openRegistry } from "../../../mod.ts";
import { setRemote } from "../../../core/places/remotes.ts";
import { realSystem } from "../../../core/system.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { rejected } from "../rejected.ts";

function withEnv(env: Record<string, string>) {
  return { ...realSystem, env: (name: string) => env[name] };
}

testInRoot(
  "openRegistry() without a place opens what HOLDFAST_REGISTRY names, and creates it only where that is said",
  async (root) => {
    const path = root.join("registry");
    const system = withEnv({ HOLDFAST_REGISTRY: path });
    const error = await rejected("NotFound", openRegistry(undefined, { system }));
    assertMatch(error.hint!, /The place is named by HOLDFAST_REGISTRY in the environment\./);
    assert(!existsSync(path));
    const created = await openRegistry(undefined, { system, create: true });
    assertEquals((await openRegistry(undefined, { system })).id, created.id);
    assertEquals((await openRegistry(path)).id, created.id);
  },
);

testInRoot(
  "openRegistry() takes @name for what this user calls so, and creates it as it does a path",
  async (root) => {
    const system = withEnv({ XDG_CONFIG_HOME: root.join("config") });
    await rejected("NotFound", openRegistry("@team", { system }));
    setRemote("team", { location: root.join("registry") }, { system });
    const created = await openRegistry("@team", { system });
    assertEquals((await openRegistry(root.join("registry"))).id, created.id);
  },
);

testInRoot(
  "a folder that has its registry in .holdfast is no registry, and the hint names that",
  async (root) => {
    await openRegistry(root.join("project/.holdfast"));
    mkdirSync(root.join("other"));
    setRemote("p", { location: root.join("project") }, {
      system: withEnv({ XDG_CONFIG_HOME: root.path }),
    });
    const options = { create: false, system: withEnv({ XDG_CONFIG_HOME: root.path }) };
    const error = await rejected("NotFound", openRegistry("@p", options));
    assertMatch(
      error.hint!,
      /The place is what @p stands for.*There is one in ".*project.\.holdfast": name that\./,
    );
  },
);

Deno.test("a wrong URL in HOLDFAST_REGISTRY shows nothing that could be a secret", async () => {
  const system = withEnv({ HOLDFAST_REGISTRY: "s3://AKIAKEY:SECRETPART@bucket/x" });
  const error = await rejected("Invalid", openRegistry(undefined, { system }));
  assert(!/AKIAKEY|SECRETPART/.test(`${error.message} ${error.hint}`));
});

Deno.test("options of a folder are refused where a URL names the registry", async () => {
  const system = withEnv({ HOLDFAST_REGISTRY: "s3://bucket" });
  await rejected("Invalid", openRegistry(undefined, { system, locking: "link" }));
});
