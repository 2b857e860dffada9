// Methods for aliases.
import type { Registry } from "../../../core/registry.ts";
import type { AliasRows } from "../../../core/registry/operations/aliases.ts";
import type { OwnMethods } from "../../contract/derived.ts";
import { aliasHistory, deleteAlias, listAliases, setAlias } from "../aliases.ts";
import type { Context } from "../context.ts";
import type { Suggest } from "../look/suggesting.ts";
import { checkPromotion } from "./promotion.ts";

/** @param self returns the registry that has the methods */
export function aliasMethods(
  context: Context,
  suggest: Suggest,
  self: () => Registry,
): OwnMethods<AliasRows> {
  const set = async (...[, names, options = {}]: Parameters<typeof setAlias>) => {
    const commit = await checkPromotion(context, self(), names, options);
    await setAlias(context, names, { ...options, commit });
  };
  return {
    setAlias: (name, alias, version, options) =>
      suggest(set(context, { name, alias, version }, options), name, { ...options, version }),
    deleteAlias: (name, alias, options) => deleteAlias(context, { name, alias }, options),
    rollbackAlias: async (name, alias, options) => {
      const { rollBackAlias } = await import("../../contract/roll_back_alias.ts"); // rarely used
      return await rollBackAlias(
        self(),
        { name, alias },
        options,
        (version, { generation }, how) =>
          set(context, { name, alias, version }, { ...how, above: generation }),
      );
    },
    aliases: (name, options) => listAliases(context, name, options),
    history: (name, alias, options) => aliasHistory(context, { name, alias }, options),
  };
}
