// One file of several versions side by side, each below the metadata that differs.
import type { ArtifactVersion } from "../artifact_file.ts";
import { Choice } from "../components/choice.ts";
import { FactList } from "../components/fact_list.ts";
import { PartOfPage } from "../framework/region_label.ts";
import { html } from "../framework/html.ts";
import { hrefOfRef } from "../framework/router.ts";
import { kindByName } from "../previews/kind.ts";
import { Preview } from "../previews/mod.ts";
import { useQuery } from "../framework/use_query.ts";
import { factsOf, Value } from "./facts.ts";
import { type AliasesByRef, AliasTags, refOf, VersionMark } from "./version_labels.ts";

/** Returns the paths of images, sounds and tables that several versions have. */
export function sharedPaths(versions: readonly ArtifactVersion[]): string[] {
  const files = versions.flatMap(({ files }) => files);
  const shared = [...Map.groupBy(files, ({ path }) => path).values()]
    .flatMap(([file, other]) => file !== undefined && other !== undefined ? [file] : []);
  const byKind = Map.groupBy(shared, kindByName);
  return (["image", "audio", "table"] as const).flatMap((kind) =>
    (byKind.get(kind) ?? []).map(({ path }) => path)
  );
}

/** More versions are not shown side by side. */
const MOST = 8;

export function Beside({ versions: all, aliases }: {
  versions: readonly ArtifactVersion[];
  aliases: AliasesByRef;
}) {
  const versions = all.slice(0, MOST);
  const [chosen, setChosen] = useQuery("beside");
  const paths = sharedPaths(versions);
  if (paths.length === 0) return null;
  const path = paths.includes(chosen) ? chosen : paths[0];
  const facts = factsOf(versions).facts.filter(({ isSame, isMetadata }) => isMetadata && !isSame);
  return html`
    <section class="stack" aria-label="Side by side">
      <div class="fields">
        <h2>Side by side</h2>
        <${Choice} label="of" value=${path} change=${setChosen}
          options=${paths.map((path) => [path, path])} />
      </div>
      ${all.length > MOST && html`<p class="note">The first ${MOST} versions are shown.</p>`}
      <div class="sides">${versions.map((version, at) =>
        html`
          <section class="card stack" aria-label=${refOf(version)}>
            <div class="row">
              <${VersionMark} at=${at} />
              <h3><a href=${hrefOfRef(refOf(version))}>${refOf(version)}</a></h3>
              <${AliasTags} aliases=${aliases.get(refOf(version))} />
            </div>
            <${FactList} facts=${facts.map((fact) => [
              fact.name,
              html`<${Value} fact=${fact} at=${at} />`,
            ])} />
            ${version.files.some((file) => file.path === path)
              ? html`
                <${PartOfPage.Provider} value=${refOf(version)}>
                  <${Preview} key=${path} version=${version} path=${path} isBrief />
                  <//>
              `
              : html`<p class="note">It has no ${path}.</p>`}
          </section>
        `
      )}</div>
    </section>
  `;
}
