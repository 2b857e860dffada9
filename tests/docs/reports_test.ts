// The members of reports that docs/command_line.md names for scripts.
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { filledTest } from "../apps/captured_io.ts";
import { REPOSITORY } from "../support/run_deno.ts";

const page = await Deno.readTextFile(join(REPOSITORY, "docs/command_line.md"));

/** Members that say nothing to a script beside those of the table. */
const OTHER = new Set(["dryRun", "graceMs", "markAt", "measuredAt", "names", "versions", "voids"]);

function keysOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const below = Object.values(value).flatMap(keysOf);
  return Array.isArray(value) ? below : [...Object.keys(value), ...below];
}

filledTest("the table of reports names the members that scripts find", async (it) => {
  await it.succeeds("rm note@1 --yes"); // so that something waits
  const lines = {
    gc: "gc --json",
    mirror: "mirror .holdfast copy --create --json",
    verify: "verify --sample 50% --listed --json",
    du: "du --json",
  };
  for (const [command, line] of Object.entries(lines)) {
    const [, cell = ""] = new RegExp(`^\\| \`${command}\` +\\| (\`.*) \\|$`, "m").exec(page) ?? [];
    const named = Array.from(cell.matchAll(/`(\w+)`/g), ([, name = ""]) => name);
    assert(named.length > 3, command);
    const report = JSON.parse((await it.succeeds(line)).trim().split("\n").at(-1)!);
    const keys = keysOf(report);
    assertEquals(named.filter((name) => !keys.includes(name)), [], `${command} has none of these`);
    const untold = Object.keys(report).filter((key) => !named.includes(key) && !OTHER.has(key));
    assertEquals(untold, [], `the table lacks these of ${command}`);
  }
});
