// Mirrors a folder into another, and prints a line before.
//
// Arguments: source, target.
import { writeSync } from "node:fs";
import process from "node:process";
import { openRegistry } from "../../../../mod.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";

const [source, target] = process.argv.slice(2);
const from = await openRegistry(source, { durability: "os" });
const to = await openRegistry(target, { durability: "os" });
writeSync(1, "ready\n");
await mirrorRegistry(from, to);
writeSync(1, "done\n");
