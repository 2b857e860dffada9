// Refs with the registry before them: `@team/my:model@^1` is `my:model@^1` of the registry that is
// called team. No name of an artifact begins with `@`, so nothing else can be meant. Where a name
// may be left out, `@team` is all of it.
import type { RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import type { Command, SharedOptions } from "./command.ts";
import { shellWord } from "./hints.ts";

/** `@team/my:model@^1`: the registry, and what of it. */
const REMOTE = /^(@[^/@]+)(?:\/(.*))?$/s;

export interface SplitArguments {
  args: readonly unknown[];
  /** `@team`, as for `--registry`. */
  registry?: string;
}

/**
 * Takes the registry off the arguments that are names or refs.
 *
 * @throws {RegistryError} `Invalid` where they name several, or `--registry` another
 */
export function splitRemotes(
  command: Command,
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
    if (!rest && !isOptional) throw nameless(remote);
    named.add(remote);
    return rest || undefined; // the registry alone: all of it
  };
  const rest = args.map((arg, i) =>
    isRef(command, i) ? split(arg, command.args[i].usage.startsWith("[")) : arg
  );
  if (named.size === 0) return { args };
  const [registry, other] = named;
  const given = shared.registry?.replace(/^(?!@)/, "@");
  if (other !== undefined) throw twice(registry, other);
  if (given !== undefined && given !== registry) throw twice(shared.registry!, registry);
  return { args: rest, registry };
}

/** Throws `Invalid` for a ref with a registry before it, where none can be: `hint` says what to do instead. */
export function refuseRemote(ref: string, hint: (remote: string, rest: string) => string): void {
  const [, remote, rest] = REMOTE.exec(ref) ?? [];
  if (remote === undefined) return;
  throw fault({
    code: "Invalid",
    action: "use",
    subject: `${JSON.stringify(ref)} here`,
    state: `it names the registry ${remote}`,
    hint: hint(remote, rest || "NAME"),
  });
}

/** What a version was made from: a ref of the same registry, which may be named, but no other. */
export function ownInput(input: string, { registry }: SharedOptions): string {
  const [, remote, rest] = REMOTE.exec(input) ?? [];
  if (rest && remote === registry?.replace(/^(?!@)/, "@")) return rest;
  refuseRemote(
    input,
    (remote, rest) =>
      `An input is a version of the registry that is saved to: bring it there by holdfast mirror ${
        shellWord(remote)
      } HERE ${shellWord(rest.split("@")[0])}, or keep where it came from as metadata: -m ${
        shellWord(`from=${input}`)
      }`,
  );
  return input;
}

function isRef(command: Command, index: number): boolean {
  return ["name", "ref", "run"].includes(command.args[index]?.completes ?? "");
}

function nameless(remote: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "read ref",
    subject: JSON.stringify(remote),
    state: "it names a registry and nothing in it",
    hint: `Write ${remote}/NAME. What there is: holdfast ls ${remote}`,
  });
}

function twice(one: string, other: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "work on two registries at once",
    state: `${one} and ${other} are named`,
    hint: `Name one. What is in one is brought to the other by: holdfast mirror ${shellWord(one)} ${
      shellWord(other)
    } NAME`,
  });
}
