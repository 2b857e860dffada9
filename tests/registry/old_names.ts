// Names that only earlier programs gave.
import type { Registry } from "../../mod.ts";
import { text } from "../../materializers/mod.ts";
import { setAlias } from "../../registry/operations/aliases.ts";
import { contextOf } from "../../registry/operations/context.ts";
import { saveFiles } from "../../registry/operations/save.ts";

/** Saves a version and an alias as they are left by an older program. */
export async function saveOld(registry: Registry, name: string): Promise<void> {
  const context = contextOf(registry, "save");
  const origin = { registry: registry.id, commit: context.system.id() };
  const { version } = await saveFiles(context, {
    name,
    materializer: text(),
    members: { origin },
    produce: () => text().save(name, {}),
  }, {});
  await setAlias(context, { name, alias: "..", version, origin });
}
