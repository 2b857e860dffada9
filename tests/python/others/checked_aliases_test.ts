// Aliases whose version has not the content that met a rule lead nowhere, in Python as in TypeScript.
import { assertEquals } from "@std/assert";
import "../../../extensions/signatures/signatures.ts";
import { openRegistry } from "../../../mod.ts";
import { changeRules } from "../../../extensions/maintenance/mod.ts";
import { orCode, pythonTest, startReader, withoutMessages } from "../reader.ts";

const promote = { where: "metadata.auc > 0.9" };
const rule = { pattern: "models:*", protectAliases: ["prod*"], promote };
const FORCE = { force: true };

pythonTest("Python follows no alias to content that met no rule", async (root) => {
  const path = root.join("registry");
  await using registry = await openRegistry(path, { mutable: true, cache: false });
  for (const name of ["models:a", "models:b", "models:c", "d"]) {
    await registry.save(name, 1, { metadata: { auc: 0.99 } });
    await changeRules(registry, { set: { ...rule, pattern: name }, replace: true });
    await registry.setAlias(name, "production", "1", FORCE);
    await changeRules(registry, { remove: name });
  }
  const overwrite = { version: "1", onConflict: "overwrite", metadata: { auc: 0 } } as const;
  for (const name of ["models:a", "d"]) await registry.save(name, 2, overwrite);
  await registry.delete("models:b@1", FORCE); // the same content again
  await registry.undelete("models:b@1");

  await using reader = startReader();
  const refs = ["a", "b", "c"].map((name) => `models:${name}@production`).concat("d@production");
  const all = refs.map((ref) => ref.replace("production", "1.0.0"));
  const [gone, ...others] = [{ error: "NotFound" }, ...all.slice(1)];
  const states = {
    "no rule": [undefined, all],
    "a rule of the alias": [rule, [gone, ...others]],
    "a rule of another alias": [{ ...rule, protectAliases: ["staging"] }, all],
    "a rule of other names": [{ ...rule, pattern: "*:b" }, all],
  } as const;
  for (const [state, [set, expected]] of Object.entries(states)) {
    if (set) await changeRules(registry, { set });
    const here = refs.map((ref) =>
      orCode(async () => {
        const { name, version } = await registry.info(ref);
        return `${name}@${version}`;
      })
    );
    assertEquals(await Promise.all(here), [...expected], state);
    const found = await reader.ask({ ask: "resolve", refs, location: path });
    assertEquals(withoutMessages(found), [...expected], state);
    if (set) await changeRules(registry, { remove: set.pattern });
  }
});
