// Chooses the version of the target with which a copy shares its files.
import { isRegistryError } from "../../../core/errors.ts";
import type { StoredFile } from "../../../core/record.ts";
import { compareVersions, decodeOrder, type Version } from "../../../core/naming/versions.ts";
import { parsePlace } from "../../format/layout.ts";
import { payloadSource } from "../../operations/load.ts";
import { placeOf, sharesBytes } from "../../cell/objects.ts";
import { locateVersion } from "../../operations/resolve.ts";
import type { MirrorRun } from "./run.ts";

const MAX_OWNERS = 3;

export interface Sharing {
  learn(version: Version, files: readonly StoredFile[]): void;
  /**
   * Returns the ref of the version with most of the bytes of these files; null if there is none.
   */
  base(version: Version, files: readonly StoredFile[]): Promise<string | null>;
  /** Notes that a version cannot be shared with. */
  forget(ref: string): void;
}

/** Creates a {@linkcode Sharing} that knows the versions in the target (`there`). */
export function createSharing(run: MirrorRun, target: string, there: Iterable<Version>): Sharing {
  const { to, signal } = run;
  const holders = new Map<string, string>(); // version by the SHA-256 of a file
  const inspected = new Set<string>();
  const learned = new Set<string>();
  let live = [...there].sort(compareVersions);

  function learn(version: Version, files: readonly StoredFile[]): void {
    const { canonical } = version;
    inspected.add(canonical);
    learned.add(canonical);
    if (!live.some((other) => other.canonical === canonical)) {
      live = [...live, version].sort(compareVersions);
    }
    for (const { sha256, inline } of files) {
      if (inline === undefined) holders.set(sha256, canonical);
    }
  }

  /** Reads the files of a version that was in the target before. */
  async function inspect(version: Version): Promise<void> {
    if (inspected.has(version.canonical)) return;
    inspected.add(version.canonical);
    try {
      const located = await locateVersion(to, target, version, signal);
      if (located !== undefined) learn(version, (await payloadSource(to, located, signal)).files);
    } catch (error) {
      if (!isRegistryError(error)) throw error;
      const ref = `${target}@${version.canonical}`;
      to.logger.debug(`mirror: shares nothing with "${ref}": ${error.message}`);
    }
  }

  /** Returns the versions that own the files in the source, the version itself, its neighbors. */
  function candidates(version: Version, files: readonly StoredFile[]): Version[] {
    const bytes = new Map<string, number>();
    for (const file of files) {
      for (const part of file.parts ?? []) {
        const place = placeOf(file, part);
        const order = place && parsePlace(place).order;
        if (order) bytes.set(order, (bytes.get(order) ?? 0) + part.size);
      }
    }
    const owners = [...bytes].sort((a, b) => b[1] - a[1]).slice(0, MAX_OWNERS)
      .flatMap(([order]) => decodeOrder(order) ?? []);
    const above = live.find((other) => compareVersions(other, version) > 0);
    const below = live.findLast((other) => compareVersions(other, version) <= 0);
    return [...owners, ...(below ? [below] : []), ...(above ? [above] : [])];
  }

  return {
    learn,
    async base(version, files) {
      const near = candidates(version, files);
      for (const candidate of near) await inspect(candidate);
      const bytes = new Map<string, number>();
      for (const { sha256, size, inline } of files) {
        const holder = inline === undefined ? holders.get(sha256) : undefined;
        if (holder !== undefined) bytes.set(holder, (bytes.get(holder) ?? 0) + size);
      }
      const [best] = [...bytes].sort((a, b) => b[1] - a[1]);
      const alike = files.some(sharesBytes)
        ? near.find(({ canonical }) => learned.has(canonical) && canonical !== version.canonical)
        : undefined;
      const chosen = best?.[0] ?? alike?.canonical;
      return chosen === undefined ? null : `${target}@${chosen}`;
    },
    forget(ref) {
      const version = ref.slice(target.length + 1);
      learned.delete(version);
      for (const [sha256, holder] of holders) if (holder === version) holders.delete(sha256);
    },
  };
}
