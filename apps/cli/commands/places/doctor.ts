import process from "node:process";
import { DRIVERS, WRAPPERS } from "../../../../backends/drivers.ts";
import { VERSION } from "../../../holdfast_version.ts";
import { type FoundRegistry, originOf, readRemotes } from "../../../../registry/places/mod.ts";
import { type Backend, inspectCache, type Registry } from "../../../../mod.ts";
import { probeBackend, type ProbeStep } from "../../../../registry/tools/probe_backend.ts";
import { readSettings } from "../../../../registry/tools/settings.ts";
import type { RegistrySettings } from "../../../../registry/mod.ts";
import {
  checkCertificates,
  checkDisk,
  checkPermissions,
  checkProxy,
  checkSync,
  failed,
  isReadOnly,
  ok,
  trouble,
} from "../../doctor/check_machine.ts";
import type { Check } from "../../doctor/check_machine.ts";
import { checkLastRuns } from "../../doctor/check_last_runs.ts";
import { checkNight } from "../../doctor/check_night.ts";
import { checkPeer } from "../../doctor/check_peer.ts";
import { findCredentials, findRegistry } from "../../places/find_registry.ts";
import { localPathOf } from "../../places/open_store.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import type { Extension } from "../../program/extension.ts";
import { type Maintained, maintainedBy } from "../../program/maintained.ts";
import { knownColumns, wrapped } from "../../terminal/cli_io.ts";
import { printable } from "../../terminal/table.ts";
import { formatCount, formatGrace, formatSeconds } from "../../terminal/units.ts";
import { isRegistryError } from "../../../../core/errors.ts";

/** Creates the command, which watches the maintenance of these extensions, too. */
export function createDoctor(extensions: readonly Extension[]): Command {
  const maintained = maintainedBy(extensions);
  return defineCommand({
    name: "doctor",
    summary: "Show which registry is used and why, and check it and this machine.",
    details: "Checks location, opening, store, clock, permissions, disk, cache, credentials, " +
      "certificates and proxies, whether names with / reach a service, and when maintenance last " +
      "succeeded, if HOLDFAST_STATE is set. For a bucket, estimates what a night of maintenance " +
      "costs, from at most 20 lists. Shows how to fix " +
      "problems, and the sources of credentials, never their values. The check of the store sends " +
      "about 280 requests below scratch/ and cleans up: races of creates, reads and lists after " +
      "writes, order, ranges, keys. Exit code 1 if a check fails. --json: a line per check.\n\n" +
      `Stores: ${[...DRIVERS, ...WRAPPERS].map(({ help }) => help.urls).join("; ")}.\n\n` +
      `Credentials: ${DRIVERS.flatMap(({ help }) => help.credentials ?? []).join("; ")}.`,
    args: [],
    options: [{ flags: "--no-probe", text: "do not check the store; writes nothing" }],
    examples: [
      ["holdfast doctor", "the registry of this folder"],
      ["holdfast doctor -r team --no-probe", "another registry, without writing to it"],
      ["holdfast doctor -r s3://models/team --json", "with each test of the store"],
    ],
    async run(_args, { probe = true }, context) {
      const verdicts = { ok: 0, warn: 0, fail: 0 };
      const { shared, colors, io } = context;
      for await (const check of checksOf({ probe, maintained }, context)) {
        verdicts[check.verdict]++;
        const { what, verdict, found, advice } = check;
        if (shared.quiet && verdict === "ok") continue;
        const mark = { ok: "ok  ", warn: colors.bold("warn"), fail: colors.red("FAIL") }[verdict];
        const texts = [found, ...advice === undefined ? [] : [advice]]
          .map((text) =>
            wrapped(printable(text), { indent: 20, columns: knownColumns(io.stdout) })
          );
        const text = texts.join(`\n${" ".repeat(20)}`);
        await context.result(check, `${mark}  ${what.padEnd(12)}  ${text}`);
        io.signal.throwIfAborted();
      }
      const { fail, warn } = verdicts;
      if (!shared.json) {
        await context.note(
          fail + warn === 0 ? "No problems." : `${fail} failed, ${formatCount(warn, "warning")}.`,
        );
      }
      return fail > 0 ? 1 : 0;
    },
  });
}

async function* checksOf(
  { probe, maintained }: { probe: boolean; maintained: readonly Maintained[] },
  context: CommandContext,
): AsyncGenerator<Check> {
  const { io, shared } = context;
  yield ok("programs", versionsOfAll());
  yield checkNames(context);
  let place: FoundRegistry;
  try {
    place = findRegistry(shared.registry, io);
  } catch (error) {
    yield failed("registry", error, context);
    yield* checksOfMachine(undefined, context);
    return;
  }
  const credentials = await findCredentials(place, context);
  if (place.kind !== "folder") {
    const advice = "See their names: holdfast doctor --help.";
    yield credentials.found || place.kind === "service" // which may need no token
      ? ok("credentials", credentials.where)
      : trouble("credentials", "warn", credentials.where, advice);
  }
  if (place.kind === "service") {
    const peer = await checkPeer(new URL(place.location), io);
    if (peer !== undefined) yield peer;
  }
  const registry = await opened(context);
  if ("verdict" in registry) yield registry;
  else {
    yield ok("registry", `${place.location}: the location ${originOf(place) ?? "is given"}`);
    const { backend } = registry;
    const settings = backend === undefined
      ? registry.settings
      : await readSettings(registry, { signal: io.signal });
    yield ok("settings", settingsText(registry.id, settings));
    yield* await checkLastRuns(registry.id, maintained, context.io);
    if (backend === undefined) yield await checkSlash(registry, context);
    else if (isInImage(place)) yield ok("probe", "not tried: the file system is read-only");
    else if (probe) yield* await checkStore(registry, backend, context);
    if (backend !== undefined && place.kind === "store") {
      yield await nightOf(backend, maintained, context);
    }
  }
  yield* checksOfMachine(place, context);
}

