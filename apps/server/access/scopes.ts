// Scopes: what a token may do, as a text. `read:team/*` reads what begins with `team/`,
// `write:model` writes the one name, `read:*` reads everything, `metrics` reads `/metrics`, and
// `admin` may do all of it.
import { fault } from "../../../core/errors.ts";

/** What can be done to an artifact. Writing does not include reading. */
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
