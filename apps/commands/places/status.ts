// `holdfast status`
import process from "node:process";
import manifest from "../../../deno.json" with { type: "json" };
import { originOf } from "../../../core/places/mod.ts";
import { inspectCache, isRegistryError, readSettings } from "../../../mod.ts";
import type { CacheReport, Registry, StoredRegistry } from "../../../mod.ts";
import { findCredentials } from "../../places/credentials.ts";
import { findRegistry } from "../../places/find_registry.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { exitCodeOf, toReportable } from "../../program/exit_code.ts";
import { inCliWords } from "../../program/hints.ts";
import { formatBytes, formatCount, formatGrace } from "../../terminal/units.ts";
import { printable } from "../../terminal/table.ts";
import { knownColumns } from "../../terminal/cli_io.ts";
import { wrapped } from "../../terminal/wrap.ts";

interface Size {
  objects: number;
  bytes: number;
}

export const status: Command = defineCommand<[], { size: boolean }>({
  name: "status",
  summary: "Say which registry is used and why, what it is, and with what.",
  details:
    "Of credentials it says where they are, never what they are. Nothing is written. What is wrong: doctor.",
  args: [],
  options: [{ flags: "--no-size", text: "do not list the store to add up what is in it" }],
  examples: [
    ["holdfast status", "of the registry that commands would use here"],
    ["holdfast status -r team --json", "for programs, and for reports of faults"],
  ],
  async run(_args, { size: wantsSize }, context) {
    const { io: { signal, system }, shared } = context;
    const cache = await inspectCache({ signal, system });
    const versions = versionsOfAll();
    const rows: [what: string, says: string][] = [];
    let code = 0;
    let report: Record<string, unknown> = {};
    try {
      const found = findRegistry(shared.registry, context.io);
      const { location, kind, remote } = found;
      const credentials = await findCredentials(found, context.io);
      const why = originOf(found) ?? "is given";
      report = { location, kind, by: found.by, why, remote, credentials };
      rows.push(["registry", location], ["why", `the place ${why}`]);
      const registry = await context.open();
      const { id } = registry;
      const settings = kind === "service"
        ? registry.settings
        : await readSettings(registry, { signal });
      const size = wantsSize && kind !== "service"
        ? await sizeOf(registry as StoredRegistry, context)
        : undefined;
      report = { ...report, id, settings, size, store: storeOf(registry, kind) };
      rows.push(["id", id], ["store", storeOf(registry, kind)]);
      if (size !== undefined) {
        rows.push(["size", `${formatBytes(size.bytes)} in ${formatCount(size.objects, "object")}`]);
      }
      rows.push([
        "versions",
        settings.versioned ? "each name has versions" : "each name has one value",
      ]);
      rows.push(["overwriting", settings.mutable ? "allowed (mutable)" : "never (immutable)"]);
      rows.push(["grace", formatGrace(settings.graceMs)], ["credentials", credentials.where]);
    } catch (error) {
      signal.throwIfAborted();
      const failure = toReportable(error);
      if (!isRegistryError(failure)) throw error; // somebody stopped the run
      const { code: state, message, hint } = failure;
      report = { ...report, problem: { code: state, message, hint: inCliWords(hint) } };
      rows.push(["problem", message]);
      if (hint !== undefined) rows.push(["", inCliWords(hint)]);
      const { credentials } = report as { credentials?: { where: string } };
      if (credentials !== undefined) rows.push(["credentials", credentials.where]);
      code = exitCodeOf(failure);
    }
    rows.push(["cache", cacheText(cache)], [
      "programs",
      Object.entries(versions).map((pair) => pair.join(" ")).join(", "),
    ]);
    const width = Math.max(...rows.map(([what]) => what.length)) + 2;
    const limits = { indent: width, columns: knownColumns(context.io.stdout) };
    const lines = rows.map(([what, says]) =>
      `${context.colors.bold(what.padEnd(width))}${wrapped(printable(says), limits)}`
    );
    await context.result({ ...report, cache, versions }, lines.join("\n"));
    return code;
  },
});

async function sizeOf(
  { backend }: StoredRegistry,
  { io: { signal } }: CommandContext,
): Promise<Size> {
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
  return locking === undefined ? store : `a folder, writers exclude each other by ${locking}`;
}

function cacheText({ path, problem, files, bytes }: CacheReport): string {
  return path === undefined
    ? `none: ${problem}`
    : `${formatCount(files, "file")}, ${formatBytes(bytes)} in ${path}`;
}

/** This program, what runs it, and on what. */
function versionsOfAll(): Record<string, string> {
  const { deno, v8, typescript } = process.versions as Record<string, string | undefined>;
  const runtime: Record<string, string> = deno === undefined
    ? { node: process.versions.node }
    : { deno };
  for (const [name, version] of Object.entries({ v8, typescript })) {
    if (version !== undefined) runtime[name] = version;
  }
  return { holdfast: manifest.version, ...runtime, [process.platform]: process.arch };
}
