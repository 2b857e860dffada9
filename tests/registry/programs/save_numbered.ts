// Waits for a line, then saves automatic versions of one name and prints them.
//
// Arguments: folder, locking, number of saves, label of the values.
import process from "node:process";
import type { Locking } from "../../../core/backend.ts";
import { openRegistry } from "../../../mod.ts";
import { waitForLine } from "./wait_for_line.ts";

const [path, locking, count, label] = process.argv.slice(2);
const registry = await openRegistry(path, { locking: locking as Locking, durability: "os" });
console.log("ready");
await waitForLine();
const versions: string[] = [];
for (let i = 0; i < Number(count); i++) {
  versions.push((await registry.save("counted", `${label} ${i}`)).version);
}
console.log(JSON.stringify(versions));
