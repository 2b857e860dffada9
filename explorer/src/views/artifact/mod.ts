// A name, or one of its versions.
import { html } from "../../framework/html.ts";
import type { ViewProps } from "../mod.ts";
import { NameView } from "./name_view.ts";
import { VersionView } from "./version_view.ts";

export function ArtifactView({ place }: ViewProps) {
  const [, name = "", version] = place.path;
  return version === undefined
    ? html`<${NameView} name=${name} query=${place.query} />`
    : html`<${VersionView} name=${name} version=${version} query=${place.query} />`;
}