function isInImage({ kind, location }: FoundRegistry): boolean {
  const folder = kind === "folder" ? localPathOf(location) : undefined;
  return folder !== undefined && isReadOnly(folder);
}

async function opened(context: CommandContext): Promise<Registry | Check> {
  try {
    return await context.open();
  } catch (error) {
    context.io.signal.throwIfAborted();
    return failed("registry", error, context);
  }
}

/** Checks that proxies pass on a name with a slash: the service replies about that name. */
async function checkSlash(registry: Registry, context: CommandContext): Promise<Check> {
  const { io: { signal } } = context;
  const [what, name] = ["slashes", "holdfast/doctor"];
  try {
    await registry.info(name, { signal });
  } catch (error) {
    signal.throwIfAborted();
    const isOfService = isRegistryError(error, "NotFound") ||
      isRegistryError(error, "Denied") && error.message.startsWith(`Cannot read "${name}"`);
    if (!isOfService) return failed(what, error, context);
  }
  return ok(what, "names with / reach the service");
}

async function* checksOfMachine(
  place: FoundRegistry | undefined,
  context: CommandContext,
): AsyncGenerator<Check> {
  const { io } = context;
  const folder = place?.kind === "folder" ? localPathOf(place.location) : undefined;
  if (folder !== undefined) {
    const permissions = checkPermissions(folder);
    if (permissions !== undefined) yield permissions;
    yield await checkDisk("disk", folder, context);
    const sync = await checkSync(folder, context);
    if (sync !== undefined) yield sync;
  }
  const { path, problem = "" } = await inspectCache({ signal: io.signal, system: io.system });
  if (path !== undefined) yield await checkDisk("cache", path, context);
  else if (folder === undefined) {
    yield trouble("cache", "warn", problem, "Set HOLDFAST_CACHE to a private folder.");
  }
  yield* await checkCertificates(io);
  yield* checkProxy(io);
}

function settingsText(id: string, { versioned, mutable, graceMs }: RegistrySettings): string {
  return [
    versioned ? "names have versions" : "names have one value",
    mutable ? "mutable" : "immutable",
    `grace period ${formatGrace(graceMs)}`,
    `id ${id}`,
  ].join(", ");
}

function versionsOfAll(): string {
  const { deno, bun, node } = process.versions as Record<string, string>;
  const runtime = deno ? `deno ${deno}` : bun ? `bun ${bun}` : `node ${node}`; // all have `node`
  return `holdfast ${VERSION}, ${runtime}, ${process.platform} ${process.arch}`;
}

function checkNames(context: CommandContext): Check {
  try {
    const { file, registries } = readRemotes({ system: context.io.system });
    const count = Object.keys(registries).length;
    return ok("names", `${count} in ${file ?? "no file: HOME is not set"}`);
  } catch (error) {
    return failed("names", error, context);
  }
}

async function nightOf(
  backend: Backend,
  maintained: readonly Maintained[],
  context: CommandContext,
): Promise<Check> {
  const { io: { signal } } = context;
  try {
    return await checkNight(backend, maintained, signal);
  } catch (error) {
    signal.throwIfAborted();
    return failed("night", error, context);
  }
}

const SEE = "See every test of the store: holdfast doctor --json";

/**
 * Probes the store of a registry with about 280 requests below `scratch/`, and compares its clock
 * with that of this machine.
 */
async function checkStore(
  registry: Registry,
  backend: Backend,
  context: CommandContext,
): Promise<Check[]> {
  const { io: { signal, system }, logger } = context;
  const onStep = ({ name, ok }: ProbeStep) => logger.debug(`${ok ? "yes" : "no"}: ${name}`);
  try {
    const certificate = await probeBackend(backend, { signal, system, onStep });
    const { steps, requests, clockOffsetMs } = certificate;
    const lacking = steps.filter(({ ok, required }) => required && !ok);
    const textOf = ({ name, detail }: ProbeStep) =>
      detail === undefined ? name : `${name}: ${detail}`;
    const advice = lacking[0] && context.hint(lacking[0]);
    const probe = lacking.length === 0
      ? ok("probe", `the store meets all requirements (${requests} requests)`)
      : trouble("probe", "fail", lacking.map(textOf).join("; "), advice ?? SEE);
    return [{ ...probe, certificate }, checkClock(clockOffsetMs, registry)];
  } catch (error) {
    signal.throwIfAborted();
    return [failed("probe", error, context)];
  }
}

/** Checks the clock: gc and prune refuse to run if it is off by a quarter of the least grace. */
function checkClock(offsetMs: number | undefined, { settings: { leastGraceMs } }: Registry): Check {
  if (offsetMs === undefined) {
    return trouble("clock", "warn", "the store does not report its time", SEE);
  }
  const off = Math.abs(offsetMs);
  const state = off < 2_000
    ? "same as the store"
    : `${formatSeconds(off / 1000)} ${offsetMs > 0 ? "behind" : "ahead of"} the store`;
  if (off <= 60_000) return ok("clock", state);
  const verdict = off > leastGraceMs / 4 ? "fail" : "warn";
  return trouble("clock", verdict, state, "Synchronize the clock of this machine (NTP).");
}
