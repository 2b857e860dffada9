// Versions opened for requests. Routes read files of versions only by this, as it checks the token.
import type { Artifact, Registry } from "../../../mod.ts";
import { type Access, type ReadableArtifact, readableArtifact } from "../access/access.ts";
import { shareReads } from "../share_reads.ts";
import { conflict } from "../../../core/errors.ts";

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
  { info }: Artifact,
): boolean {
  return commit !== undefined || (!settings.mutable && version === info.version);
}

/**
 * Opens a version for a token: the only way to the bytes of versions. Throws `Denied` if the token may
 * not read the name. {@linkcode readableArtifact} says what else is hidden.
 */
export type OpenVersion = (asked: AskedVersion, access: Access) => Promise<ReadableArtifact>;

/** Maximum number of versions and files in memory; the last version stays even if it has more. */
const MOST_FILES = 50_000;

/**
 * Opens versions and keeps them by commit. A client that reads the files of a commit one by one
 * gets consistent files even if the version is replaced or deleted, and its record is read once.
 */
export function createOpened(registry: Pick<Registry, "open" | "info">): OpenVersion {
  const opened = new Map<string, Artifact>();
  const share = shareReads<Artifact>();
  let files = 0;
  return async (asked, access) => {
    access.check("read", asked.name);
    return readableArtifact(await open(asked), access);
  };

  async function open({ name, version, commit }: AskedVersion): Promise<Artifact> {
    const known = commit === undefined ? undefined : opened.get(commit);
    if (known?.info.name === name) return known;
    const asked = JSON.stringify([name, version]);
    const now = () => share(asked, () => registry.open(name, { version }));
    let current = await now();
    if (commit !== undefined && !hasCommit(current, commit)) {
      await registry.info(name, { version }); // compares what the registry has cached
      current = await now();
    }
    const { info } = current;
    const before = opened.get(info.commit);
    const artifact = before?.info.name === name ? before : current; // requests share one
    if (before === undefined) files += 1 + info.files.length;
    opened.delete(info.commit); // to the end
    opened.set(info.commit, artifact);
    for (const [oldest, { info }] of opened) {
      if (files <= MOST_FILES || opened.size === 1) break;
      opened.delete(oldest);
      files -= 1 + info.files.length;
    }
    if (commit === undefined || hasCommit(artifact, commit)) return artifact;
    const subject = `${JSON.stringify(`${name}@${version}`)} at commit ${commit}`;
    throw conflict("read", subject, "the version was replaced", {
      hint: "Read the current version from the beginning.",
    });
  }
}

/** True for the commit of a version, and those that it had before it was deleted and restored. */
function hasCommit({ info: { commit, restored = [] } }: Artifact, asked: string): boolean {
  return asked === commit || restored.some((deletion) => deletion.commit === asked);
}
