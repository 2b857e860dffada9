// Rolling an alias back to the version before, through the methods of any registry.
import {
  type Advice,
  conflict,
  isRegistryError,
  isUnreadable,
  notFound,
  type RegistryError,
} from "../../core/errors.ts";
import { versionsBefore } from "../../core/naming/alias_history.ts";
import { shown } from "../../core/naming/names.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import type { RolledBackAlias, SetAliasOptions } from "../../core/registry/operations/aliases.ts";
import type { Registry } from "../../core/registry.ts";

interface Named {
  name: string;
  alias: string;
}

/** Sets an alias, unless it was changed after this generation, of this version. */
type SetAbove = (
  version: string,
  newest: { version?: string; generation: number },
  options: Pick<SetAliasOptions, "force" | "signal">,
) => Promise<void>;

/**
 * Sets an alias to the version that it named before, unless it is changed meanwhile.
 *
 * @param set by default it compares the versions: a change there and back is not noticed
 */
export async function rollBackAlias(
  registry: Pick<Registry, "has" | "history" | "setAlias">,
  named: Named,
  { expected, force, signal }: SetAliasOptions = {},
  set: SetAbove = (version, { version: was = null }, options) =>
    registry.setAlias(named.name, named.alias, version, { ...options, expected: was }),
): Promise<RolledBackAlias> {
  const { name, alias } = named;
  let newest: Parameters<SetAbove>[1] = { generation: 0 };
  const changes = async function* () {
    let isFirst = true;
    for await (const { version, generation } of registry.history(name, alias, { signal })) {
      if (isFirst) newest = { version, generation };
      isFirst = false;
      yield { version };
    }
  };
  const wanted = typeof expected === "string" ? parseVersion(expected).canonical : expected;
  const earlier = versionsBefore(changes());
  const { value: version } = await earlier.next().catch((error) => {
    throw isRegistryError(error, "NotFound") ? neverSet(named, error) : error;
  });
  const { version: was } = newest;
  if (wanted !== undefined && wanted !== (was ?? null)) throw otherThanExpected(named, was, wanted);
  if (version === undefined) throw nothingBefore(named);
  const exists = (version: string) => isThere(registry, `${name}@${version}`, signal);
  if (!await exists(version)) {
    let rest: string | undefined;
    for await (const each of earlier) {
      if (await exists(each)) {
        rest = each;
        break;
      }
    }
    throw deletedBefore(named, version, rest);
  }
  await set(version, newest, { force, signal });
  return { alias, version, ...was !== undefined && { was } };
}

/** Returns false for a deleted version. An unreadable one still exists. */
async function isThere(
  registry: Pick<Registry, "has">,
  ref: string,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    return await registry.has(ref, { signal });
  } catch (error) {
    if (isUnreadable(error)) return true;
    throw error;
  }
}

function otherThanExpected(
  { name, alias }: Named,
  was: string | undefined,
  expected: string | null,
): RegistryError {
  const state = `it points to ${was ?? "nothing"}, not to ${expected ?? "nothing"} as expected`;
  return conflict("roll back", shown(`${name}@${alias}`), state, {
    hint: "Read the aliases again, and decide whether your change still applies.",
  });
}

/** Says of the error of a missing history what it was read for. */
function neverSet(named: Named, { hint, reason }: RegistryError): RegistryError {
  return refusal(named, "no such alias ever existed", { hint, reason });
}

function nothingBefore(named: Named): RegistryError {
  const { name, alias } = named;
  return refusal(named, "it never pointed to another version", {
    hint: `List its changes: registry.history(${shown(name)}, ${shown(alias)}).`,
    reason: { kind: "alias_never_moved", name, alias },
  });
}

function deletedBefore(named: Named, version: string, rest: string | undefined): RegistryError {
  const { name, alias } = named;
  const state = `version ${version}, to which it pointed before, was deleted`;
  if (rest === undefined) {
    return refusal(named, state, {
      hint: `Point it to another version of registry.versions(${shown(name)}).`,
      reason: { kind: "alias_target_deleted", name },
    });
  }
  const args = [name, alias, rest].map(shown).join(", ");
  return refusal(named, state, {
    hint: `Point it to the last one that is left: registry.setAlias(${args}).`,
    reason: { kind: "alias_target_earlier", name, alias, version: rest },
  });
}

function refusal({ name, alias }: Named, state: string, advice: Advice): RegistryError {
  return notFound("roll back", shown(`${name}@${alias}`), state, advice);
}
