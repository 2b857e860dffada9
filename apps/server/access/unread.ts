// Refused changes, for tokens that may not read the name that they change.
import { isRegistryError, retold } from "../../../core/errors.ts";
import type { ReasonKind } from "../../../core/hints/reasons.ts";
import type { RequestInfo } from "../gateways/gateway.ts";

/** States without the aliases, versions and rules that refuse a change. */
const STATES: Partial<Record<ReasonKind, string>> = {
  held_by_alias: "an alias points to it",
  held_by_release: "a release names it",
  protected: "a rule protects it",
  alias_protected: "a rule protects an alias",
  promotion_refused: "the version does not meet the conditions of a rule",
};

/** Returns an error. If the sender may not read the name, it has only what the request named. */
export function withoutUnread(thrown: unknown, info: RequestInfo): unknown {
  const { access, version, aliases = [] } = info;
  const name = info.target ?? info.name;
  if (!isRegistryError(thrown) || name === undefined || access.may("read", name)) return thrown;
  const { reason } = thrown;
  const state = reason && Object.hasOwn(STATES, reason.kind)
    ? STATES[reason.kind as ReasonKind]
    : undefined;
  if (state === undefined) return thrown;
  const isOfAlias = reason?.kind === "alias_protected" || reason?.kind === "promotion_refused";
  const at = isOfAlias ? aliases.find((alias) => alias === reason.alias) : version;
  const subject = JSON.stringify(at === undefined ? name : `${name}@${at}`);
  const words = { subject, state, place: undefined, key: undefined };
  if (!isOfAlias || at !== undefined) return retold(thrown, words);
  const hint = `Use another version, or a token that may also read ${JSON.stringify(name)}.`;
  return retold(thrown, { ...words, hint }); // the reason has the alias
}
