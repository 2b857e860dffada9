// What whoever sent a request may do. Every route asks it, lists only what it may read, and says
// `Denied` before it looks whether there is such a thing.
import type { RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import { allows, type Right, type Scope } from "./scopes.ts";

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
