// Previews of stored files. Nothing inside a file ever runs, and only the ranges that are shown are
// read. Each kind of preview loads when it is needed.
import { useSession } from "../api/context.ts";
import type { ArtifactFile, ArtifactVersion } from "../artifact_file.ts";
import { html } from "../framework/html.ts";
import { useState, type VNode } from "../framework/preact.ts";
import { DirectoryView, filesBelow } from "./directory.ts";
import { ErrorNotice, Lazy, whenLoaded } from "../components/notices.ts";
import { type Kind, kindOf } from "./kind.ts";
import { useFiles } from "./parts.ts";
import { BytesView, TextView } from "./text/text_view.ts";

export interface PreviewProps {
  readonly version: ArtifactVersion;
  /** A file or a folder. @default the only file, else the root folder */
  readonly path?: string;
  /** Set beside others: without statistics of tables and without bytes. */
  readonly isBrief?: boolean;
}

type FileProps = { file: ArtifactFile } & Pick<PreviewProps, "version" | "isBrief">;
type View = (props: FileProps) => VNode | null;

const VIEWS: Record<Kind, () => View | Promise<View>> = {
  text: () => TextView,
  bytes: () => BytesView,
  json: async () => (await import("./text/json_tree.ts")).JsonView,
  markdown: async () => (await import("./text/markdown_view.ts")).MarkdownView,
  image: async () => (await import("./images/image_view.ts")).ImageView,
  array: async () => (await import("./arrays/array_view.ts")).ArrayFileView,
  table: async () => (await import("./tables/table_view.ts")).TableView,
  model: async () => (await import("./models/model_view.ts")).ModelView,
  notebook: async () => (await import("./notebooks/notebook_view.ts")).NotebookView,
  audio: async () => (await import("./media/media_view.ts")).AudioView,
  video: async () => (await import("./media/media_view.ts")).VideoView,
  pdf: async () => (await import("./media/media_view.ts")).PdfView,
  archive: async () => (await import("./archives/archive_view.ts")).ArchiveView,
};

export function Preview({ version, path, isBrief }: PreviewProps): VNode {
  const only = version.files.length === 1 ? version.files[0] : undefined;
  const file = path === undefined ? only : version.files.find((file) => file.path === path);
  if (file !== undefined) return html`<${FilePreview} ...${{ file, version, isBrief }} />`;
  const folder = (path ?? "").replace(/\/+$/, "");
  if (folder !== "" && filesBelow(version.files, folder).length === 0) {
    const error = {
      message: `Cannot show ${JSON.stringify(path)}: this version has no such file`,
      hint: "Choose a file of the version.",
    };
    return html`<${ErrorNotice} error=${error} />`;
  }
  return html`<${DirectoryView} version=${version} folder=${folder} />`;
}

/** A file by its kind, and its bytes on demand. */
function FilePreview({ file, version, isBrief }: FileProps): VNode {
  const { extensions } = useSession();
  const opened = useFiles(async (signal) => {
    const found = await kindOf(file, { extensions, signal });
    if (typeof found === "string") return { kind: found, View: await VIEWS[found]() };
    if (found.loadModel === undefined) return { kind: "other", View: await found.load() };
    const [View, open] = await Promise.all([VIEWS.model(), found.loadModel()]);
    return { kind: "other", View, more: { open } };
  }, file);
  const as = (kind: Kind) =>
    html`<${Lazy} key=${kind} load=${async () => await VIEWS[kind]()} file=${file} />`;
  return whenLoaded(opened, ({ kind, View, more }) =>
    html`
      <div class=${`preview preview-${kind}`} key=${`${file.ref} ${file.path} ${file.digest}`}>
        <${View} ...${{ file, version, isBrief, as, ...more }} />
        ${kind !== "bytes" && !isBrief && html`<${LazyBytes} file=${file} />`}
      </div>
    `);
}

/** The bytes of a file, read when they are opened: also of damaged files. */
function LazyBytes({ file }: { file: ArtifactFile }): VNode {
  const [isOpen, setOpen] = useState(false);
  const toggled = (event: Event) => setOpen((event.currentTarget as HTMLDetailsElement).open);
  return html`
    <details class="bytes" onToggle=${toggled}>
      <summary>Bytes</summary>
      ${isOpen && html`<${BytesView} file=${file} />`}
    </details>
  `;
}
