// Aliases of versions: options, results and rows of their operations.
import type { Author } from "../../naming/author.ts";
import type { SignalOptions } from "./saving.ts";
import type { MemberRows } from "../../kinds.ts";
import { type RoutedRowOf, SIGNAL } from "./row.ts";

/** Options of setting and deleting an alias. */
export interface SetAliasOptions extends SignalOptions {
  /** The current version of the alias, or null for none; otherwise `Conflict`. */
  expected?: string | null;
  /**
   * Also changes an alias that a rule protects. Through a service it needs the right to promote.
   *
   * @default false: `Conflict`
   */
  force?: boolean;
}

/** Options of {@linkcode Registry.history}. */
export interface HistoryOptions extends SignalOptions {
  /** Only changes older than the one with this `generation`. */
  after?: number;
  /** @default all */
  limit?: number;
}

/** An alias of a name. */
export interface AliasEntry {
  alias: string;
  /** The version that it points to, in full without build metadata. */
  version: string;
}

/** A change of an alias. */
export interface AliasChange {
  /** The new version, in full without build metadata; absent if the alias was deleted. */
  version?: string;
  /** Id of the operation, a UUIDv7. */
  commit: string;
  /** Number of the change, from 1. */
  generation: number;
  /** Time of the change by the store's clock; on a restored disk, the time of the restore. */
  changedAt: Date;
  /** Time of the change by the clock of the machine that made it. */
  createdAt: Date;
  /** The author of the change, if known. */
  by?: Author;
}

/** The result of {@linkcode Registry.rollbackAlias}. */
export interface RolledBackAlias {
  alias: string;
  /** The version that it points to again. */
  version: string;
  /** The version that it pointed to; absent if the alias was deleted. */
  was?: string;
}

const ALIAS: MemberRows<AliasEntry> = { alias: "text", version: "text" };

const CHANGE: MemberRows<AliasChange> = {
  version: "text?",
  commit: "text",
  generation: "count",
  changedAt: "moment",
  createdAt: "moment",
  by: "author?",
};

const ROLLED_BACK: MemberRows<RolledBackAlias> = { ...ALIAS, was: "text?" };

const EXPECTED = {
  sent: "text",
  orNull: true,
  doc: "The current version of the alias, or null for none; otherwise 409",
} as const;

const FORCE = { sent: "flag", doc: "Also an alias that a rule protects: needs `promote`" } as const;

/** The rows about aliases, which all have a route. */
export interface AliasRows {
  setAlias: RoutedRowOf<SetAliasOptions>;
  deleteAlias: RoutedRowOf<SetAliasOptions>;
  rollbackAlias: RoutedRowOf<SetAliasOptions>;
  aliases: RoutedRowOf<SignalOptions>;
  history: RoutedRowOf<HistoryOptions>;
}

export const ALIASES: AliasRows = {
  setAlias: {
    action: "set an alias of",
    takes: ["name", "alias", "version"],
    options: { expected: EXPECTED, force: FORCE, ...SIGNAL },
    effect: "writes",
    repeatsWithout: ["expected"],
    route: {
      at: "PUT /artifacts/:name/aliases/:alias",
      id: "setAlias",
      tag: "aliases",
      summary: "Sets an alias to a version",
      scope: "move",
      forced: "promote",
      request: "AliasRequest",
      answer: { type: "Alias", doc: "The alias", has: ALIAS, returns: null },
    },
  },
  deleteAlias: {
    action: "delete an alias of",
    takes: ["name", "alias"],
    options: { expected: EXPECTED, force: FORCE, ...SIGNAL },
    effect: "writes",
    route: {
      at: "DELETE /artifacts/:name/aliases/:alias",
      id: "deleteAlias",
      tag: "aliases",
      summary: "Removes an alias",
      scope: "move",
      forced: "promote",
      answer: {
        type: "Deleted",
        doc: "`deleted` is false without an alias",
        has: { deleted: "flag" },
        returns: "deleted",
      },
    },
  },
  rollbackAlias: {
    action: "roll back an alias of",
    takes: ["name", "alias"],
    options: { expected: EXPECTED, force: FORCE, ...SIGNAL },
    effect: "writes",
    route: {
      at: "POST /artifacts/:name/aliases/:alias/rollback",
      id: "rollbackAlias",
      tag: "aliases",
      summary: "Sets an alias to the version that it pointed to before",
      description: "409 if the alias is changed meanwhile. Also needs the right to read the name.",
      scope: "move",
      forced: "promote",
      reads: true,
      answer: { type: "RolledBackAlias", doc: "The alias", has: ROLLED_BACK },
    },
  },
  aliases: {
    action: "list aliases of",
    takes: ["name"],
    options: SIGNAL,
    effect: "lists",
    route: {
      at: "GET /artifacts/:name/aliases",
      id: "listAliases",
      tag: "aliases",
      summary: "Lists the aliases of a name and their versions",
      scope: "read",
      answer: {
        type: "Alias",
        page: "AliasesPage",
        doc: "A page of aliases, or all of them as lines",
        has: ALIAS,
        key: "alias",
      },
    },
  },
  history: {
    action: "list the history of an alias of",
    takes: ["name", "alias"],
    options: { after: { sent: "count" }, limit: { sent: "count" }, ...SIGNAL },
    effect: "lists",
    route: {
      at: "GET /artifacts/:name/aliases/:alias/history",
      id: "listAliasHistory",
      tag: "aliases",
      summary: "Lists the changes and removals of an alias, newest first",
      scope: "read",
      answer: {
        type: "AliasChange",
        page: "HistoryPage",
        doc: "A page of changes, or all of them as lines. `after` is a generation",
        has: CHANGE,
        key: "generation",
      },
    },
  },
};
