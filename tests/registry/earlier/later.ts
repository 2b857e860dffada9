// Content that the fixtures of the first four commits lack: a list of files in pages, a restored
// version, and an alias that was moved under conditions.
import type { Registry } from "../../../core/registry.ts";
import type { Program } from "./content.ts";

interface Promotions {
  askPromotion(registry: Registry, ref: string, options: object): Promise<unknown>;
}

/** Paths of more than 4 MiB together. */
export const PATHS: readonly string[] = Array.from(
  { length: 5_000 },
  (_, n) => `${`${"long ".repeat(40)}name/`.repeat(4)}${n}`,
);
const AS = {
  id: "folder",
  formatVersion: 1,
  load: () => undefined,
  save: () => PATHS.map((path, n) => ({ path, content: new Uint8Array(n % 2) })),
};

export const RULE = {
  pattern: "models:*",
  protectAliases: ["production"],
  promote: { where: "metadata.auc > 0.8" },
};

/** Writes the registries `later` and `copy`, a mirror of it, below a folder. */
export async function writeLater(program: Program, source: string, folder: string): Promise<void> {
  const { askPromotion }: Promotions = await import(
    new URL("extensions/signatures/signatures.ts", source).href
  );
  const open = (name: string) =>
    program.openRegistry(`${folder}/${name}`, { durability: "os", cache: false });
  const later = await open("later"), copy = await open("copy");
  await later.save("paged", undefined, { as: AS });
  for (const value of ["restored", "next"]) await later.save("gone", value);
  await later.delete("gone@1");
  await later.undelete("gone@1");
  for (const auc of [0.9, 0.5, 0.95]) await later.save("models:a", auc, { metadata: { auc } });
  await program.changeRules(later, { set: RULE });
  await later.setAlias("models:a", "production", "1", { force: true });
  await askPromotion(later, "models:a@3", { alias: "production", note: "Better" });
  await program.mirrorRegistry(later, copy);
  for (const registry of [later, copy]) await registry[Symbol.asyncDispose]();
}
