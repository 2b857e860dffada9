// Saves of many names: which of them go one after the other.
import { isVersion, parseVersion } from "../naming/versions.ts";
import type { Registry, SaveEntry } from "../registry.ts";
import { createLanes } from "./lanes.ts";

/** What meets in one cell goes in input order: versions are numbered so, and the first of two equals wins. */
export function inLanes<E extends SaveEntry, T>(
  { settings }: Pick<Registry, "settings">,
  save: (entry: E) => Promise<T>,
): (entry: E) => Promise<T> {
  const lanes = createLanes();
  return (entry) =>
    lanes(settings.versioned ? laneOf(entry.name, entry.version) : entry.name, () => save(entry));
}

function laneOf(name: string, version: string | undefined): string {
  return version === undefined || !isVersion(version)
    ? name
    : `${name}@${parseVersion(version).canonical}`;
}
