// A name, or one of its versions.
import { html } from "../../framework/html.ts";
import { useEffect } from "../../framework/preact.ts";
import { hrefOf, openPlace } from "../../framework/router.ts";
import type { ViewProps } from "../mod.ts";
import { NameView } from "./name_view.ts";
import { VersionView } from "./version_view.ts";

/** A file may also be in the path: `#/artifacts/my:model/1.0.0/data/a.json`. */
export function ArtifactView({ place: { path, query } }: ViewProps) {
  const [, name = "", version, ...file] = path;
  useEffect(() => {
    if (version === undefined || file.length === 0) return;
    const href = hrefOf(["artifacts", name, version], { ...query, path: file.join("/") });
    openPlace(href, { replace: true });
  }, [path.join("/")]);
  return version === undefined
    ? html`<${NameView} name=${name} query=${query} />`
    : file.length === 0 && html`<${VersionView} name=${name} version=${version} query=${query} />`;
}
