import { originOf } from "../../../../registry/places/mod.ts";
import { type Backend, openRegistry, type Registry } from "../../../../mod.ts";
import { invalid, orMissing } from "../../../../core/errors.ts";
import { changeSettings, readSettings } from "../../../../registry/tools/settings.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { findRegistry, refuseForeign, refuseService } from "../../places/find_registry.ts";
import { shellWord } from "../../terminal/hints.ts";
import { localPathOf, registryTarget } from "../../places/open_store.ts";
import { refuseFile } from "../../program/refusals.ts";
import { formatGrace, parseGrace } from "../../terminal/units.ts";

export const init: Command = defineCommand({
  name: "init",
  summary: "Create a registry in ./.holdfast or elsewhere.",
  details: "Only the grace period and --share can be changed later. An existing registry is left " +
    "as it is; passing other options than it was created with is an error.",
  args: [{
    usage: "[where]",
    text: "a folder, URL or @name (default: --registry, then HOLDFAST_REGISTRY, also from .env, " +
      "then ./.holdfast)",
    completes: "place",
  }],
  options: [
    { flags: "--mutable", text: "allow overwriting versions" },
    { flags: "--unversioned", text: "one value per name, without versions" },
    {
      flags: "--grace <duration>",
      text: "how long replaced data stays, at least 1h",
      parse: parseGrace,
    },
    {
      flags: "--locking <how>",
      text: "lock with hard links, or with a file lock on disks without them",
      choices: ["link", "file"],
    },
    {
      flags: "--share <what>",
      text: "what new versions share with the last one: also values of weights, equal bytes, or " +
        "only whole files",
      choices: ["values", "bytes", "files"],
    },
    { flags: "-f, --force", text: "create it in a folder with other files" },
    { flags: "--create-bucket", text: "create the bucket if it is missing" },
  ],
  examples: [
    ["holdfast init", "in this folder, as ./.holdfast"],
    ["holdfast init /mnt/team/models", "in a shared folder"],
    ["holdfast init s3://bucket/models", "in a bucket, which is probed first"],
    ["holdfast init --mutable --grace 48h", "allow overwriting"],
  ],
  async run([where], options, context) {
    const { io, shared } = context;
    const place = findRegistry(where ?? shared.registry, io, { upward: false, create: true });
    const { location } = place;
    refuseService(place, "create a registry");
    const path = localPathOf(location);
    refuseFile(path, "create");
    const { createBucket, mutable, grace: graceMs, locking, share } = options;
    const { cwd, signal, system } = io;
    const { logger } = context;
    const targetOptions = { cwd, retryForMs: shared.wait, logger, system };
    const created = !await exists(await registryTarget(location, targetOptions), signal);
    if (created && path !== undefined && !options.force) await refuseForeign(path);
    const registry = await openRegistry(
      await registryTarget(location, { ...targetOptions, createBucket }),
      {
        versioned: options.unversioned ? false : undefined,
        mutable,
        graceMs,
        locking,
        signal,
        system,
        logger,
      },
    );
    if (share !== undefined) await setShare(registry, share, { created, signal });
    const { id, settings } = registry;
    await registry[Symbol.asyncDispose]();
    const kind = `${settings.versioned ? "versioned" : "unversioned"}, ` +
      `${settings.mutable ? "mutable" : "immutable"}, grace ${formatGrace(settings.graceMs)}`;
    const isConfigured = place.by === "variable" || place.by === "env-file";
    const origin = isConfigured ? `; the location ${originOf(place)}` : "";
    const what = created ? "Created a registry" : "Found a registry";
    await context.done(
      { created, location: registry.location, id, settings },
      `${what} in ${location} (${kind})${origin}`,
    );
    if (created && !shared.json) {
      await context.note(`Next: holdfast save NAME FILE${elsewhere(where, shared.registry)}`);
    }
  },
});

/** Sets what a new registry shares. Throws for another one that shares something else. */
async function setShare(
  registry: Registry,
  share: "values" | "bytes" | "files",
  { created, signal }: { created: boolean; signal: AbortSignal },
): Promise<void> {
  const settings = created
    ? changeSettings(registry, { share, signal })
    : readSettings(registry, { signal });
  const { share: now } = await settings;
  if (now === share) return;
  throw invalid("open the registry with", `--share ${share}`, `its versions share ${now}`, {
    hint: `To change that, run \`holdfast settings --share ${share}\`.`,
  });
}

async function exists(target: string | Backend, signal: AbortSignal): Promise<boolean> {
  const registry = await orMissing(openRegistry(target, { create: false, readOnly: true, signal }));
  await registry?.[Symbol.asyncDispose]();
  return registry !== undefined;
}

/** Returns the option that names a registry outside the default locations. */
function elsewhere(...places: (string | undefined)[]): string {
  const place = places.find((place) => place !== undefined);
  return place === undefined ? "" : ` --registry ${shellWord(place)}`;
}
