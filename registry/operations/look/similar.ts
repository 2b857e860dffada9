// Names and refs that resemble a missing one.
import { isPrefix, type ObjectInfo } from "../../../core/backend.ts";
import { itemAt } from "../../../core/faults/present.ts";
import { decodeName } from "../../../core/naming/names.ts";
import type { Ref } from "../../../core/naming/refs.ts";
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

const MOST_NAMES = 1_000;

/** A name that ends like a version of another tool: `model:latest`, `model:v2`. */
const TAGGED = /^(.+):(?:(latest)|v?(\d+(?:\.\d+){0,2}))$/s;

/** Returns a name or ref that resembles a missing one. A listed name may be deleted. */
export async function refLike(
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
