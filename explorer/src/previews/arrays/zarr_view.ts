// Zarr arrays, and groups of arrays that an extension knows, at the level that fits.
import type { ByteRange } from "../../../../core/backend.ts";
import { fault } from "../../../../core/errors.ts";
import { openZarrArray, openZarrGroup, type ZarrStore } from "../../../../formats/zarr.ts";
import { useSession } from "../../api/context.ts";
import type { ArtifactFile, ArtifactVersion } from "../../artifact_file.ts";
import type { OpenedGroup, PageExtension } from "../../extension.ts";
import { Choice } from "../../components/choice.ts";
import { whenLoaded } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { useState, type VNode } from "../../framework/preact.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import type { ShownFile } from "../parts.ts";
import { useQuery } from "../../framework/use_query.ts";
import { ExactNumber } from "../text/json_value.ts";
import { JsonTree } from "../text/json_tree.ts";
import { type ArraySource, zarrSource } from "./array_source.ts";
import { ArrayView } from "./array_view.ts";

/** Limit of a chunk in memory. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Longest side of the level that is shown first. */
const FITTING_SIDE = 512;

function zarrFiles({ name, version, files }: ArtifactVersion, folder: string): ZarrStore {
  const root = folder === "" ? "" : `${folder}/`;
  const byPath = new Map(files.map((file) => [file.path, file]));
  return {
    location: `${name}@${version}/${root}`,
    async get(key, { range, suffix, signal } = {}) {
      const file = byPath.get(root + key);
      if (file === undefined) return undefined;
      const { offset, length } = rangeOf(file, range, suffix);
      if (length <= MAX_BYTES) return await file.read(offset, length, signal);
      const state = `a chunk has ${length} bytes, the limit is ${MAX_BYTES}`;
      throw fault({ code: "Unsupported", action: "preview", subject: file.path, state });
    },
  };
}

function rangeOf({ size }: ArtifactFile, range?: ByteRange, suffix?: number) {
  const offset = Math.min(
    size,
    range?.offset ?? (suffix === undefined ? 0 : Math.max(0, size - suffix)),
  );
  return { offset, length: Math.min(range?.length ?? Infinity, size - offset) };
}

/** An array of a group, or the only one. */
interface ArrayLevel {
  readonly name: string;
  readonly source: ArraySource;
}

interface Node extends Partial<Pick<OpenedGroup, "Picture">> {
  readonly levels: readonly ArrayLevel[];
  readonly attributes: unknown;
}

/** Opens an array, a group that an extension knows, or a group without arrays of its own. */
export async function openZarr(
  version: ArtifactVersion,
  folder: string,
  { extensions, signal }: { extensions: readonly PageExtension[]; signal?: AbortSignal },
): Promise<Node> {
  const store = zarrFiles(version, folder);
  const document = await store.get("zarr.json", { signal });
  const isArray = document === undefined
    ? await store.get(".zarray", { signal }) !== undefined
    : JSON.parse(new TextDecoder().decode(document)).node_type === "array";
  if (isArray) {
    const array = await openZarrArray(store, "", { maxBytes: MAX_BYTES, signal });
    return { levels: [{ name: "", source: zarrSource(array) }], attributes: array.attributes };
  }
  const { attributes } = await openZarrGroup(store, "", { signal });
  for (const { openGroup } of extensions) {
    const opened = await openGroup?.(store, { attributes, signal });
    if (opened === undefined) continue;
    const { levels, axes, Picture } = opened;
    const shown = levels.map(({ name, array }) => ({ name, source: zarrSource(array, axes) }));
    return { levels: shown, Picture, attributes };
  }
  return { levels: [], attributes };
}

/** Returns the index of the largest level that fits, else of the smallest. */
export function fittingLevel(levels: readonly Pick<ArrayLevel, "source">[]): number {
  const fits = ({ source }: Pick<ArrayLevel, "source">) =>
    source.shape.slice(-2).every((length) => length <= FITTING_SIDE);
  const level = levels.findIndex(fits);
  return level < 0 ? levels.length - 1 : level;
}

export function ZarrView({ version, folder }: { version: ArtifactVersion; folder: string }): VNode {
  const { extensions } = useSession();
  const loaded = useLoaded(
    (signal) => openZarr(version, folder, { extensions, signal }),
    [version.commit, folder],
  );
  return whenLoaded(loaded, (node) =>
    html`
      ${node.levels.length > 0 &&
        html`<${Levels} node=${node} version=${version} folder=${folder} />`}
      <h3>Attributes</h3>
      <${JsonTree} value=${plain(node.attributes)} />
    `);
}

/** Replaces bigints, which trees show as exact numbers. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return new ExactNumber(String(value));
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

function Levels({ node: { levels, Picture }, version, folder }: {
  node: Node;
  version: ArtifactVersion;
  folder: string;
}): VNode {
  const usual = fittingLevel(levels);
  const [text, setLevel] = useQuery("level", String(usual));
  const level = levels[Number(text)] === undefined ? usual : Number(text);
  const { source } = levels[level]!;
  const file = { ref: `${version.name}@${version.version}`, path: folder, isFolder: true };
  return html`
    ${levels.length > 1 && html`
      <div class="fields">
        <${Choice} label="Level" value=${String(level)} change=${setLevel}
          options=${levels.map(({ name }, i) => [String(i), name])} />
      </div>
    `}
    ${Picture === undefined
      ? html`<${ArrayView} key=${level} source=${source} file=${file} />`
      : html`
        <${Picture} key=${level} source=${source} file=${file} />
        <${OpenedArray} key=${`array ${level}`} source=${source} file=${file} />
      `}
  `;
}

/** The array of a picture, which is read when it is opened. */
function OpenedArray(props: { source: ArraySource; file: ShownFile }): VNode {
  const [isOpen, setOpen] = useState(false);
  const toggled = (event: Event) => setOpen((event.currentTarget as HTMLDetailsElement).open);
  return html`
    <details onToggle=${toggled}>
      <summary>Slices, numbers and statistics</summary>
      ${isOpen && html`<${ArrayView} ...${props} />`}
    </details>
  `;
}
