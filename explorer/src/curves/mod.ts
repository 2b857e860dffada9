// Curves of versions, loaded if one of them has a file that may have steps.
import type { ArtifactVersion } from "../artifact_file.ts";
import { Lazy } from "../components/notices.ts";
import { html } from "../framework/html.ts";
import type { Steps } from "./steps.ts";
import { hasRows } from "../previews/kind.ts";

export function Curves({ versions, ...others }: {
  versions: readonly ArtifactVersion[];
  /** Names of the lines of several versions. */
  labels?: readonly string[];
  /** Versions without steps are not named. */
  isQuiet?: boolean;
}) {
  return versions.some(hasCurves) &&
    html`<${Lazy} load=${load} versions=${versions} ...${others} />`;
}

/** Returns true for a version with a file that may have steps. */
export function hasCurves({ files }: Pick<ArtifactVersion, "files">): boolean {
  return files.some(hasRows);
}

/** Reads the file with steps of a version, the first of several; undefined if it has none. */
export async function readCurve(
  version: ArtifactVersion,
  { shares, signal }: {
    /** Versions that share the numbers which are read. */
    shares: number;
    signal?: AbortSignal;
  },
): Promise<Steps | undefined> {
  const { findSteps, MOST_NUMBERS, readSteps } = await import("./steps.ts");
  const [file] = await findSteps(version, signal);
  return file && await readSteps(file, { most: MOST_NUMBERS / shares, signal });
}

const load = async () => (await import("./curves_view.ts")).CurvesView;
