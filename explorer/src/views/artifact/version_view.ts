// One version: its files, a preview of one of them, and everything known of it.
import { valueFiles } from "../../../../core/naming/value_files.ts";
import { endStateOf } from "../../../../core/registry/conditions/end_state.ts";
import { RELEASE } from "../../../../core/registry/release.ts";
import type { ArtifactFile, ArtifactVersion } from "../../artifact_file.ts";
import { isCard, type ListedVersion, namePath, openVersion } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import { aliasesOf, type NameSummary, readName } from "../../api/names.ts";
import { mayChange, type Service } from "../../api/service.ts";
import { breakable } from "../../components/breakable.ts";
import { CopyButton, SameByCode, shellWord } from "../../components/copy_box.ts";
import { StateTag } from "../../components/state_tag.ts";
import { FactList } from "../../components/fact_list.ts";
import { formatAgo, formatBytes, formatCount, formatTime } from "../../format/format.ts";
import { Empty, ErrorNotice, Shown } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { useMemo, useRef, useState } from "../../framework/preact.ts";
import { hrefOf, hrefOfRef, joinValues, openPlace, type Place } from "../../framework/router.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { useWasNear } from "../../framework/use_near.ts";
import { Curves } from "../../curves/mod.ts";
import { hasRows } from "../../previews/kind.ts";
import { Preview } from "../../previews/mod.ts";
import { usePathHref } from "../../previews/parts.ts";
import { AliasDialog } from "./alias_dialog.ts";
import { useAnnotations } from "./annotations.ts";
import { DeleteDialog } from "./delete_dialog.ts";
import { RestoreOffer } from "./deleted_versions.ts";
import { DownloadAll, DownloadButton } from "./download_button.ts";
import { Heading } from "./heading.ts";
import { MetadataFacts, MetricTiles } from "../versions/metadata.ts";
import { ReleasePanel } from "./release_panel.ts";
import { Tree, type TreeNode } from "../../components/tree.ts";
import { type DirectoryEntry, entriesOf, isZarr } from "../../previews/directory.ts";

interface Opened {
  readonly version: ArtifactVersion;
  readonly summary: NameSummary;
  readonly previous?: string;
}

export function VersionView(
  { name, version, query }: { name: string; version: string; query: Place["query"] },
) {
  const { service } = useSession();
  const opened = useLoaded(
    async (signal): Promise<Opened> => {
      const [opened, summary] = await Promise.all([
        openVersion(service, { name, version }, signal),
        readName(service, name, { signal }),
      ]);
      if (version.includes("/")) { // a member of a release
        openPlace(hrefOf(["artifacts", opened.name, opened.version]), { replace: true });
      }
      const previous = await previousOf(service, summary, opened.version, signal);
      return { version: opened, summary, previous };
    },
    [name, version],
  );
  if (opened.error !== undefined) {
    return html`
      <div class="stack">
        <${Heading} name=${name} version=${version} />
        <${ErrorNotice} error=${opened.error} retry=${opened.reload} />
        <${RestoreOffer} of=${`${name}@${version}`} changed=${opened.reload} />
      </div>
    `;
  }
  return html`<${Shown} of=${opened} what="Opening the version">${(opened_: Opened) =>
    html`<${Content} ...${opened_} query=${query} reload=${opened.reload} />`}<//>`;
}

