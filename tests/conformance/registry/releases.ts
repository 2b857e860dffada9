// Cases about releases: versions that name other versions.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { publishRelease, resolveRelease } from "@holdfast/holdfast";
import type { Registry } from "../../../core/registry.ts";
import { given } from "../given.ts";
import { refused, type RegistryCase } from "./registry_case.ts";

async function saveMembers(registry: Registry): Promise<void> {
  for (const version of ["1", "2"]) {
    await registry.save("net", `net ${version}`, { version });
    await registry.save("bpe", `bpe ${version}`, { version });
  }
}

export const releaseCases: readonly RegistryCase[] = [
  given(
    "publishRelease() saves exact members, and an alias moves them at once",
    async (context) => {
      const { registry, reopen } = context;
      await saveMembers(registry);
      await registry.setAlias("net", "best", "1");
      const members = { model: "net@best", tokenizer: "bpe@^1" };
      const { version } = await publishRelease(registry, "serving", members, {
        metadata: { by: "ann" },
      });
      await registry.setAlias("serving", "production", version);
      await publishRelease(registry, "serving", { model: "net", tokenizer: "bpe" });
      await registry.setAlias("net", "best", "2");
      for (const each of [registry, await reopen()]) {
        const release = await resolveRelease(each, "serving@production");
        const { model, tokenizer } = release.members;
        deepStrictEqual([release.name, release.version], ["serving", "1.0.0"]);
        deepStrictEqual([model.ref, tokenizer.ref], ["net@1.0.0", "bpe@1.0.0"]);
        strictEqual(model.digest, (await each.info("net@1")).digest);
        strictEqual(model.state, "present");
        strictEqual((await each.info("serving@1")).metadata.by, "ann");
      }
      await registry.setAlias("serving", "production", "2");
      strictEqual(
        (await resolveRelease(registry, "serving@production")).members.model.ref,
        "net@2.0.0",
      );
    },
    { needs: ["save"] },
  ),
  given("a ref reaches through a release, to read", async ({ registry }) => {
    await saveMembers(registry);
    await publishRelease(registry, "serving", { model: "net@1", "text/bpe": "bpe@1" });
    await publishRelease(registry, "serving", { model: "net@2" });
    await registry.setAlias("serving", "production", "1");
    strictEqual(await registry.load("serving@production/model"), "net 1");
    strictEqual(await registry.load("serving@1.0.0/text/bpe"), "bpe 1");
    strictEqual(await registry.load("serving@latest/model"), "net 2");
    strictEqual((await registry.info("serving@^1/model")).name, "net");
    strictEqual((await registry.open("serving@1/model")).info.version, "1.0.0");
    strictEqual(await registry.has("serving@1/model"), true);
    strictEqual(await registry.has("serving@2/text/bpe"), false);
    strictEqual(await registry.get("serving@2/other"), undefined);
    strictEqual(await registry.get("serving@1/model"), "net 1");
    await refused("NotFound", registry.load("serving@2/text/bpe"));
    await refused("NotFound", registry.load("serving@canary/model"));
    await refused("Invalid", registry.load("net@1/model"));
    await refused("Invalid", registry.delete("serving@1/model"));
    await refused("Invalid", registry.setAlias("serving", "a/b", "1"));
  }, { needs: ["save"] }),
  given(
    "publishRelease() refuses missing members, none, and those of other registries",
    async (context) => {
      const { registry } = context;
      await registry.save("net", 1);
      await refused("NotFound", publishRelease(registry, "serving", { model: "net@2" }));
      await refused("Invalid", publishRelease(registry, "serving", {}));
      const error = await refused(
        "Invalid",
        publishRelease(registry, "serving", { model: "@team/net@1" }),
      );
      ok(error.hint!.includes("Copy"));
      await refused("Invalid", publishRelease(registry, "serving", { model: "net", "a@b": "net" }));
      await refused("Invalid", resolveRelease(registry, "net"));
      strictEqual(await registry.has("serving"), false);
    },
    { needs: ["save"] },
  ),
  given("resolveRelease() reports a member that is gone or changed", async ({ registry }) => {
    await saveMembers(registry);
    await publishRelease(registry, "serving", { model: "net@1", tokenizer: "bpe@1" });
    await registry.save("net", "other", { version: "1", onConflict: "overwrite" });
    await registry.delete("bpe@1", { force: true });
    await refused(["Conflict", "NotFound"], resolveRelease(registry, "serving"));
    const { members } = await resolveRelease(registry, "serving", { partial: true });
    deepStrictEqual([members.model.state, members.tokenizer.state], ["changed", "missing"]);
    await refused("Conflict", registry.load("serving@1/model"));
    await refused("NotFound", registry.load("serving@1/tokenizer"));
  }, { settings: { mutable: true }, needs: ["save"] }),
];
