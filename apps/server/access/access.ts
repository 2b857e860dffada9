// Rights of a request, and scopes: the rights of a token as strings. `read:team/*` reads names that
// begin with `team/`, `save:model` saves versions of one name, `write:model` also moves its aliases
// and deletes, `metrics` reads `/metrics`, and `admin` has all rights.
//
// Every route checks rights, lists only readable names, and answers `Denied` before it checks
// whether a name exists.
import {
  checkName,
  encodeName,
  encodeNamePrefix,
  nameProblem,
} from "../../../core/naming/names.ts";
import type { NamesOptions, Registry } from "../../../core/registry.ts";
import type { Author } from "../../../core/naming/author.ts";
import { denied as refused, invalid, type RegistryError } from "../../../core/errors.ts";
import { RELEASE } from "../../../core/registry/release.ts";
import type { ArtifactInfo, PagedArtifact } from "../../../core/artifact.ts";

/**
 * A right to change an artifact. None includes reading.
 *
 * - `save`: new versions, and notes and labels of those that the same token saved.
 * - `move`: aliases, releases (with `save`), and notes and labels of all versions and of the name.
 * - `promote`: what `move` allows, and aliases that a rule protects.
 * - `delete`: deletes, restores and overwrites versions.
 */
export type Change = "save" | "move" | "promote" | "delete";

/** A right on an artifact. */
export type Right = "read" | Change;

/** The right that a route needs. `open` needs none. */
export type RouteScope = "open" | Right | "metrics" | "admin";

/** A right that a token has; `write` stands for `save`, `move` and `delete`. */
export type Scope =
  | { kind: "admin" | "metrics" }
  | { kind: Right | "write"; name: string; prefix: boolean };

/**
 * Parses a scope, such as `read:NAME`, `write:NAME`, `metrics` or `admin`. A `*` at the end of a
 * name matches any suffix.
 *
 * @throws {RegistryError} `Invalid` for anything else
 */
export function parseScope(text: string): Scope {
  if (text === "admin" || text === "metrics") return { kind: text };
  const [, kind, pattern = ""] = /^(read|save|move|promote|delete|write):(.+)$/s.exec(text) ?? [];
  const problem = kind === undefined ? "unknown scope" : patternProblem(pattern);
  const name = pattern.replace(/\*$/, "");
  if (problem === undefined) {
    return { kind: kind as Right | "write", name, prefix: name !== pattern };
  }
  throw invalid("read", `scope ${JSON.stringify(text.slice(0, 80))}`, problem, {
    hint:
      "Examples: read:team/*, save:models:*, move:model, delete:model, write:*, metrics, admin.",
  });
}

/** Returns why no name can match a pattern, undefined for `team/*` and `model`. */
export function patternProblem(pattern: string): string | undefined {
  const name = pattern.replace(/\*$/, "");
  if (name.includes("*")) return "a * is only allowed at the end";
  return nameProblem(name === pattern ? name : `${name}x`);
}

function scopeText(scope: Scope): string {
  return "name" in scope ? `${scope.kind}:${scope.name}${scope.prefix ? "*" : ""}` : scope.kind;
}

/** The rights of a request. */
export interface Access {
  /** The id of its token, the owner of its uploads and jobs. Absent without tokens. */
  readonly token?: string;
  readonly admin: boolean;
  /** Its rights as strings, such as `read:team/*`. */
  readonly scopes: readonly string[];
  /** When its token expires, milliseconds since 1970: nothing that it gets lives longer. */
  readonly expiresAtMs?: number;
  /** The author of its changes. @default that of the registry */
  readonly author?: Author;
  /** The identity provider that issued its token. Absent for stored tokens. */
  readonly issuer?: string;
  /** The right to read `/metrics`. */
  readonly metrics: boolean;
  /** Returns true if it has this right on an artifact. Listings omit other artifacts. */
  may(right: Right, name: string): boolean;
  /** Returns true if it has this right on any artifact. */
  maySome(right: Right): boolean;
  /** Returns true if it may change any artifact in any way. */
  readonly mayChange: boolean;
  /** Throws `Denied` unless it has this right. */
  check(right: Right, name: string): void;
  owns(owner: string | undefined): boolean;
}

/** The rights in a service without tokens. */
export const everything: Access = createAccess(undefined, [{ kind: "admin" }]);

/**
 * Creates the rights of scopes as strings, with what else is known of their token.
 *
 * @throws {RegistryError} `Invalid` for an unknown scope
 */
export function accessOf(
  id: string,
  scopes: readonly string[],
  { expiresAtMs, author, issuer }: Pick<Access, "expiresAtMs" | "author" | "issuer"> = {},
): Access {
  return createAccess(id, scopes.map(parseScope), { expiresAtMs, author, issuer });
}

