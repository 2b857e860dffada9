// `holdfast cards check`, which reads the records of all versions.
import { defineCommand } from "@holdfast/holdfast/extending/cli";
import { cellsIn, recordsOf } from "@holdfast/holdfast/extending/records";
import { KEYS } from "./card.ts";

export const check = defineCommand({
  name: "cards check",
  summary: "List all versions without a card.",
  args: [],
  options: [],
  examples: [["holdfast cards check", "each version without a license or a contact"]],
  async run(_args, _flags, context) {
    const { signal } = context.io;
    const records = recordsOf(await context.open(), "check cards");
    const missing: string[] = [];
    for await (const { entries } of records.pass({ signal })) {
      for (const { kind, cell, head } of cellsIn(entries)) {
        const found = kind === "version" && await records.version(cell, { head, signal });
        if (!found) continue; // an alias or a note, or a deleted version
        const { name, version, metadata } = found.record;
        if (KEYS.some((key) => !Object.hasOwn(metadata, key))) missing.push(`${name}@${version}`);
      }
    }
    await context.result({ missing }, missing.join("\n"));
    return missing.length === 0 ? 0 : 1;
  },
});