function Content(
  { version, summary, previous, query, reload }: Opened & {
    query: Place["query"];
    reload: () => void;
  },
) {
  const { rights, service } = useSession();
  const { name } = version;
  const [dialog, setDialog] = useState<"alias" | "delete">();
  const may = (right: "move" | "delete") => mayChange(rights, right, name) && !service.isSite;
  const ref = `${name}@${version.version}`;
  const served = `${namePath(name)}/versions/${encodeURIComponent(version.version)}`;
  const notes = useAnnotations({ name, version: version.version, path: served });
  const close = () => setDialog(undefined);
  const { files, metadata } = version;
  const [areCurvesRead, setCurvesRead] = useState(!files.some(hasRows));
  const state = endStateOf(metadata);
  const isOfRun = state === "failed" || state === "killed";
  const reason = isOfRun ? (metadata.run as { failed?: string }).failed : undefined;
  const path = query.path ?? firstPath(valueFiles(files, metadata, ({ path }) => path));
  return html`
    <div class="stack whole">
      <${Heading} name=${name} version=${version.version}
        tag=${state !== undefined && html`<${StateTag} state=${state} />`}>
        ${previous !== undefined &&
          html`<a class="button" href=${
            hrefOf(["compare"], { refs: joinValues([`${name}@${previous}`, ref]) })
          }>Compare with ${previous}</a>`}
        <a class="button" href=${hrefOf(["lineage"], { ref })}>Lineage</a>
        ${notes.edit}
        ${may("move") &&
          html`<button type="button" class="button" onClick=${() =>
            setDialog("alias")}>Set alias</button>`}
        ${may("delete") &&
          html`<button type="button" class="button button-danger" onClick=${() =>
            setDialog("delete")}>Delete</button>`}
      <//>
      ${reason !== undefined && html`<p class="note">${reason || "The run failed."}</p>`}
      <div class="page">
        <div class="page-top">
          <${MetricTiles} metadata=${metadata} />
          ${notes.card}
        </div>
        <aside class="page-side" aria-label="Facts">
          <${Facts} version=${version} aliases=${aliasesOf(summary, version.version)} />
          <${MetadataFacts} metadata=${metadata} label="Metadata" />
        </aside>
        <div class="page-main">
          ${version.materializer === RELEASE &&
            html`<${ReleasePanel} ...${{ name, version: version.version, previous }} />`}
          <${Curves} versions=${[version]} onSettled=${() => setCurvesRead(true)} />
          ${files.length === 0
            ? html`
              <${Empty} title="This version has no files">
                <p>All of it is its metadata. Save a folder or a value to keep files.</p>
                <//>
            `
            : html`<${Files} version=${version} path=${path} hasPlace=${areCurvesRead} />`}
        </div>
      </div>
      <${SameByCode} ...${codeOf(ref, path)} />
      ${dialog === "alias" &&
        html`
          <${AliasDialog} change=${{ name, to: version.version }} summary=${summary}
            close=${() => (close(), reload())} />
        `}
      ${dialog === "delete" &&
        html`
          <${DeleteDialog} version=${version} aliases=${aliasesOf(summary, version.version)}
            close=${close} deleted=${() => openPlace(hrefOf(["artifacts", name]))} />
        `}
    </div>
  `;
}

/** Returns the path that is shown first: a card, an image of zarr, or else the first file. */
function firstPath(files: readonly ArtifactFile[]): string | undefined {
  const card = files.find(({ path }) => isCard(path));
  if (card !== undefined || files[0] === undefined) return card?.path;
  const [top = ""] = files[0].path.split("/");
  const folder = ["", top].find((folder) => isZarr(files, folder));
  return files.length > 1 ? folder ?? files[0].path : files[0].path;
}

function Files({ version, path, hasPlace }: {
  version: ArtifactVersion;
  path?: string;
  /** The content above it is complete. */
  hasPlace: boolean;
}) {
  const isOne = version.files.length === 1;
  const file = version.files.find((file) => file.path === path);
  const hrefOfPath = usePathHref();
  const preview = useRef<HTMLElement>(null);
  const isNear = useWasNear(preview, hasPlace); // below curves, a file is read once it is near
  const open = (path: string) => openPlace(hrefOfPath(path));
  return html`
    ${!isOne && html`
      <div class="row spread">
        <h2>Files</h2>
        <${DownloadAll} version=${version} />
      </div>
    `}
    <div class=${isOne ? "split alone" : "split"}>
      ${!isOne && html`<${FileTree} files=${version.files} current=${path} open=${open} />`}
      <section ref=${preview} class="stack" aria-label="Preview">
        <div class="row spread">
          <h2 class="mono">${path === "" ? "All files" : path}</h2>
          ${file && html`<${DownloadButton} file=${file} />`}
        </div>
        ${isNear && html`<${Preview} key=${path} version=${version} path=${path} />`}
      </section>
    </div>
  `;
}

