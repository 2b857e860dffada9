// Suggestions for a mistyped name, alias or version.
import { isPrefix } from "../../../core/backend.ts";
import { decodeName } from "../../../core/naming/names.ts";
import { parseSelector, type Ref, type Selector } from "../../../core/naming/refs.ts";
import { nearestName } from "../../../core/text/nearest.ts";
import { versionHeads } from "../../cell/heads.ts";
import { aliasesFolder, NAMES, namesPrefix } from "../../format/layout.ts";
import type { Context } from "../context.ts";
import { isAbsent, tryLocate } from "../resolve.ts";

const MOST_NAMES = 1_000;
const MOST_LABELS = 200;
/** A suggested name may be deleted; then the next is tried. */
const MOST_TRIES = 3;

/** Returns an existing ref that resembles a missing one, if a few listings find it. */
export async function refLike(
  context: Context,
  ref: Ref,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { name, selector } = ref;
  const versions: string[] = [];
  for await (const { version } of versionHeads(context, name, { signal })) {
    if (versions.push(version.canonical) >= MOST_LABELS) break;
  }
  if (versions.length === 0) return await byName(context, ref, signal);
  if (selector.kind === "version") {
    return await bySelector(context, name, versions, selector.version.canonical, signal);
  }
  if (selector.kind !== "alias") return undefined;
  const aliases = await labelsBehind(context, aliasesFolder(name), MOST_LABELS, signal);
  return await bySelector(context, name, [...aliases, "latest"], selector.alias, signal);
}

/** Returns the same version of another name, else that name. */
async function byName(
  context: Context,
  { name, selector }: Ref,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const prefix of [namesPrefix(name.slice(0, 2)), NAMES]) {
    const names = await labelsBehind(context, prefix, MOST_NAMES, signal);
    const near = await firstThere(name, names, async (other) => {
      const same: Ref = { name: other, selector, bare: false };
      const text = textOf(selector);
      if (text !== undefined && await isThere(context, same, signal)) return `${other}@${text}`;
      const latest: Ref = { name: other, selector: { kind: "latest" }, bare: true };
      return await isThere(context, latest, signal) ? other : undefined;
    });
    if (near !== undefined) return near;
  }
}

function bySelector(
  context: Context,
  name: string,
  words: readonly string[],
  word: string,
  signal: AbortSignal,
) {
  return firstThere(word, words, async (other) => {
    const ref: Ref = { name, selector: parseSelector(other), bare: false };
    return await isThere(context, ref, signal) ? `${name}@${other}` : undefined;
  });
}

async function firstThere(
  word: string,
  words: readonly string[],
  find: (other: string) => Promise<string | undefined>,
): Promise<string | undefined> {
  let others = words;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const near = nearestName(word, others);
    const found = near && await find(near);
    if (near === undefined || found !== undefined) return found;
    others = others.filter((other) => other !== near);
  }
}

/** Returns at most `limit` names or aliases with a prefix, existing or deleted, by one listing. */
async function labelsBehind(
  context: Context,
  prefix: string,
  limit: number,
  signal: AbortSignal,
): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of context.backend.list(prefix, { delimiter: "/", limit, signal })) {
    const name = isPrefix(entry) ? decodeName(entry.prefix.split("/").at(-2)!) : undefined;
    if (name !== undefined) names.push(name);
  }
  return names;
}

async function isThere(context: Context, ref: Ref, signal: AbortSignal): Promise<boolean> {
  try {
    return await tryLocate(context, ref, signal) !== undefined;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

/** Returns the part after the `@`; undefined for `latest`. */
function textOf(selector: Selector): string | undefined {
  if (selector.kind === "version") return selector.version.canonical;
  if (selector.kind === "alias") return selector.alias;
  return selector.kind === "range" ? selector.text : undefined;
}