export function createAccess(
  token: string | undefined,
  scopes: readonly Scope[],
  { expiresAtMs, author, issuer }: Pick<Access, "expiresAtMs" | "author" | "issuer"> = {},
): Access {
  const admin = scopes.some(({ kind }) => kind === "admin");
  const may = (right: Right, name: string) =>
    admin || scopes.some((scope) => {
      if (!("name" in scope) || !grants(scope.kind, right)) return false;
      return scope.prefix ? name.startsWith(scope.name) : name === scope.name;
    });
  return {
    token,
    admin,
    scopes: scopes.map(scopeText),
    expiresAtMs,
    author,
    issuer,
    metrics: admin || scopes.some(({ kind }) => kind === "metrics"),
    may,
    maySome: (right) => admin || scopes.some(({ kind }) => grants(kind, right)),
    mayChange: admin || scopes.some(({ kind }) => kind !== "read" && kind !== "metrics"),
    check(right, name) {
      if (!may(right, name)) throw denied(`${right} ${JSON.stringify(name)}`, `${right}:${name}`);
    },
    owns: (owner) => admin || owner === token,
  };
}

function grants(kind: Scope["kind"], right: Right): boolean {
  if (kind === "write") return right !== "read" && right !== "promote";
  return kind === right || kind === "promote" && right === "move";
}

/** Returns true for a right to change an artifact. */
export function isChange(scope: RouteScope | undefined): scope is Change {
  return scope === "save" || scope === "move" || scope === "promote" || scope === "delete";
}

/**
 * Lists names that may be read, as `registry.names` does. Starts at the prefixes of the scopes, so
 * other names cost nothing.
 */
export async function* readableNames(
  registry: Pick<Registry, "names" | "versions">,
  access: Access,
  { prefix = "", after, limit = Infinity, signal }: NamesOptions = {},
): AsyncGenerator<string> {
  if (after !== undefined) checkName(after);
  const last = after === undefined ? "" : `${encodeName(after)}/`;
  let count = 0;
  for (const { name, key, all } of readableRanges(access, prefix)) {
    if (count >= limit) return;
    const isBefore = key <= last && !(all && last.startsWith(key));
    if (isBefore || nameProblem(name) !== undefined && !all) continue;
    const matching = all
      ? registry.names({ prefix: name, after, signal })
      : registry.versions(name, { limit: 1, signal });
    for await (const item of matching) {
      const its = typeof item === "string" ? item : item.name;
      if (!access.may("read", its)) continue;
      yield its;
      if (++count >= limit) break;
    }
  }
}

/** Returns the ranges of readable names with a prefix, in order and without overlaps. */
function readableRanges({ admin, scopes }: Access, prefix: string) {
  const ranges = (admin ? ["read:*"] : scopes).map(parseScope).flatMap((scope) => {
    if (scope.kind !== "read") return [];
    const all = scope.prefix;
    const name = all && prefix.startsWith(scope.name) ? prefix : scope.name;
    const key = all ? encodeNamePrefix(name) : `${encodeName(name)}/`; // in the order of names
    return name.startsWith(prefix) ? [{ name, all, key }] : [];
  }).sort((a, b) => a.key < b.key ? -1 : 1);
  let previous: (typeof ranges)[number] | undefined;
  return ranges.filter((range) => {
    if (previous?.all ? range.key.startsWith(previous.key) : range.key === previous?.key) {
      return false;
    }
    previous = range;
    return true;
  });
}

export function mayReadRef(access: Access, ref: string): boolean {
  return access.may("read", ref.replace(/@.*/s, ""));
}

/** Returns an info without inputs that may not be read. */
export function readableInfo<I extends Pick<ArtifactInfo, "inputs">>(info: I, access: Access): I {
  const isReadable = (input: ArtifactInfo["inputs"][number]) =>
    mayReadRef(access, typeof input === "string" ? input : input.ref);
  return { ...info, inputs: info.inputs.filter(isReadable) };
}

/** A version opened for a token. `checkFiles` throws `Denied` if the token may not read its files. */
export type ReadablePages = PagedArtifact & { checkFiles?(): void };

/**
 * Returns a version without the inputs that a token may not read. The files of a release with such
 * members are `Denied`.
 */
export function readablePages(version: PagedArtifact, access: Access): ReadablePages {
  const info = readableInfo(version.info, access);
  if (info.inputs.length === version.info.inputs.length) return version;
  const checkFiles = () => checkMembers(info);
  return {
    info,
    count: version.count,
    checkFiles,
    async *pages(options) {
      checkFiles();
      for await (const page of version.pages(options)) {
        const readable = readableInfo(page.info, access);
        yield { info: readable, file: (path) => page.file(path), files: () => page.files() };
      }
    },
    async file(path) {
      checkFiles();
      return await version.file(path);
    },
  };
}

/** Throws `Denied` for a release, some of whose members are hidden. */
function checkMembers({ materializer }: Pick<ArtifactInfo, "materializer">): void {
  if (materializer.id !== RELEASE) return;
  const state = "the token may not read all of its members";
  throw refused("read the files of a release", undefined, state, {
    hint: "List those that it may read: GET /artifacts/{name}/versions/{version}/members",
  });
}

/** Returns the error of a token that lacks a scope. */
export function denied(action: string, scope: string): RegistryError {
  return refused(action, undefined, "the token does not grant this right", {
    hint: `Use a token with the scope ${scope}.`,
    reason: { kind: "scope_missing", scope },
  });
}
