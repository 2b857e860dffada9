// The rights of a request, and scopes: the rights of a token as text. `read:team/*` reads what begins
// with `team/`, `write:model` writes the one name, `read:*` reads everything, `metrics` reads
// `/metrics`, and `admin` may do all of it.
//
// Every route checks rights, lists only names that may be read, and answers `Denied` before it looks
// whether a name exists.
import { fault } from "../../../core/errors.ts";
import type { RegistryError } from "../../../mod.ts";

/** The ways to access an artifact. Writing does not include reading. */
export type Right = "read" | "write";

/**
 * The right that a route needs: none, to read or write its artifact, or a scope that names no artifact.
 */
export type RouteScope = "open" | "read" | "write" | "metrics" | "admin";

export type Scope =
  | { kind: "admin" | "metrics" }
  | {
    kind: Right;
    name: string;
    prefix: boolean;
  };

/**
 * Parses `read:NAME`, `write:NAME`, `metrics` or `admin`; a `*` at the end of a name stands for anything.
 *
 * @throws {RegistryError} `Invalid` for anything else
 */
export function parseScope(text: string): Scope {
  if (text === "admin" || text === "metrics") return { kind: text };
  const [, kind, pattern] = /^(read|write):(.+)$/s.exec(text) ?? [];
  const name = pattern?.replace(/\*$/, "");
  if (kind !== undefined && !name.includes("*")) {
    return { kind: kind as Right, name, prefix: name !== pattern };
  }
  throw fault({
    code: "Invalid",
    action: "read",
    subject: `${JSON.stringify(text.slice(0, 80))} as a scope`,
    state: "there is no such right",
    hint: "Examples: read:*, read:team/*, write:models:* (a * only at the end), metrics, admin.",
  });
}

export function allows(scopes: readonly Scope[], right: Right, name: string): boolean {
  return scopes.some((scope) => {
    if (scope.kind === "admin") return true;
    if (scope.kind !== right) return false;
    return scope.prefix ? name.startsWith(scope.name) : name === scope.name;
  });
}

/** The rights behind a request. */
export interface Access {
  /** The id of its token; undefined where the service asks for none. Uploads and jobs keep it as their owner. */
  readonly token?: string;
  /** Whether it may do everything. */
  readonly admin: boolean;
  /** Whether it may read `/metrics`. */
  readonly metrics: boolean;
  /** Whether it may do this to an artifact. For listings: what it may not read is left out. */
  may(right: Right, name: string): boolean;
  maySome(right: Right): boolean;
  /** Throws `Denied` unless it may. */
  check(right: Right, name: string): void;
  owns(owner: string | undefined): boolean;
}

/** Who may do everything: a service without tokens, which only this machine reaches. */
export const everything: Access = createAccess(undefined, [{ kind: "admin" }]);

export function createAccess(token: string | undefined, scopes: readonly Scope[]): Access {
  const admin = scopes.some(({ kind }) => kind === "admin");
  return {
    token,
    admin,
    metrics: admin || scopes.some(({ kind }) => kind === "metrics"),
    may: (right, name) => allows(scopes, right, name),
    maySome: (right) => admin || scopes.some(({ kind }) => kind === right),
    check(right, name) {
      if (allows(scopes, right, name)) return;
      throw denied(`${right} ${JSON.stringify(name)}`, `${right}:${name}`);
    },
    owns: (owner) => admin || owner === token,
  };
}

/** Of items, at most `limit` of those whose name may be read; the rest is passed over. */
export async function* readable<T>(
  items: AsyncIterable<T>,
  { access, nameOf, limit = Infinity }: {
    access: Access;
    nameOf: (item: T) => string;
    limit?: number;
  },
): AsyncIterable<T> {
  let left = limit;
  if (left <= 0) return;
  for await (const item of items) {
    if (!access.may("read", nameOf(item))) continue;
    yield item;
    if (--left <= 0) return;
  }
}

export function denied(action: string, scope: string): RegistryError {
  return fault({
    code: "Denied",
    action,
    state: "the token does not have the right",
    hint: `Use a token with the scope ${scope}: holdfast token create --scope ${
      JSON.stringify(scope)
    }`,
  });
}