function Facts({ version, aliases }: { version: ArtifactVersion; aliases: readonly string[] }) {
  const { materializer, size, files, createdAt: at, by, digest, inputs } = version;
  const tags = aliases.map((alias) => html`<span class="tag tag-alias">${alias}</span>`);
  const refs = inputs.map((ref) =>
    html`<div><a href=${hrefOfRef(ref)}>${breakable(ref)}</a></div>`
  );
  return html`
    <${FactList} facts=${[
      ["Aliases", tags.length > 0 && html`<span class="tags">${tags}</span>`],
      ["Kind", materializer],
      ["Size", `${formatBytes(size)} in ${formatCount(files.length, "file")}`],
      ["Saved", html`<span title=${at}>${formatTime(at)}, ${formatAgo(at)}</span>`],
      ["By", by && html`<span title=${by.token && `token ${by.token}`}>${by.name}</span>`],
      [
        "Digest",
        html`
          <code title=${digest}>${digest.slice(0, 12)}…</code> <${CopyButton} label="digest"
            text=${digest} />
        `,
      ],
      ["Inputs", refs.length > 0 && refs],
    ]} />
  `;
}

async function previousOf(
  service: Service,
  { name, versions, next }: NameSummary,
  version: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const at = versions.findIndex((each) => each.version === version);
  if (next === undefined) return at < 0 ? undefined : versions[at + 1]?.version;
  const query = { range: `<${version}`, limit: 1 }; // it may be on a later page
  const path = `${namePath(name)}/versions`;
  const { items } = await service.json<{ items: ListedVersion[] }>(path, { query, signal });
  return items[0]?.version;
}

function codeOf(ref: string, path: string | undefined): { cli: string; code: string } {
  const file = path ? ` ${shellWord(path)}` : "";
  return {
    cli: `holdfast info ${shellWord(ref)}\nholdfast cat ${shellWord(ref)}${file}\n` +
      `holdfast download ${shellWord(ref)} ./here`,
    code: `const { value } = await registry.load(${JSON.stringify(ref)});
const artifact = await registry.open(${JSON.stringify(ref)});
const bytes = await artifact.file(${JSON.stringify(path ?? "")}).bytes();`,
  };
}

function FileTree(
  { files, current, open }: {
    files: readonly ArtifactFile[];
    current?: string;
    open: (path: string) => void;
  },
) {
  const nodes = useMemo(() => fileNodes(files, ""), [files]);
  const opened = useMemo(() => foldersOf(current ?? ""), []);
  return html`
    <${Tree} label="Files" nodes=${nodes} rowHeight=${28} opened=${opened}
      current=${current}
      onOpen=${({ value }: TreeNode<DirectoryEntry>) => open(value.path)}
      row=${({ value: { name, path, size } }: TreeNode<DirectoryEntry>) =>
        html`
          <span class="tree-label grow" aria-current=${path === current
            ? "true"
            : undefined}>${path === current ? html`<strong>${name}</strong>` : name}</span><span
            class="cell">${formatBytes(size)}</span>
        `} />
  `;
}

function fileNodes(files: readonly ArtifactFile[], folder: string): TreeNode<DirectoryEntry>[] {
  return entriesOf(files, folder).map((value) => {
    let below: TreeNode<DirectoryEntry>[] | undefined;
    const children = () => below ??= fileNodes(files, value.path);
    return { key: value.path, value, ...value.isFolder && { children } };
  });
}

function foldersOf(path: string): string[] {
  return [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));
}
