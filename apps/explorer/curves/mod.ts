// Curves of versions, loaded if one of them has a file that may have steps.
import type { ArtifactVersion } from "../artifact_file.ts";
import { html } from "../framework/html.ts";
import { useLoaded } from "../framework/use_loaded.ts";
import { hasRows } from "../previews/kind.ts";
import { whenLoaded } from "../previews/parts.ts";

export function Curves({ versions }: { versions: readonly ArtifactVersion[] }) {
  const isNeeded = versions.some(({ files }) => files.some(hasRows));
  const loaded = useLoaded(async () => {
    return isNeeded ? (await import("./curves_view.ts")).CurvesView : () => null;
  }, [isNeeded]);
  return isNeeded && whenLoaded(loaded, (View) => html`<${View} versions=${versions} />`);
}
