// Patterns of names, as shells have them: `tmp:*`, `team/*`, `model-{a,b}@1`.
import { globToRegExp } from "@std/path";
import type { Registry, RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";

export function isPattern(text: string): boolean {
  return /[*?[\]{}]/.test(text.split("@", 1)[0]);
}

/**
 * The names, or refs, that are meant, each once: a pattern means each name that it matches as a whole, where `*` stands
 * for anything but `/` and `**` between slashes for any folders. A name that is there and looks like a pattern means itself.
 *
 * @throws {RegistryError} `NotFound` for a pattern that matches nothing
 */
export async function expandNames(
  registry: Registry,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const meant = new Set<string>();
  for (const text of texts) {
    const [pattern] = text.split("@", 1);
    if (!isPattern(text) || await registry.has(pattern, { signal })) {
      meant.add(text);
      continue;
    }
    const names = await matching(registry, pattern, signal);
    if (names.length === 0) throw nothingMatches(pattern);
    for (const name of names) meant.add(name + text.slice(pattern.length));
  }
  return [...meant];
}

async function matching(
  registry: Registry,
  pattern: string,
  signal: AbortSignal,
): Promise<string[]> {
  const prefix = /^[^*?[\]{}\\]*/.exec(pattern)![0];
  const expression = globToRegExp(pattern, { os: "linux" });
  const names = await Array.fromAsync(registry.names({ prefix, signal }));
  return names.filter((name) => expression.test(name));
}

function nothingMatches(pattern: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "find",
    subject: JSON.stringify(pattern),
    state: "it matches no name",
    hint: "See what there is: holdfast ls. * stands for anything but /, and **/ for any folders.",
  });
}
