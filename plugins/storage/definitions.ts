// The built-in storages, from the descriptions of their drivers. Each ignores the settings of the
// others, so that changing its name is enough to replace it.
import { DRIVERS } from "../../backends/drivers.ts";
import type { StorageDescription } from "../../core/driver.ts";
import type { AnyDefinition } from "../sets/make_plugin.ts";
import { defineSettings, flag, type Setting, text } from "../sets/settings.ts";

const DESCRIBED: Readonly<Record<string, StorageDescription>> = Object.assign(
  {},
  ...DRIVERS.map(({ storages }) => storages),
);
const ALL = Object.values(DESCRIBED);

const ALIASES: Record<string, string> = Object.assign({}, ...ALL.map(({ aliases }) => aliases));

/** Secret settings of all storages: ignored ones are never shown or sent either. */
const SECRETS = [...new Set(ALL.flatMap(({ secrets = [] }) => secrets))];

const OTHERS = [...new Set(ALL.flatMap(({ settings }) => Object.keys(settings)))];

function define(name: string, { settings, required, env = {} }: StorageDescription): AnyDefinition {
  const known = Object.entries(settings).map(([name, kind]): [string, Setting] => {
    const setting = kind === "text" ? text : kind === "flag" ? flag : { problemOf: kind };
    return [name, { ...setting, required: required.includes(name) }];
  });
  return {
    config: defineSettings(Object.fromEntries(known), { others: OTHERS }),
    aliases: ALIASES,
    env,
    secrets: SECRETS,
    create: async (config, { system, logger }) =>
      (await import("./open_storage.ts")).openStorage(name, { ...config, system, logger }),
  };
}

export const STORAGES: Readonly<Record<string, AnyDefinition>> = Object.fromEntries(
  Object.entries(DESCRIBED).map(([name, storage]) => [name, define(name, storage)]),
);
