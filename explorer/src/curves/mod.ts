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
  const isNeeded = versions.some(({ files }) => files.some(hasRows));
  return isNeeded && html`<${Lazy} load=${load} versions=${versions} ...${others} />`;
}

const load = async () => (await import("./curves_view.ts")).CurvesView;
