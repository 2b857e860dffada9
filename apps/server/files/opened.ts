// Versions that were opened lately, by commit: what a client pins is read as it was when it began,
// also where it was replaced since, as long as the store has it.
import { type Artifact, parseRef, type Registry } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";

const MOST_FILES = 50_000;

/** A version as a path says it. */
export interface AskedVersion {
  name: string;
  /** A version, a range, an alias or `latest`. */
  version: string;
  /** The commit that it must be. */
  commit?: string;
}

export type OpenVersion = (asked: AskedVersion) => Promise<Artifact>;

/** Whether what is asked for is the same whenever it is asked: a commit, or a version that nobody can overwrite. */
export function isFixed(
  { settings }: Pick<Registry, "settings">,
  { name, version, commit }: AskedVersion,
): boolean {
  return commit !== undefined ||
    (!settings.mutable && parseRef(name, version).selector.kind === "version");
}

export function createOpened(registry: Pick<Registry, "open">): OpenVersion {
  const opened = new Map<string, Artifact>();
  let files = 0;

  function keep(artifact: Artifact): void {
    const { commit } = artifact.info;
    drop(commit);
    opened.set(commit, artifact);
    files += weight(artifact);
    for (const oldest of opened.keys()) {
      if (files <= MOST_FILES) break;
      drop(oldest);
    }
  }

  function drop(commit: string): void {
    const artifact = opened.get(commit);
    if (artifact !== undefined && opened.delete(commit)) files -= weight(artifact);
  }

  return async ({ name, version, commit }) => {
    const known = commit === undefined ? undefined : opened.get(commit);
    if (known !== undefined && known.info.name === name) return known;
    const artifact = await registry.open(name, { version });
    keep(artifact);
    if (commit === undefined || artifact.info.commit === commit) return artifact;
    throw fault({
      code: "Conflict",
      action: "read",
      subject: `${JSON.stringify(`${name}@${version}`)} as of ${commit}`,
      state: "it is another commit now",
      hint: "Somebody replaced it: ask for what it is now, and begin anew.",
    });
  };
}

function weight(artifact: Artifact): number {
  return 1 + artifact.info.files.length;
}
