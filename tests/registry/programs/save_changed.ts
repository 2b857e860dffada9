// Saves the next version of a large file until it is killed. Prints acknowledged versions.
//
// Arguments: folder, locking, durability, the first version.
import { writeSync } from "node:fs";
import process from "node:process";
import type { Locking } from "../../../core/backend.ts";
import { openRegistry } from "../../../mod.ts";
import { changedValue } from "./changed_value.ts";

const [path, locking, durability, first] = process.argv.slice(2);
const registry = await openRegistry(path, {
  locking: locking as Locking,
  durability: durability as "disk" | "os",
});
for (let version = Number(first);; version++) {
  await registry.save("grown", changedValue(version), { version: `${version}` });
  writeSync(1, `${version}\n`);
}
