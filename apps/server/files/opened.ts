// Versions opened for requests. Routes read files of versions only by this, as it checks the token.
import type { Registry } from "../../../mod.ts";
import type { PagedArtifact } from "../../../core/artifact.ts";
import { type Access, type ReadablePages, readablePages } from "../access/access.ts";
import { shareReads } from "../share_reads.ts";
import { conflict, isRegistryError, type RegistryError } from "../../../core/errors.ts";
import type { System } from "../../../core/system.ts";

/** A version as a request names it. */
export interface AskedVersion {
  name: string;
  version: string;
  commit?: string;
}

/** Returns true for an address that keeps its meaning, unless a store is restored. */
export function isExact(
  { settings }: Pick<Registry, "settings">,
  { version, commit }: AskedVersion,
  { info }: Pick<PagedArtifact, "info">,
): boolean {
  return commit !== undefined || (!settings.mutable && version === info.version);
}

/**
 * Opens a version for a token, with its files a page at a time. Throws `Denied` if the token may not
 * read the name. {@linkcode readablePages} says what else is hidden.
 */
export type OpenPages = (asked: AskedVersion, access: Access) => Promise<ReadablePages>;

/** Maximum number of versions and files in memory; the last version stays even if it has more. */
const MOST_FILES = 50_000;
/** How often a version is looked for that was replaced or deleted: it may be restored. */
const AGAIN_MS = 60_000;
/** Files in the pages that an opened version keeps, if its list is in pages. */
const PAGED_FILES = 8192;

/**
 * Opens versions and keeps them by commit: the only ways to the bytes of versions. A client that
 * reads the files of a commit one by one gets consistent files even if the version is replaced or
 * deleted, and its record is read once. It is read again once the grace period may have passed: a
 * version that was deleted and restored can have its files at another place then.
 */
export function createOpened(
  registry: Registry,
  system: Pick<System, "monotonic">,
): { openPages: OpenPages } {
  const opened = new Map<string, { artifact: PagedArtifact; lookAt: number }>();
  const share = shareReads<PagedArtifact>();
  let files = 0;
  return {
    async openPages(asked, access) {
      access.check("read", asked.name);
      return readablePages(await open(asked), access);
    },
  };

  async function open({ name, version, commit }: AskedVersion): Promise<PagedArtifact> {
    const kept = commit === undefined ? undefined : opened.get(commit);
    const known = kept?.artifact.info.name === name ? kept : undefined;
    const now = system.monotonic();
    if (known !== undefined && now < known.lookAt) return known.artifact;
    const { openPages } = await import("../../../registry/mod.ts");
    const present = () =>
      share(JSON.stringify([name, version]), () => openPages(registry, name, { version }));
    let current: PagedArtifact | undefined;
    try {
      current = await present();
      if (commit !== undefined && !hasCommit(current, commit)) {
        await registry.info(name, { version }); // compares what the registry has cached
        current = await present();
      }
    } catch (error) {
      if (known === undefined || !isRegistryError(error, "NotFound")) throw error;
      current = undefined;
    }
    const isMeant = current !== undefined &&
      (commit === undefined || hasCommit(current, commit));
    if (known !== undefined && !isMeant) {
      known.lookAt = now + AGAIN_MS;
      return known.artifact; // its reads report what became of it
    }
    const lookAt = now + registry.settings.leastGraceMs;
    const artifact = keep(current!, lookAt);
    if (known !== undefined) Object.assign(known, { artifact, lookAt }); // of an earlier commit
    if (isMeant) return artifact;
    throw replaced({ name, version, commit });
  }

  /** Keeps a version that was opened now. Returns the one that requests share. */
  function keep(current: PagedArtifact, lookAt: number): PagedArtifact {
    const { info } = current;
    const before = opened.get(info.commit)?.artifact;
    const artifact = before?.info.name === info.name ? before : current;
    if (before === undefined) files += 1 + filesHeld(info);
    opened.delete(info.commit); // to the end
    opened.set(info.commit, { artifact, lookAt });
    for (const [oldest, { artifact: { info } }] of opened) {
      if (files <= MOST_FILES || opened.size === 1) break;
      opened.delete(oldest);
      files -= 1 + filesHeld(info);
    }
    return artifact;
  }
}

function filesHeld({ files }: PagedArtifact["info"]): number {
  return files?.length ?? PAGED_FILES;
}

/** True for the commit of a version, and those that it had before it was deleted and restored. */
function hasCommit(
  { info: { commit, restored = [] } }: Pick<PagedArtifact, "info">,
  asked: string,
): boolean {
  return asked === commit || restored.some((deletion) => deletion.commit === asked);
}

function replaced({ name, version, commit }: AskedVersion): RegistryError {
  const subject = `${JSON.stringify(`${name}@${version}`)} at commit ${commit}`;
  return conflict("read", subject, "the version was replaced", {
    hint: "Read the current version from the beginning.",
  });
}
