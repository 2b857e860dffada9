// The contract of an entry point in the cases.
import { isRegistryError } from "../../../core/errors.ts";
import type { Registry } from "../../../core/registry.ts";

/** A registry, and the service of it. */
export interface Location {
  /** Opens it in this program. */
  use<T>(run: (registry: Registry) => Promise<T>): Promise<T>;
  /** For programs that open it themselves. Undefined for a registry in memory. */
  store?: Store;
  url: string;
  token: string;
  /** An empty folder. */
  cwd: string;
}

export interface Store {
  location: string;
  /** Variables of the command line. */
  env?: Record<string, string>;
  /** Options of the client of boto3. */
  s3?: Record<string, string>;
}

export interface Save {
  name: string;
  text?: string;
  /** JSON as it is stored, instead of the text. */
  value?: string;
  /** JSON, as a user writes it. */
  metadata: string;
  version?: string;
  bump?: "major" | "minor" | "patch";
  share?: "values" | "bytes" | "files" | "none";
  alias?: string;
  inputs?: string[];
  onConflict?: "fail" | "skip" | "overwrite";
  idempotencyKey?: string;
  skipIfUnchanged?: boolean;
  compress?: "gzip" | "zstd";
  ifCommit?: string;
}

export interface Rule {
  pattern: string;
  keepLast?: number;
  protect?: boolean;
}

/** The arguments of each operation. All answers are JSON. */
export interface Arguments {
  /** Answers `{ version, skipped }`. */
  save: Save;
  /** Answers `{ version, skipped }`. */
  copy: { ref: string; to: string; onConflict?: "skip" };
  /** Answers nothing. */
  setAlias: { name: string; alias: string; version: string; expected?: string | null };
  /** Answers `{ version, was }`. */
  rollbackAlias: { name: string; alias: string };
  /** Answers whether it existed. */
  deleteAlias: { name: string; alias: string };
  /** Answers whether it existed. */
  delete: { ref: string; allVersions?: boolean; force?: boolean; ifCommit?: string };
  /** Answers the version. */
  undelete: { ref: string };
  /** Answers `{ notes, labels, revision }`. */
  annotate: { ref: string; notes?: string | null; labels?: object | null; ifRevision?: number };
  /** Answers all rules. */
  setRule: Rule;
  /** Answers all rules. */
  removeRule: { pattern: string };
  /** Prunes by the rules. Answers the refs of what it deleted. */
  prune: Record<never, never>;
  /** Publishes a release. Answers `{ version, skipped }`. */
  publish: { name: string; members: Record<string, string>; version?: string; alias?: string };
  /** Adds a file to a draft. Answers `{ added, files, size }`. */
  addPart: { name: string; draft: string; part: string; path: string; text: string };
  /** Answers `{ version, skipped }`. */
  commitDraft: { name: string; draft: string; parts?: string[]; version?: string; alias?: string };
  /** Logs a point to a run, and finishes it with a text. Answers `{ version, skipped }`. */
  finishRun: { name: string; run: string; text: string };
  /** Answers whether there was one to discard. */
  discardDraft: { name: string; draft: string };

  /** Answers `{ text, metadata }` or `{ value, metadata }`. */
  load: { ref: string; asOf?: string };
  /** Answers what is known of a version, and of its files. */
  info: { ref: string; asOf?: string };
  /** Answers the text of a range of the only file. */
  range: { ref: string; offset: number; length?: number };
  names: { prefix?: string; after?: string; limit?: number };
  versions: { name: string; range?: string; after?: string; limit?: number };
  aliases: { name: string };
  /** Answers versions, null for a removal. */
  history: { name: string; alias: string; after?: number; limit?: number };
  /** Answers `event version` or `event alias version`, newest first. */
  log: { name: string; limit?: number };
  /** Answers `{ notes, labels, revision }`, or null for none. */
  annotations: { ref: string };
  /** Answers the rules that match a name. */
  rules: { name: string };
  /** Answers the versions of a name that match. */
  search: { name: string; query: string; limit?: number };
  /** Answers the lists of a listing that is read in pages. */
  pages: { of: Listing; limit: number; name?: string; alias?: string };
  /** Answers the ref and state of each member of a release. */
  members: { ref: string };
  /** Answers the state of a draft, its version and its parts. */
  draftInfo: { name: string; draft: string };
}

export type Listing = "names" | "versions" | "aliases" | "history" | "log";

export type Operation = keyof Arguments;

const NAMES: Record<Operation, true> = {
  save: true,
  copy: true,
  setAlias: true,
  deleteAlias: true,
  delete: true,
  undelete: true,
  annotate: true,
  setRule: true,
  removeRule: true,
  prune: true,
  load: true,
  info: true,
  range: true,
  names: true,
  versions: true,
  aliases: true,
  history: true,
  log: true,
  annotations: true,
  rollbackAlias: true,
  rules: true,
  search: true,
  publish: true,
  addPart: true,
  commitDraft: true,
  discardDraft: true,
  finishRun: true,
  pages: true,
  members: true,
  draftInfo: true,
};

export const OPERATIONS = Object.keys(NAMES) as Operation[];

export type Operations = {
  [name in Operation]: (at: Location, given: Arguments[name]) => Promise<unknown>;
};

/** Another way into a registry. */
export interface EntryPoint {
  operations: Partial<Operations>;
  /** Operations and options, such as `names.limit`, that it does not have, and why. */
  without: { [name in Operation | `${Operation}.${string}`]?: string };
  /** True if it reads the store itself, and so cannot read one in memory. */
  needsStore?: true;
  /** The names that it can express. @default all */
  names?: RegExp;
  /** The members of a loaded version that it has. @default all */
  loads?: string[];
  /** The code of all its refusals. @default that of the case */
  refuses?: string;
}

/** A refusal by another program. */
export class Refused extends Error {
  constructor(readonly code: string, message?: string, readonly status?: number) {
    super(message ?? code);
  }
}

/** Its result as JSON, or the code of its error. */
export async function orRefused(action: () => Promise<unknown>): Promise<unknown> {
  try {
    const answer = await action();
    return answer === undefined ? null : JSON.parse(JSON.stringify(answer));
  } catch (error) {
    if (error instanceof Refused || isRegistryError(error)) return { refused: error.code };
    throw error;
  }
}
