// Resolving refs: as of a past moment, and with suggestions for missing ones.
import { isPrefix, type ObjectInfo } from "../../../core/backend.ts";
import { type RegistryError, withSuggestion } from "../../../core/errors.ts";
import { decodeName } from "../../../core/naming/names.ts";
import { parseRef, type Ref } from "../../../core/naming/refs.ts";
import { itemAt } from "../../../core/faults/present.ts";
import { withDeadline } from "../../../core/retry.ts";
import { memberOf } from "../../../core/registry/release.ts";
import { nearestName } from "../../../core/text/nearest.ts";
import { liveHeads } from "../../cell/heads.ts";
import {
  aliasesFolder,
  NAMES,
  namesPrefix,
  parseCellKey,
  parseReleasedMark,
} from "../../format/layout.ts";
import type { Context } from "../context.ts";
import { isAbsent } from "../resolve.ts";
import type { RefOptions } from "../../../core/registry.ts";

/** Limits the cost of callers that ask for many missing refs. */
const MOST_SEARCHES = 5;
const WITHIN_MS = 60_000;
const TIMEOUT_MS = 2_000;
const MOST_NAMES = 1_000;

/** Adds a suggestion to the error of a call if its ref, or one that the error has, does not exist. */
export type Suggest = <T>(
  call: Promise<T>,
  ref: string | undefined,
  options?: RefOptions,
) => Promise<T>;

export function createSuggest(context: Context): Suggest {
  const { system } = context;
  let searches: number[] = [];

  function maySearch(): boolean {
    const now = system.monotonic();
    searches = searches.filter((at) => now - at < WITHIN_MS);
    if (searches.length >= MOST_SEARCHES) return false;
    searches.push(now);
    return true;
  }

  return (call, ref, options) =>
    call.catch(async (error: unknown) => {
      const missing = isAbsent(error) ? error.missing ?? releaseOrRef(ref, options) : undefined;
      if (missing === undefined || !maySearch()) throw error;
      const suggestion = await search(context, missing, options?.signal);
      throw suggestion === undefined ? error : withSuggestion(error as RegistryError, suggestion);
    });
}

/** Parses a ref, or the release of a ref that names its member. */
function releaseOrRef(ref: string | undefined, options: RefOptions = {}): Ref | undefined {
  return ref === undefined ? undefined : parseRef(memberOf(ref)?.release ?? ref, options.version);
}

/** Returns a similar name or ref. Failures are ignored: the original error matters. */
async function search(
  context: Context,
  ref: Ref,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const over = new AbortController();
  try {
    const ended = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
    return await withDeadline(refLike(context, ref, ended), { timeoutMs: TIMEOUT_MS, signal });
  } catch {
    return undefined;
  } finally {
    over.abort();
  }
}

/** A name that ends like a version of another tool: `model:latest`, `model:v2`. */
const TAGGED = /^(.+):(?:(latest)|v?(\d+(?:\.\d+){0,2}))$/s;

/** Returns a name or ref that resembles a missing one. A listed name may be deleted. */
async function refLike(
  context: Context,
  ref: Ref,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { backend } = context;
  const { name, selector } = ref;
  for (const prefix of [namesPrefix(name.slice(0, 2)), NAMES]) {
    const names: string[] = [];
    for await (const entry of backend.list(prefix, { delimiter: "/", limit: MOST_NAMES, signal })) {
      const listed = isPrefix(entry) ? decodeName(itemAt(entry.prefix.split("/"), -2)) : undefined;
      if (listed === name) { // only its version or alias is missing
        return selector.kind === "alias"
          ? await aliasLike(context, name, selector.alias, signal)
          : undefined;
      }
      if (listed !== undefined) names.push(listed);
    }
    const inside = names.filter((listed) => name.startsWith(`${listed}/`)); // a path in a version
    if (inside.length > 0) return inside.reduce((a, b) => a.length > b.length ? a : b);
    const [, tagged = "", latest, version] = TAGGED.exec(name) ?? [];
    if (names.includes(tagged)) return `${tagged}@${latest ?? version}`;
    const near = nearestName(name, names);
    if (near !== undefined) return near;
  }
}

async function aliasLike(
  context: Context,
  name: string,
  alias: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const aliases = ["latest"];
  const isMark = ({ key }: ObjectInfo) => parseReleasedMark(key) !== undefined;
  for await (const { key } of liveHeads(context, aliasesFolder(name), { isMark, signal })) {
    const listed = parseCellKey(key)?.label;
    if (listed === alias) return undefined; // its version is missing
    if (listed !== undefined) aliases.push(listed);
    if (aliases.length > MOST_NAMES) break;
  }
  const near = nearestName(alias, aliases);
  return near === undefined ? undefined : `${name}@${near}`;
}

/** Parses a ref. With `asOf`, returns the version that it meant then. */
export async function refMeant(
  context: Context,
  text: string,
  options: RefOptions = {},
): Promise<Ref> {
  const { version, asOf, signal } = options;
  const ref = parseRef(text, version);
  if (asOf === undefined) return ref;
  const { refAsOf } = await import("./past.ts"); // rarely used
  return await refAsOf(context, ref, asOf, { signal });
}
