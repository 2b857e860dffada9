// The plugins of the built-in storages. Each ignores the settings of the others, so that changing its
// name is enough to replace it.
import type { AnyDefinition } from "../sets/make_plugin.ts";
import { defineSettings, flag, type Setting, text } from "../sets/settings.ts";
import { type StorageDescription, STORAGES } from "./storages.ts";

const ALL = Object.values(STORAGES);

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

export const STORAGE_PLUGINS: Readonly<Record<string, AnyDefinition>> = Object.fromEntries(
  Object.entries(STORAGES).map(([name, storage]) => [name, define(name, storage)]),
);
