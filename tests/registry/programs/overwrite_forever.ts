// Overwrites one version, small and large in turn, until it is killed. Prints acknowledged numbers.
//
// Arguments: folder, locking, first number, durability.
import { writeSync } from "node:fs";
import process from "node:process";
import type { Locking } from "../../../core/backend.ts";
import { openRegistry } from "../../../mod.ts";
import { numberedValue } from "./numbered_value.ts";

const [path, locking, first, durability] = process.argv.slice(2);
const registry = await openRegistry(path, {
  locking: locking as Locking,
  durability: durability as "disk" | "os",
  mutable: true,
});
for (let i = Number(first);; i++) {
  await registry.save("kept", numberedValue(i), { version: "1", onConflict: "overwrite" });
  writeSync(1, `${i}\n`);
}
