// What somebody meant who mistyped a name, a version or an alias.
import { nearestName } from "../../core/text/nearest.ts";
import type { Registry } from "../../mod.ts";

/** So many names are looked at. */
const MOST_NAMES = 2_000;
const MOST_VERSIONS = 200;

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
      const other = await otherName(registry, name, signal);
      return other === undefined || selector === undefined ? other : `${other}@${selector}`;
    }
    if (selector === undefined) return undefined;
    const aliases = Object.keys(await registry.aliases(name, { signal }));
    const meant = nearestName(selector, [...aliases, "latest", ...versions]);
    return meant && `${name}@${meant}`;
  } catch {
    return undefined; // the failure that this was asked for is the one to tell
  }
}

async function otherName(
  registry: Registry,
  name: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  for (const prefix of [name.slice(0, 2), ""]) {
    const near = nearestName(
      name,
      await Array.fromAsync(registry.names({ prefix, limit: MOST_NAMES, signal })),
    );
    if (near !== undefined) return near;
  }
}
