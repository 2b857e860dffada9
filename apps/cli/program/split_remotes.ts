// Refs with a registry: `@team/my:model@^1` is `my:model@^1` in the registry named team. Names of
// artifacts never begin with `@`. If the name is optional, `@team` alone means the whole registry.
import { type Advice, fault } from "../../../core/errors.ts";
import type { Command, SharedOptions } from "./command.ts";
import { invalid, shellWord } from "../terminal/hints.ts";
import { commandReasons } from "../terminal/reasons.ts";

/** `@team/my:model@^1`: the registry, and the ref in it. */
const REMOTE = /^(@[^/@]+)(?:\/(.*))?$/s;

interface SplitArguments {
  args: readonly unknown[];
  /** `@team`, as for `--registry`. */
  registry?: string;
}

/**
 * Removes the registry from the arguments that are names or refs.
 *
 * @throws {RegistryError} `Invalid` if they name several, or `--registry` names another
 */
export function splitRemotes(
  { args: definitions, between }: Command,
  args: readonly unknown[],
  shared: SharedOptions,
): SplitArguments {
  const named = new Set<string>();
  const split = (arg: unknown, isOptional: boolean): unknown => {
    if (Array.isArray(arg)) {
      return arg.map((one) => split(one, true)).filter((one) => one !== undefined);
    }
    const [, remote, rest] = typeof arg === "string" ? REMOTE.exec(arg) ?? [] : [];
    if (remote === undefined) return arg;
    if (!rest && !isOptional) {
      const hint = `Write ${remote}/NAME. See what exists: holdfast ls ${shellWord(remote)}`;
      throw invalid(`read ref ${JSON.stringify(remote)}`, "the artifact name is missing", hint);
    }
    named.add(remote);
    return rest || undefined;
  };
  const rest = args.map((arg, i) => {
    const { completes, usage = "" } = definitions[i] ?? {};
    const isInRegistry = typeof completes === "function" || completes === "name" ||
      completes === "ref";
    return isInRegistry ? split(arg, usage.startsWith("[")) : arg;
  });
  const [registry, second] = named;
  if (between) {
    const [one, two] = args.map((arg) => remoteOf(String(arg))?.registry);
    const place = one ?? (shared.registry && atName(shared.registry));
    const isBetween = two !== undefined && place !== undefined && place !== two;
    if (isBetween) return { args: [rest[0], ...args.slice(1)], registry: one };
  }
  if (registry === undefined) return { args };
  const option = shared.registry === undefined || atName(shared.registry) === registry
    ? undefined
    : shared.registry;
  const other = second ?? option;
  if (other === undefined) return { args: rest, registry };
  const [one, two] = second === undefined ? [other, registry] : [registry, other];
  throw fault({
    code: "Invalid",
    action: "use two registries at once",
    state: `got ${one} and ${two}`,
    hint: "Pass one.",
    reason: commandReasons.of("two_registries", { one, two }),
  });
}

/** Returns the registry that a ref names, and the ref in it. */
export function remoteOf(ref: string): { registry: string; rest: string } | undefined {
  const [, registry, rest = ""] = REMOTE.exec(ref) ?? [];
  return registry === undefined ? undefined : { registry, rest };
}

/** Refuses a ref that names a registry where it cannot. */
export function refuseRemote(
  ref: string,
  advise: (remote: string, rest: string) => Advice,
): void {
  const [, remote, rest] = REMOTE.exec(ref) ?? [];
  if (remote === undefined) return;
  const state = `it names the registry ${remote}`;
  const action = `use ${JSON.stringify(ref)} here`;
  throw fault({ code: "Invalid", action, state, ...advise(remote, rest || "NAME") });
}

/** Returns an input as a ref of the registry that is saved to; refuses one of another registry. */
export function ownInput(input: string, { registry }: SharedOptions): string {
  const [, remote, rest] = REMOTE.exec(input) ?? [];
  if (rest && registry !== undefined && remote === atName(registry)) return rest;
  refuseRemote(input, (remote, rest) => {
    const from = `${shellWord(remote)} HERE ${shellWord(rest.replace(/@.*/s, ""))}`;
    const hint = "An input must be in the registry that you save to.";
    return { hint, reason: commandReasons.of("input_elsewhere", { from, origin: input }) };
  });
  return input;
}

/** `team` as `@team`. */
function atName(registry: string): string {
  return registry.replace(/^(?!@)/, "@");
}
