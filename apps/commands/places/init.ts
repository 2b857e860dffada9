// `holdfast init`
import { originOf } from "../../../core/places/mod.ts";
import { isRegistryError, openRegistry } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import type { Locking, Registry, RegistrySettings } from "../../../mod.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { findRegistry, refuseService } from "../../places/find_registry.ts";
import { shellWord } from "../../program/hints.ts";
import { refuseForeign } from "../../places/refuse_foreign.ts";
import { localPathOf, registryTarget } from "../../places/open_store.ts";
import { refuseFile } from "../../program/refusals.ts";
import { formatGrace, parseGrace } from "../../terminal/units.ts";

interface InitOptions {
  unversioned?: boolean;
  mutable?: boolean;
  grace?: number;
  locking?: Locking;
  force?: boolean;
  createBucket?: boolean;
}

export const init: Command = defineCommand<[where?: string], InitOptions>({
  name: "init",
  summary: "Create a registry in ./.holdfast, or where is said.",
  details:
    "Where: as given, else as HOLDFAST_REGISTRY says (also in .env), else in ./.holdfast.\n\n" +
    "What is said here is fixed for the life of the registry. A registry that exists already is left as it is; " +
    "saying something else about it than it was created with is an error.",
  args: [{
    usage: "[where]",
    text: "a folder, URL or @name, instead of --registry, HOLDFAST_REGISTRY or ./.holdfast",
    completes: "place",
  }],
  options: [
    { flags: "--mutable", text: "versions may be overwritten (else each is kept as it was saved)" },
    { flags: "--unversioned", text: "names have one value and no versions" },
    {
      flags: "--grace <duration>",
      text: "how long replaced data stays readable, at least 1h",
      parse: parseGrace,
    },
    {
      flags: "--locking <how>",
      text: "how writers exclude each other: by hard links, or by a file lock where there are none",
      choices: ["link", "file"],
    },
    { flags: "-f, --force", text: "also in a folder that holds other files" },
    { flags: "--create-bucket", text: "make the bucket where there is none" },
  ],
  examples: [
    ["holdfast init", "in this folder, as ./.holdfast"],
    ["holdfast init /mnt/team/models", "in a shared folder"],
    ["holdfast init s3://bucket/models", "in a bucket, which is probed first"],
    ["holdfast init --mutable --grace 48h", "versions may be overwritten"],
  ],
  async run([where], options, context) {
    const { io, shared } = context;
    const found = findRegistry(where ?? shared.registry, io, { upward: false, create: true });
    const { location } = found;
    refuseService(found, "create a registry");
    const path = localPathOf(location);
    refuseFile(path, "create");
    const existing = await settingsOf(location, context);
    if (existing !== undefined) refuseDifference(location, options, existing);
    else if (path !== undefined && !options.force) await refuseForeign(path);
    const { logger } = context;
    const { createBucket } = options;
    const target = await registryTarget(location, {
      ...{ cwd: io.cwd, createBucket, retryForMs: shared.wait, logger },
      system: io.system,
    });
    const registry = await openRegistry(target, {
      versioned: options.unversioned ? false : undefined,
      mutable: options.mutable,
      graceMs: options.grace,
      locking: options.locking,
      signal: io.signal,
      system: io.system,
      logger: context.logger,
    });
    const { versioned, mutable, graceMs } = registry.settings;
    await registry[Symbol.asyncDispose]();
    const said =
      `${versioned ? "versioned" : "unversioned"}, ${mutable ? "mutable" : "immutable"}, ` +
      `grace ${formatGrace(graceMs)}`;
    const created = existing === undefined;
    const origin = found.by === "variable" || found.by === "env-file"
      ? `; the place ${originOf(found)}`
      : "";
    await context.result(
      { created, location: registry.location, id: registry.id, settings: registry.settings },
      shared.quiet
        ? undefined
        : `${
          created ? "Created a registry" : "There is a registry"
        } in ${location} (${said})${origin}`,
    );
    if (created && !shared.json) {
      await context.note(`Next: holdfast save NAME FILE${elsewhere(where, shared.registry)}`);
    }
  },
});

async function settingsOf(
  location: string,
  context: CommandContext,
): Promise<RegistrySettings | undefined> {
  let registry: Registry;
  try {
    const { io: { cwd, signal, system }, shared, logger } = context;
    const target = await registryTarget(location, { cwd, retryForMs: shared.wait, logger, system });
    registry = await openRegistry(target, { create: false, readOnly: true, signal });
  } catch (error) {
    if (isRegistryError(error, "NotFound")) return undefined;
    throw error;
  }
  await registry[Symbol.asyncDispose]();
  return registry.settings;
}

/** What was fixed at creation stays: each flag that says something else is named. */
function refuseDifference(location: string, given: InitOptions, settings: RegistrySettings): void {
  const { versioned, mutable, graceMs, locking } = settings;
  const isOther = <T>(asked: T | undefined, is: T) => asked !== undefined && asked !== is;
  const differences: [isOther: boolean, flag: string, was: string][] = [
    [isOther(given.mutable, mutable), "--mutable", "without it"],
    [isOther(given.unversioned, !versioned), "--unversioned", "without it"],
    [isOther(given.grace, graceMs), "--grace", `with a grace of ${formatGrace(graceMs)}`],
    [
      locking !== undefined && isOther(given.locking, locking),
      "--locking",
      `with --locking ${locking}`,
    ],
  ];
  const [first, ...more] = differences.filter(([isOther]) => isOther);
  if (first === undefined) return;
  const [, flag, was] = first;
  const flags = [first, ...more].map(([, flag]) => flag).join(", ");
  const longer = flag === "--grace" ? " A longer grace can be set: holdfast settings --grace." : "";
  throw fault({
    code: "Invalid",
    action: "create a registry in",
    subject: `${location} with ${flag}`,
    state: `there is one that was created ${was}`,
    hint: `Leave out ${flags}, or name another folder.${longer}`,
  });
}

/** A registry that is not found by itself must be named. */
function elsewhere(...places: (string | undefined)[]): string {
  const place = places.find((place) => place !== undefined);
  return place === undefined ? "" : ` --registry ${shellWord(place)}`;
}
