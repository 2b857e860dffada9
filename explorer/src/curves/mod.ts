// Curves of versions, loaded if one of them has a file that may have steps.
import type { ArtifactVersion } from "../artifact_file.ts";
import { Lazy } from "../components/notices.ts";
import { html } from "../framework/html.ts";
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

const load = async () => (await import("./curves_view.ts")).CurvesView;
