// Versions as a path names them.
import { type Artifact, parseRef, type Registry } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";

export interface AskedVersion {
  name: string;
  version: string;
  commit?: string;
}

/** Whether what is asked for is the same whenever it is asked: a commit, or a version that nobody can overwrite. */
export function isFixed(
  { settings }: Pick<Registry, "settings">,
  { name, version, commit }: AskedVersion,
): boolean {
  return commit !== undefined ||
    (!settings.mutable && parseRef(name, version).selector.kind === "version");
}

export type OpenVersion = (asked: AskedVersion) => Promise<Artifact>;

/** Versions and files that are remembered. */
const MOST_FILES = 50_000;

/**
 * Opens versions and remembers them by commit. A client that reads the files of a commit one by one gets what it began
 * with, also after that was replaced or deleted, and the record is not read again for each file.
 */
export function createOpened(registry: Pick<Registry, "open">): OpenVersion {
  const opened = new Map<string, Artifact>();
  let files = 0;
  return async ({ name, version, commit }) => {
    const known = commit === undefined ? undefined : opened.get(commit);
    if (known?.info.name === name) return known;
    const artifact = await registry.open(name, { version });
    const { info } = artifact;
    if (!opened.has(info.commit)) files += 1 + info.files.length;
    opened.set(info.commit, artifact);
    for (const [oldest, { info }] of opened) {
      if (files <= MOST_FILES) break;
      opened.delete(oldest);
      files -= 1 + info.files.length;
    }
    if (commit === undefined || info.commit === commit) return artifact;
    throw fault({
      code: "Conflict",
      action: "read",
      subject: `${JSON.stringify(`${name}@${version}`)} as of ${commit}`,
      state: "it was replaced",
      hint: "Ask for what it is now, and begin anew.",
    });
  };
}
