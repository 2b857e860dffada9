// Plans what the rules of a registry would delete, or reads its records. Prints what that took.
// Arguments: `plan` or `raw`, the folder, the beginning of the names, and how many of them.
import fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { keyLayout } from "../../../backends/local/layout.ts";
import { createLocalBackend, openRegistry } from "../../../mod.ts";
import { nameFolder } from "../../../registry/format/layout.ts";
import { decodeRecord } from "../../../registry/format/record_codec.ts";
import { pruneByRules } from "../../../extensions/maintenance/pruning/mod.ts";
import { peakRssMib } from "../batch/memory_process.ts";
import { timed } from "../measure.ts";
import type { RulesReport } from "./rules.ts";

const [how, root = "", prefix = "", count] = process.argv.slice(2);
const backend = createLocalBackend({ path: root });
await using registry = await openRegistry(backend, { create: false, readOnly: true });
const names = (await Array.fromAsync(registry.names({ prefix }))).slice(0, Number(count));
let found = 0;
const time = await timed(async () => {
  if (how === "plan") {
    found = (await pruneByRules(registry, { dryRun: true, names })).deleted.length;
  } else {
    const pathOf = keyLayout("folded").pathOf;
    for (const name of names) readAll(join(root, pathOf(nameFolder(name))!));
  }
});
const report: RulesReport = { time, found, peakRssMib: peakRssMib() };
console.log(JSON.stringify(report));

function readAll(folder: string): void {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    decodeRecord(fs.readFileSync(path), path);
    found++;
  }
}
