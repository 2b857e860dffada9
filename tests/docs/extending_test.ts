// The page about extensions has a row for each member of one.
import { assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { MEMBERS } from "../../apps/cli/program/extensions/load_extensions.ts";

Deno.test("docs/extending_reference.md has a row for each member of an extension", async () => {
  const page = await readFile(
    new URL("../../docs/extending_reference.md", import.meta.url),
    "utf8",
  );
  const [, section = ""] = page.split("## All that an extension can add");
  const [table = ""] = section.split("`defineServing`");
  const cells = [...table.matchAll(/^\|([^|]*)\|/gm)].map(([, cell = ""]) => cell);
  const names = cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  assertEquals(names.sort(), Object.keys(MEMBERS).sort());
});
