// Lock files with some of the packages.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../", import.meta.url));

/** The members of `deno.lock` that say which packages there are. */
interface Lock {
  readonly version: string;
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, Partial<Record<string, readonly string[]>>>>;
}

/**
 * Returns `deno.lock` with only the npm packages that source files can import, and their
 * dependencies. Deno fetches and embeds all packages of a lock file, also those of tests: a browser
 * driver, a Worker's runtime, a compiler.
 *
 * @param sources paths from the root of the repository
 */
export async function lockOf(sources: Iterable<string>): Promise<string> {
  const lock = JSON.parse(await readFile(join(REPOSITORY, "deno.lock"), "utf8")) as Lock;
  const texts = await Promise.all(
    Array.from(sources, (path) => readFile(join(REPOSITORY, path), "utf8")),
  );
  const imported = new Set(
    texts.flatMap((text) => [...text.matchAll(/"npm:(@?[^@"]+)/g)].map(([, name]) => name)),
  );
  const nameOf = (id: string) => id.replace(/(?<=.)@.*/s, "");
  const specifiers = Object.entries(lock.specifiers).filter(([specifier]) =>
    specifier.startsWith("npm:") && imported.has(nameOf(specifier.slice(4)))
  );
  const roots = specifiers.map(([specifier, version]) =>
    `${nameOf(specifier.slice(4))}@${version}`
  );
  const kept = new Set(roots);
  // A dependency has a version only where there are several.
  const idsOf = (each: string) =>
    Object.keys(lock.npm).filter((id) => id === each || nameOf(id) === each);
  for (const id of kept) {
    const { dependencies = [], optionalDependencies = [], optionalPeers = [] } = lock.npm[id] ?? {};
    for (const each of [...dependencies, ...optionalDependencies]) {
      if (!optionalPeers.includes(each)) idsOf(each).forEach((id) => kept.add(id));
    }
  }
  const isKept = (each: string) => idsOf(each).some((id) => kept.has(id));
  const npm = Object.entries(lock.npm).filter(([id]) => kept.has(id)).map(([id, found]) => {
    const { dependencies, optionalPeers } = found;
    if (optionalPeers === undefined) return [id, found];
    const peers = optionalPeers.filter(isKept);
    return [id, { ...found, dependencies: dependencies?.filter(isKept), optionalPeers: peers }];
  });
  return JSON.stringify({
    version: lock.version,
    specifiers: Object.fromEntries(specifiers),
    npm: Object.fromEntries(npm),
  });
}
