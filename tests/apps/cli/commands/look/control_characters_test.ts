// Stored strings never control the terminal.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../../../mod.ts";
import { annotate } from "../../../../../registry/mod.ts";
import { cliTest } from "../../../captured_io.ts";

const EVIL = "x\u001b]0;owned\u0007\u009b31m\r\u007fy";
const LINES = [
  ["info", "a"],
  ["note", "a"],
  ["note", "a@1"],
  ["ls", "--long"],
  ["ls", "--where", "version < 9"],
  ["versions", "a"],
  ["versions", "a", "--columns", `version,metadata.${EVIL},labels.${EVIL}`],
  ["versions", "a", "--quiet"],
  ["log", "a"],
  ["lineage", "a", "--up"],
  ["diff", "a@1", "a@2"],
  ["du", "a"],
  ["rules", "ls"],
  ["alias", "a"],
  ["verify"],
  ["note", "a", "--label", `${EVIL}:=[1`],
  ["info", EVIL],
];

cliTest("stored strings never control the terminal", async (it) => {
  await it.succeeds("init");
  const registry = await openRegistry(it.root.join(".holdfast"));
  const metadata = { [EVIL]: { [EVIL]: EVIL }, deep: [EVIL] };
  for (const value of [1, 2]) {
    const options = { metadata: { ...metadata, value } };
    await registry.save("a", { value, [EVIL]: value }, options);
  }
  for (const ref of ["a", "a@1", "a@2"]) {
    await annotate(registry, ref, { notes: EVIL, labels: metadata });
  }
  await registry.close();
  for (const line of LINES) {
    for (const more of [[], ["--json"], ["--verbose"]]) {
      const { out, err } = await it.holdfast([...line, ...more], {
        terminals: ["stdout", "stderr"],
        env: { NO_COLOR: "1" },
      });
      const found = /[^\P{Cc}\n\t]/u.exec(out + err);
      assertEquals(found && JSON.stringify(found.input.slice(0, 2_000)), null, line.join(" "));
    }
  }
});
