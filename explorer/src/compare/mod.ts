// Comparison of the files of two versions.
import { useSession } from "../api/context.ts";
import type { ArtifactFile, ArtifactVersion } from "../artifact_file.ts";
import { FactList } from "../components/fact_list.ts";
import { formatBytes } from "../format/format.ts";
import { Lazy, whenLoaded } from "../components/notices.ts";
import { html } from "../framework/html.ts";
import type { VNode } from "../framework/preact.ts";
import { Crumbs, filesBelow, isZarr } from "../previews/directory.ts";
import { type Kind, kindOf } from "../previews/kind.ts";
import { useFiles } from "../previews/parts.ts";
import { DirectoryComparison } from "./directories.ts";
import type { FolderPairProps, PairProps } from "./pair.ts";

export interface ComparisonProps {
  readonly left: ArtifactVersion;
  readonly right: ArtifactVersion;
  /** A file or a folder. @default all files */
  readonly path?: string;
}

type PairView = (props: PairProps) => VNode | null;

/** Loads the comparison of a kind. Files of other kinds are compared by their digests. */
const VIEWS: Partial<Record<Kind, () => Promise<PairView>>> = {
  json: async () => (await import("./values.ts")).JsonComparison,
  notebook: async () => (await import("./values.ts")).JsonComparison,
  text: async () => (await import("./texts.ts")).TextComparison,
  markdown: async () => (await import("./texts.ts")).TextComparison,
  image: async () => (await import("./images.ts")).ImageComparison,
  array: async () => (await import("./arrays.ts")).ArrayFileComparison,
  table: async () => (await import("./tables.ts")).TableComparison,
  model: async () => (await import("./models.ts")).ModelComparison,
};

export function Comparison({ left, right, path }: ComparisonProps): VNode {
  const only = left.files.length === 1 && right.files.length === 1 && path === undefined;
  const [before, after] = only
    ? [left.files[0], right.files[0]]
    : [left, right].map(({ files }) => files.find((file) => file.path === path));
  const isFile = before !== undefined || after !== undefined;
  const folder = isFile ? "" : (path ?? "").replace(/\/+$/, "");
  return html`
    <div class="comparison">
      ${isFile && path !== undefined && html`<${Crumbs} folder=${path} />`}
      ${isFile
        ? html`<${FileComparison} left=${before} right=${after} key=${path} />`
        : html`<${FolderComparison} left=${left} right=${right} folder=${folder} key=${folder} />`}
    </div>
  `;
}

const loadZarr = async () => (await import("./arrays.ts")).ZarrComparison;

function FolderComparison({ left, right, folder }: FolderPairProps): VNode {
  const areZarr = [left, right].every(({ files }) => isZarr(files, folder));
  const hasFiles = [left, right].some(({ files }) => filesBelow(files, folder).length > 0);
  if (!hasFiles) return html`<p class="note">Neither version has files at this path.</p>`;
  return html`
    <${Crumbs} folder=${folder} />
    ${areZarr && html`<${Lazy} load=${loadZarr} left=${left} right=${right} folder=${folder} />`}
    <${DirectoryComparison} left=${left} right=${right} folder=${folder} />
  `;
}

function FileComparison({ left, right }: { left?: ArtifactFile; right?: ArtifactFile }): VNode {
  if (left === undefined || right === undefined) {
    const only = (left ?? right)!;
    return html`<p class="note">Only ${only.ref} has ${only.path} (${formatBytes(only.size)}).</p>`;
  }
  const isSame = left.digest === right.digest;
  return html`
    <h3>${left.path === right.path ? left.path : `${left.path} and ${right.path}`}</h3>
    <p class="summary-line">${formatBytes(left.size)} in ${left.ref}, ${formatBytes(
      right.size,
    )} in ${right.ref}</p>
    ${isSame
      ? html`<p class="note">Both files have the same bytes (SHA-256 ${left.digest}).</p>`
      : html`<${DifferentFiles} left=${left} right=${right} />`}
  `;
}

function DifferentFiles({ left, right }: PairProps): VNode {
  const { extensions } = useSession();
  const opened = useFiles(
    async (signal) => {
      const kinds = [left, right].map((file) => kindOf(file, { extensions, signal }));
      const [before, after] = await Promise.all(kinds);
      if (before === undefined || before !== after) return DifferentBytes;
      const kind = typeof before === "string" ? before : before.loadModel && "model";
      const View = await (kind && VIEWS[kind])?.() ?? DifferentBytes;
      if (typeof before === "string" || before.loadModel === undefined) return View;
      const open = await before.loadModel();
      return (pair: PairProps) => html`<${View} ...${pair} open=${open} />`;
    },
    left,
    right,
  );
  return whenLoaded(opened, (View) => html`<${View} left=${left} right=${right} />`);
}

function DifferentBytes({ left, right }: PairProps): VNode {
  const facts = [left, right].map(({ ref, digest }) => [ref, digest]);
  return html`<${FactList} facts=${facts} isCard isMono />`;
}
