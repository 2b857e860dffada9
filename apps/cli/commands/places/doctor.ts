// `holdfast doctor`
import { type FoundRegistry, originOf, readRemotes } from "../../../../registry/places/mod.ts";
import { inspectCache, type Registry, type StoredRegistry } from "../../../../mod.ts";
import { type Check, ok, trouble } from "../../doctor/check.ts";
import {
  checkCertificates,
  checkDisk,
  checkPermissions,
  checkProxy,
} from "../../doctor/check_machine.ts";
import { checkStore, failed } from "../../doctor/check_registry.ts";
import { findCredentials } from "../../places/credentials.ts";
import { findRegistry } from "../../places/find_registry.ts";
import { localPathOf } from "../../places/open_store.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { knownColumns } from "../../terminal/cli_io.ts";
import { printable } from "../../terminal/table.ts";
import { wrapped } from "../../terminal/wrap.ts";

export const doctor: Command = defineCommand<[], { probe: boolean }>({
  name: "doctor",
  summary: "Look for what keeps the registry from working here, and say what to do.",
  details:
    "Where it is, whether it opens, what its store can do, clock, permissions, disk, cache, credentials, certificates, " +
    "proxies. Trying the store writes below scratch/ in it, some 280 requests, and removes that. Exit code 1 where " +
    "something fails. With --json: one line per thing.",
  args: [],
  options: [{ flags: "--no-probe", text: "do not try the store: nothing is written" }],
  examples: [
    ["holdfast doctor", "the registry that commands would use here"],
    ["holdfast doctor -r team --no-probe", "another one, without writing to it"],
  ],
  async run(_args, { probe }, context) {
    const verdicts = { ok: 0, warn: 0, fail: 0 };
    const { shared, colors, io } = context;
    for await (const check of checksOf(probe, context)) {
      verdicts[check.verdict]++;
      const { what, verdict, found, advice } = check;
      if (shared.quiet && verdict === "ok") continue;
      const mark = { ok: "ok  ", warn: colors.bold("warn"), fail: colors.red("FAIL") }[verdict];
      const said = [found, ...advice === undefined ? [] : [advice]]
        .map((text) => wrapped(printable(text), { indent: 20, columns: knownColumns(io.stdout) }));
      await context.result(
        check,
        `${mark}  ${what.padEnd(12)}  ${said.join(`\n${" ".repeat(20)}`)}`,
      );
      io.signal.throwIfAborted();
    }
    const { fail, warn } = verdicts;
    if (!shared.json) {
      await context.note(
        fail + warn === 0 ? "All is well." : `${fail} failed, ${warn} to look at.`,
      );
    }
    return fail > 0 ? 1 : 0;
  },
});

async function* checksOf(probe: boolean, context: CommandContext): AsyncGenerator<Check> {
  const { io, shared } = context;
  yield tried("names", () => {
    const { file, registries } = readRemotes({ system: io.system });
    return `${Object.keys(registries).length} in ${file ?? "no file: HOME is not set"}`;
  });
  let found: FoundRegistry;
  try {
    found = findRegistry(shared.registry, io);
  } catch (error) {
    yield failed("registry", error);
    yield* checksOfMachine(undefined, context);
    return;
  }
  const credentials = await findCredentials(found, io);
  if (found.kind !== "folder") {
    const advice =
      "holdfast probe --help says what they are called; of a service: --token-file, or HOLDFAST_TOKEN.";
    yield credentials.found
      ? ok("credentials", credentials.where)
      : trouble("credentials", "warn", { found: credentials.where, advice });
  }
  const registry = await opened(context);
  if ("verdict" in registry) yield registry;
  else {
    yield ok("registry", `${found.location}: the place ${originOf(found) ?? "is given"}`);
    if (found.kind !== "service" && probe) {
      yield* await checkStore(registry as StoredRegistry, context);
    }
  }
  yield* checksOfMachine(found, context);
}

async function opened(context: CommandContext): Promise<Registry | Check> {
  try {
    return await context.open();
  } catch (error) {
    context.io.signal.throwIfAborted();
    return failed("registry", error);
  }
}

async function* checksOfMachine(
  found: FoundRegistry | undefined,
  { io }: CommandContext,
): AsyncGenerator<Check> {
  const folder = found?.kind === "folder" ? localPathOf(found.location) : undefined;
  if (folder !== undefined) {
    const permissions = checkPermissions(folder);
    if (permissions !== undefined) yield permissions;
    yield await checkDisk("disk", folder);
  }
  const { path, problem = "" } = await inspectCache({ signal: io.signal, system: io.system });
  if (path !== undefined) yield await checkDisk("cache", path);
  else if (folder === undefined) {
    yield trouble("cache", "warn", {
      found: problem,
      advice: "Set HOLDFAST_CACHE to a folder of yours alone.",
    });
  }
  yield* await checkCertificates(io);
  yield* checkProxy(io, found?.kind === "service" ? new URL(found.location).hostname : undefined);
}

function tried(what: string, look: () => string): Check {
  try {
    return ok(what, look());
  } catch (error) {
    return failed(what, error);
  }
}
