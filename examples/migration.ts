// deno run --allow-read --allow-write --allow-env examples/migration.ts ./mindtrace-registry
//
// A migration: everything in a mindtrace registry (0.9 to 0.16) goes into a Holdfast registry, and
// some of it back for colleagues who still use mindtrace. No Python is needed or run.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { openRegistry } from "@holdfast/holdfast";
import { exportMindtrace, importMindtrace, openMindtrace } from "@holdfast/holdfast/mindtrace";

const [from] = process.argv.slice(2);
if (from === undefined) throw new Error("Usage: deno run … examples/migration.ts FOLDER");

const work = await mkdtemp(join(tmpdir(), "holdfast-migration-"));
{
  // 1. Look at the old registry. It is read-only, and works like any other registry.
  await using old = await openMindtrace(from);
  const names = await Array.fromAsync(old.names());
  console.log(`${names.length} names, such as ${names.slice(0, 3).join(", ")}`);

  // 2. Import it. A dry run first shows what would not fit.
  await using registry = await openRegistry(join(work, "registry"));
  const planned = await importMindtrace(from, registry, { dryRun: true });
  console.log(`would import ${planned.imported} versions`);
  const report = await importMindtrace(from, registry);
  console.log(`imported ${report.imported}, failed ${report.failures.length}`);
  for (const { name, version, error } of report.failures) {
    console.log(`${name}@${version}: ${error.message}. ${error.hint}`);
  }

  // 3. Run it again whenever you like, until everybody has moved: it imports only what is new.
  const again = await importMindtrace(from, registry);
  console.log(`again: imported ${again.imported}, unchanged ${again.skipped}`);

  // 4. Values, dates and metadata are the same. What mindtrace recorded is kept beside them.
  const [name = ""] = names;
  const [before, after] = [await old.info(name), await registry.info(name)];
  console.log(`same date: ${before.createdAt.getTime() === after.createdAt.getTime()}`);
  console.log(`${name}:`, await registry.load(name));

  // 5. Leave again: mindtrace loads what was exported.
  const exported = await exportMindtrace(registry, [name], { to: join(work, "back") });
  await using back = await openMindtrace(join(work, "back"));
  console.log(`exported ${exported.exported}: ${await Array.fromAsync(back.names())}`);
}
await rm(work, { recursive: true });
