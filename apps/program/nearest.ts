// What somebody meant who mistyped a name, a version or an alias.
import type { Registry } from "../../mod.ts";

/** So many names are looked at. */
const MOST_NAMES = 2_000;
const MOST_VERSIONS = 200;

/** The word that is most like another one; undefined where none is like it. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = isPartOf(word, candidate) ? 1 : distanceOf(word, candidate, least);
    if (distance >= least || candidate === word) continue;
    best = candidate;
    least = distance;
  }
  return best;
}

/** The ref that was meant by one that leads to nothing, as far as a few listings tell; undefined where none is like it. */
export async function nearestRef(
  registry: Registry,
  ref: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const [name, selector] = ref.split("@", 2);
  try {
    const versions: string[] = [];
    const listed = registry.versions(name, {
      limit: selector === undefined ? 1 : MOST_VERSIONS,
      signal,
    });
    for await (const { version } of listed) versions.push(version);
    if (versions.length === 0) {
      const other = await nearestName(registry, name, signal);
      return other === undefined || selector === undefined ? other : `${other}@${selector}`;
    }
    if (selector === undefined) return undefined;
    const aliases = Object.keys(await registry.aliases(name, { signal }));
    const meant = nearest(selector, [...aliases, "latest", ...versions]);
    return meant && `${name}@${meant}`;
  } catch {
    return undefined; // the failure that this was asked for is the one to tell
  }
}

async function nearestName(
  registry: Registry,
  name: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  for (const prefix of [name.slice(0, 2), ""]) {
    const near = nearest(
      name,
      await Array.fromAsync(registry.names({ prefix, limit: MOST_NAMES, signal })),
    );
    if (near !== undefined) return near;
  }
}

/** `model` of `my:model` and `team/model`, `prod` of `production`. */
function isPartOf(word: string, name: string): boolean {
  const last = name.slice(Math.max(name.lastIndexOf(":"), name.lastIndexOf("/")) + 1);
  return last === word || word.length >= 3 && name.startsWith(word);
}

/**
 * How many letters are added, left out, exchanged or swapped with their neighbour between two words, whatever their case
 * (optimal string alignment); `least` where there are as many or more.
 */
function distanceOf(a: string, b: string, least: number): number {
  if (Math.abs(a.length - b.length) >= least) return least;
  const [from, to] = [a.toLowerCase(), b.toLowerCase()];
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1];
      let cost = Math.min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (isSame ? 0 : 1));
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (isSwapped) cost = Math.min(cost, before[j - 2] + 1);
      row.push(cost);
    }
    before = above;
    above = row;
  }
  return Math.min(above[to.length], least);
}
