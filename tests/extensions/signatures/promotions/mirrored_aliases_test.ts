// Aliases that were checked by a rule, in mirrors and in mirrors of mirrors.
import { assertEquals } from "@std/assert";
import "../../../../extensions/signatures/signatures.ts";
import { mirrorRegistry } from "../../../../apps/maintenance.ts";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import { rejected } from "../../../registry/rejected.ts";

const FORCE = { force: true };

Deno.test("a mirror has aliases whose content met a rule, and no others", async () => {
  const open = () => openRegistry(createMemoryBackend(), { mutable: true, cache: false });
  const [first, second, third] = [await open(), await open(), await open()];
  const where = "metadata.auc > 0.9";
  const set = { pattern: "*", protectAliases: ["production"], promote: { where } };
  for (const registry of [first, second, third]) await changeRules(registry, { set });
  for (const name of ["a", "b"]) {
    await first.save(name, 1, { metadata: { auc: 0.99 } });
    await first.setAlias(name, "production", "1", FORCE);
  }
  await first.delete("b@1", FORCE);
  await first.undelete("b@1");
  await mirrorRegistry(first, second);
  for (const name of ["a", "b"]) {
    assertEquals(await second.load(`${name}@production`), 1);
    await second.setAlias(name, "staging", "1", FORCE);
    await second.deleteAlias(name, "production", FORCE);
    await second.setAlias(name, "production", "1", FORCE); // the mirrored version
  }
  await mirrorRegistry(second, third);
  for (const name of ["a", "b"]) assertEquals(await third.load(`${name}@production`), 1);

  await changeRules(first, { remove: "*" });
  await first.save("a", 2, { version: "1", onConflict: "overwrite", metadata: { auc: 0 } });
  assertEquals(await first.load("a@production"), 2);
  await mirrorRegistry(first, second);
  await rejected("NotFound", second.load("a@production"), /which was overwritten after/);
  assertEquals(await second.load("b@production"), 1);
});
