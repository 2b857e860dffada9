// `holdfast init`
import { originOf } from "../../../../registry/places/mod.ts";
import { type Backend, openRegistry } from "../../../../mod.ts";
import type { Locking } from "../../../../backends/mod.ts";
import { orMissing } from "../../../../core/errors.ts";
import { type Command, defineCommand } from "../../program/command.ts";
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
    const { createBucket, mutable, grace: graceMs, locking } = options;
    const { cwd, signal, system } = io;
    const { logger } = context;
    const how = { cwd, retryForMs: shared.wait, logger, system };
    const created = !await isThere(await registryTarget(location, how), signal);
    if (created && path !== undefined && !options.force) await refuseForeign(path);
    const registry = await openRegistry(await registryTarget(location, { ...how, createBucket }), {
      versioned: options.unversioned ? false : undefined,
      ...{ mutable, graceMs, locking, signal, system, logger },
    });
    const { id, settings } = registry;
    await registry[Symbol.asyncDispose]();
    const said = `${settings.versioned ? "versioned" : "unversioned"}, ` +
      `${settings.mutable ? "mutable" : "immutable"}, grace ${formatGrace(settings.graceMs)}`;
    const isConfigured = found.by === "variable" || found.by === "env-file";
    const origin = isConfigured ? `; the place ${originOf(found)}` : "";
    const what = created ? "Created a registry" : "There is a registry";
    await context.done(
      { created, location: registry.location, id, settings },
      `${what} in ${location} (${said})${origin}`,
    );
    if (created && !shared.json) {
      await context.note(`Next: holdfast save NAME FILE${elsewhere(where, shared.registry)}`);
    }
  },
});

async function isThere(target: string | Backend, signal: AbortSignal): Promise<boolean> {
  const registry = await orMissing(openRegistry(target, { create: false, readOnly: true, signal }));
  await registry?.[Symbol.asyncDispose]();
  return registry !== undefined;
}

/** A registry that is not found by itself must be named. */
function elsewhere(...places: (string | undefined)[]): string {
  const place = places.find((place) => place !== undefined);
  return place === undefined ? "" : ` --registry ${shellWord(place)}`;
}
