// `holdfast status`
import process from "node:process";
import manifest from "../../../../deno.json" with { type: "json" };
import { originOf } from "../../../../registry/places/mod.ts";
import { inspectCache, isRegistryError } from "../../../../mod.ts";
import { readSettings } from "../../../../registry/maintenance.ts";
import type { CacheReport } from "../../../../registry/maintenance.ts";
import type { Registry, StoredRegistry } from "../../../../mod.ts";
import { findCredentials, findRegistry } from "../../places/find_registry.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { exitCodeOf, toReportable } from "../../program/exit_code.ts";
import type { FoundCredentials } from "../../../../core/driver.ts";
import { hintFor } from "../../../../core/errors.ts";
import { formatBytes, formatCount, formatGrace } from "../../terminal/units.ts";
import { type Fact, factsText } from "../../terminal/print_table.ts";

export const status: Command = defineCommand<[], { size: boolean }>({
  name: "status",
  summary: "Show which registry is used and why, its settings, and program versions.",
  details:
    "Shows where credentials are, never their values. Writes nothing. To find problems run doctor.",
  args: [],
  options: [{ flags: "--no-size", text: "do not list the store to add up its size" }],
  examples: [
    ["holdfast status", "the registry of this folder"],
    ["holdfast status -r team --json", "for programs and bug reports"],
  ],
  async run(_args, { size: wantsSize }, context) {
    const { io: { signal, system }, shared } = context;
    const cache = await inspectCache({ signal, system });
    const versions = versionsOfAll();
    const facts: Fact[] = [];
    let code = 0;
    let report: Record<string, unknown> = {};
    let credentials: FoundCredentials | undefined;
    try {
      const found = findRegistry(shared.registry, context.io);
      const { location, kind, remote } = found;
      credentials = await findCredentials(found, context.io);
      const why = originOf(found) ?? "is given";
      report = { location, kind, by: found.by, why, remote, credentials };
      facts.push(["registry", location], ["why", `the location ${why}`]);
      const registry = await context.open();
      const { id } = registry;
      const isService = kind === "service";
      const settings = isService ? registry.settings : await readSettings(registry, { signal });
      const size = wantsSize && !isService
        ? await sizeOf(registry as StoredRegistry, signal)
        : undefined;
      const store = storeOf(registry, kind);
      report = { ...report, id, settings, size, store };
      facts.push(
        ["id", id],
        ["store", store],
        ["size", size && `${formatBytes(size.bytes)} in ${formatCount(size.objects, "object")}`],
        ["versions", settings.versioned ? "each name has versions" : "each name has one value"],
        ["overwriting", settings.mutable ? "allowed (mutable)" : "never (immutable)"],
        ["grace", formatGrace(settings.graceMs)],
      );
    } catch (error) {
      signal.throwIfAborted();
      const failure = toReportable(error);
      if (!isRegistryError(failure)) throw error; // the run was interrupted
      const { code: state, message } = failure;
      const hint = hintFor(failure, "cli");
      report = { ...report, problem: { code: state, message, hint } };
      facts.push(["problem", message], ["", hint]);
      code = exitCodeOf(failure);
    }
    facts.push(
      ["credentials", credentials?.where],
      ["cache", cacheText(cache)],
      ["programs", Object.entries(versions).map((pair) => pair.join(" ")).join(", ")],
    );
    await context.result({ ...report, cache, versions }, factsText(facts, context));
    return code;
  },
});

async function sizeOf({ backend }: StoredRegistry, signal: AbortSignal) {
  const size = { objects: 0, bytes: 0 };
  for await (const entry of backend.list("", { signal })) {
    if (!("size" in entry)) continue;
    size.objects++;
    size.bytes += entry.size;
  }
  return size;
}

function storeOf(registry: Registry, kind: string): string {
  if (kind === "service") return "behind a service";
  const { kind: store } = (registry as StoredRegistry).backend;
  const { locking } = registry.settings;
  return locking === undefined ? store : `a folder, locked by ${locking}`;
}

function cacheText({ path, problem, files, bytes }: CacheReport): string {
  return path === undefined
    ? `none: ${problem}`
    : `${formatCount(files, "file")}, ${formatBytes(bytes)} in ${path}`;
}

function versionsOfAll(): Record<string, string> {
  const { deno, bun, node, v8, typescript } = process.versions as Record<string, string>;
  const runtime = deno ? { deno } : bun ? { bun } : { node }; // all have `node`
  const known = Object.entries({ holdfast: manifest.version, ...runtime, v8, typescript })
    .filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...Object.fromEntries(known), [process.platform]: process.arch };
}
