// Methods that follow from `open`, for registries that lack them.
import type { Artifact } from "../../core/artifact.ts";
import { fault, orMissing } from "../../core/errors.ts";
import { type DefinedArtifact, namedBy } from "../../core/materializer.ts";
import { checkName, shown } from "../../core/naming/names.ts";
import { checkAlias, parseRef } from "../../core/naming/refs.ts";
import type { LoadOptions, ReadOptions, Registry, SignalOptions } from "../../core/registry.ts";
import { realSystem } from "../../core/system.ts";
import { watchLatest } from "./watch.ts";

/** The methods that follow from `open`. */
export type OpenedMethods = Pick<
  Registry,
  | "load"
  | "get"
  | "info"
  | "has"
  | "download"
  | "watch"
  | "aliases"
  | "history"
>;

/** @param self returns the registry that has the methods; they call it once they are called */
export function openedMethods(self: () => Registry): OpenedMethods {
  async function load(
    artifact: string | DefinedArtifact<unknown>,
    options: LoadOptions = {},
  ): Promise<unknown> {
    const [ref, loadOptions] = namedBy(artifact, options);
    return await loadOpened(await self().open(ref, readOf(options)), self(), loadOptions);
  }
  return {
    load: load as Registry["load"],
    async get(ref: string, options: SignalOptions = {}) {
      const artifact = await orMissing(self().open(ref, options));
      return artifact && await loadOpened(artifact, self(), options);
    },
    info: async (ref, options) => (await self().open(ref, options)).info,
    has: async (ref, options) => await orMissing(self().open(ref, options)) !== undefined,
    async download(ref, options) {
      const { createDownload } = await import("../../disk/download_files.ts");
      return await createDownload(options).write(await self().open(ref, readOf(options)));
    },
    watch: (name, options = {}) =>
      watchLatest(name, options, {
        system: realSystem,
        latest: async (signal) => (await orMissing(self().open(name, { signal })))?.info,
      }),
    aliases: noAliases,
    history: noHistory,
  };
}

async function loadOpened(
  artifact: Artifact,
  { materializers }: Pick<Registry, "materializers">,
  options: LoadOptions,
): Promise<unknown> {
  const { makeValue } = await import("./make_value.ts");
  const { checkMaxLoadBytes, createLoadLimit } = await import("../../core/calls/load_limit.ts");
  const limit = createLoadLimit(checkMaxLoadBytes());
  const value = await makeValue(artifact, { ...options, materializers, limit });
  const { size, files } = artifact.info;
  options.onProgress?.({ path: files.at(-1)?.path ?? "", bytes: size, totalBytes: size });
  return value;
}

function readOf({ version, asOf, verify, signal }: LoadOptions): ReadOptions {
  return { version, asOf, verify, signal };
}

// deno-lint-ignore require-yield
async function* noAliases(name: string): AsyncGenerator<never> {
  await Promise.resolve(checkName(name));
}

// deno-lint-ignore require-yield
async function* noHistory(name: string, alias: string): AsyncGenerator<never> {
  parseRef(name);
  checkAlias(alias);
  await Promise.resolve();
  const subject = shown(`${name}@${alias}`);
  const state = "this registry keeps no alias history";
  const hint = "Pass `history` to defineRegistry.";
  throw fault({ code: "NotFound", action: "list the history of", subject, state, hint });
}
