// Uploads files as a new version, by drag and drop, with progress. Interrupted ones continue.
import { elementOf } from "../../framework/element_of.ts";
import { invalid } from "../../../../core/errors.ts";
import { filePathProblem } from "../../../../core/naming/file_paths.ts";
import { checkNewName, shown } from "../../../../core/naming/names.ts";
import { checkAlias } from "../../../../core/naming/refs.ts";
import { splitEntry, valueOf } from "../../../../apps/metadata_text.ts";
import { tokensOf } from "../../../../apps/server/search/terms.ts";
import { namePath } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import { mayChange, type Rights, type Service, SITE_HINT } from "../../api/service.ts";
import { sendFile } from "../../api/uploads.ts";
import { SameByCode, shellWord } from "../../components/copy_box.ts";
import { TextField } from "../../components/field.ts";
import { formatBytes, formatCount } from "../../format/format.ts";
import { Empty, ErrorNotice, Progress } from "../../components/notices.ts";
import { RefField } from "../../components/ref_field.ts";
import { html } from "../../framework/html.ts";
import { useEffect, useRef, useState } from "../../framework/preact.ts";
import { hrefOf, type Place } from "../../framework/router.ts";
import type { ViewProps } from "../mod.ts";
import { type ChosenFile, chosenFiles, droppedFiles, withoutCommonFolder } from "./chosen_files.ts";

interface Progressed {
  readonly state: "ready" | "sending" | "saving" | "saved" | "failed";
  /** Bytes that the service has. */
  readonly sent: number;
  readonly error?: unknown;
  readonly version?: string;
}

interface Target {
  readonly name: string;
  readonly metadata: string;
  readonly alias: string;
}

const AT_ONCE = 3;

export function UploadView({ place: { query } }: ViewProps) {
  const { service, rights } = useSession();
  if (mayChange(rights, "save") && !service.isSite) return html`<${UploadForm} query=${query} />`;
  return html`
    <${Empty} title=${service.isSite ? "A site is read-only" : "This token cannot save"}>
      <p>${service.isSite ? SITE_HINT : "Sign in with a token that has a scope such as save:*."}</p>
      <//>
  `;
}

function UploadForm({ query }: Pick<Place, "query">) {
  const { service, rights } = useSession();
  const [files, setFiles] = useState<readonly ChosenFile[]>([]);
  const [target, setTarget] = useState<Target>({ name: query.name ?? "", metadata: "", alias: "" });
  const [progress, setProgress] = useState<Progressed>({ state: "ready", sent: 0 });
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const isBusy = progress.state === "sending" || progress.state === "saving";
  const total = files.reduce((sum, { file }) => sum + file.size, 0);
  const change = (key: keyof Target) => (value: string) => setTarget({ ...target, [key]: value });
  const choose = (chosen: ChosenFile[]) => {
    setFiles(withoutCommonFolder(chosen));
    setProgress({ state: "ready", sent: 0 });
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    const controller = running.current = new AbortController();
    setProgress({ state: "sending", sent: 0 });
    try {
      const { signal } = controller;
      const version = await upload(service, { files, target, signal, onChange: setProgress });
      setProgress({ state: "saved", sent: total, version });
    } catch (error) {
      setProgress(({ sent }) => ({ state: "failed", sent, error: stopped(controller, error) }));
    }
  };
  const problems = problemsOf(target, rights);
  const name = target.name.trim();
  const isReady = !isBusy && files.length > 0 && name !== "" && problems.length === 0;
  return html`
    <div class="stack">
      <h1>Upload</h1>
      <form class="stack" onSubmit=${submit}>
        <${DropZone} choose=${choose} disabled=${isBusy} />
        ${files.length > 0 && html`<${Chosen} files=${files} total=${total} />`}
        <div class="columns">
          <${RefField} label="Name" value=${target.name} change=${change("name")} isName />
          <${TextField} label="Alias (optional)" value=${target.alias} change=${change(
            "alias",
          )} placeholder="production" />
          <${TextField} label="Metadata (optional)" value=${target.metadata} change=${change(
            "metadata",
          )} placeholder="source=camera epochs:=3" />
        </div>
        <p class="muted">Metadata: KEY=TEXT, or KEY:=JSON for numbers and other values.</p>
        ${problems.map((problem) =>
          html`<p key=${problem} class="notice notice-error" role="alert">${problem}</p>`
        )}
        <div class="row">
          <button type="submit" class="button button-main" disabled=${!isReady}>${progress.state ===
              "failed"
            ? "Continue the upload"
            : "Upload"}</button>
          ${isBusy &&
            html`<button type="button" class="button" onClick=${() =>
              running.current?.abort()}>Stop</button>`}
        </div>
      </form>
      <${State} progress=${progress} total=${total} name=${name} />
      <${SameByCode} ...${codeOf(target)} />
    </div>
  `;
}

/** Returns sentences about a target that nothing can be saved to. */
function problemsOf(target: Target, rights: Rights): string[] {
  const name = target.name.trim();
  const { problem } = parseMetadata(target.metadata);
  const problems = problem === undefined ? [] : [`Cannot read the metadata: ${problem}.`];
  if (name !== "" && !mayChange(rights, "save", name)) {
    problems.push("This token cannot save versions of this name.");
  }
  if (target.alias.trim() !== "" && !mayChange(rights, "move", name || undefined)) {
    problems.push("This token cannot set aliases of this name.");
  }
  return problems;
}

function stopped({ signal }: AbortController, error: unknown): unknown {
  if (!signal.aborted) return error;
  return { message: "Stopped. What was sent is kept for a day", hint: "Upload to continue." };
}

/** Sends files, some at once, and saves them as one version. Returns the version. */
async function upload(
  service: Service,
  { files, target, signal, onChange }: {
    files: readonly ChosenFile[];
    target: Target;
    signal: AbortSignal;
    onChange: (progress: Progressed) => void;
  },
): Promise<string> {
  const alias = target.alias.trim();
  checkNewName(target.name.trim()); // before anything is sent
  if (alias !== "") checkAlias(alias);
  for (const { path } of files) {
    const problem = filePathProblem(path, false);
    if (problem) throw invalid("save a file as", shown(path), problem, { hint: "Rename it." });
  }
  const sent = files.map(() => 0);
  const ids: string[] = [];
  let next = 0;
  const work = async () => {
    for (let at = next++; at < files.length; at = next++) {
      const onProgress = (bytes: number) => {
        sent[at] = bytes;
        onChange({ state: "sending", sent: sent.reduce((sum, each) => sum + each, 0) });
      };
      ids[at] = await sendFile(service, files[at]!.file, { signal, onProgress });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  onChange({ state: "saving", sent: sent.reduce((sum, each) => sum + each, 0) });
  const path = namePath(target.name.trim());
  const saved = await service.json<{ version: string }>(`${path}/versions`, {
    method: "POST",
    json: {
      materializer: { id: files.length === 1 ? "file" : "folder", formatVersion: 1 },
      files: files.map(({ path, file: { type } }, at) => ({
        path,
        upload: ids[at],
        ...(type === "" ? {} : { mediaType: type }),
      })),
      metadata: parseMetadata(target.metadata).metadata,
      ...(alias === "" ? {} : { alias }),
    },
    signal,
  });
  return saved.version;
}

/**
 * Parses `key=text` and `key:=JSON`, as the command line does. Quotes around a text keep spaces.
 * Returns a problem if there is anything else: nothing that was typed may be lost.
 */
export function parseMetadata(
  text: string,
): { metadata: Record<string, unknown>; problem?: string } {
  const values = new Map<string, unknown>();
  let problem: string | undefined;
  for (const { text: word } of tokensOf(text)) {
    const entry = splitEntry(word);
    if (entry === undefined || entry.key.includes('"')) {
      problem ??= `${word} is not KEY=VALUE. Quote a value with spaces: note="two words"`;
      continue;
    }
    const { key, isJson, typed } = entry;
    if (values.has(key)) problem ??= `${key} has two values`;
    try {
      values.set(key, isJson ? valueOf(entry) : typed.replace(/^(["'])([^"]*)\1$/, "$2"));
    } catch (error) {
      problem ??= `${key} is not JSON (${(error as Error).message})`;
    }
  }
  return { metadata: Object.fromEntries(values), problem };
}

function Chosen({ files, total }: { files: readonly ChosenFile[]; total: number }) {
  const names = files.slice(0, 5).map(({ path }) => path).join(", ");
  return html`<p><strong>${formatCount(files.length, "file")}</strong>, ${formatBytes(total)}: <span
    class="mono">${names}${files.length > 5 ? " …" : ""}</span></p>`;
}

function State(
  { progress: { state, sent, error, version }, total, name }: {
    progress: Progressed;
    total: number;
    name: string;
  },
) {
  if (state === "ready") return null;
  if (state === "saved") {
    return html`<p class="notice notice-good" role="status">Saved <a
      href=${hrefOf(["artifacts", name, version!])}>${name}@${version}</a>.</p>`;
  }
  return html`
    <div class="stack" role="status">
      <p>${state === "saving"
        ? "Saving the version…"
        : `${formatBytes(sent)} of ${formatBytes(total)}`}</p>
      <${Progress} label="Upload" value=${total === 0 ? 1 : sent / total} />
    </div>
    ${error !== undefined && html`<${ErrorNotice} error=${error} />`}
  `;
}

function codeOf({ name, alias, metadata }: Target): { cli: string; code: string } {
  const ref = name.trim() === "" ? "my:data" : name.trim();
  const pairs = Object.entries(parseMetadata(metadata).metadata);
  const flags = [
    ...(alias.trim() === "" ? [] : [` --alias ${shellWord(alias.trim())}`]),
    ...pairs.map(([key, value]) =>
      ` -m ${
        shellWord(
          typeof value === "string" ? `${key}=${value}` : `${key}:=${JSON.stringify(value)}`,
        )
      }`
    ),
  ];
  const options = pairs.length === 0
    ? ""
    : `, { metadata: ${JSON.stringify(Object.fromEntries(pairs))} }`;
  return {
    cli: `holdfast save ${shellWord(ref)} ./folder${flags.join("")}`,
    code: `import { localPath } from "@holdfast/holdfast/materializers";

await registry.save(${JSON.stringify(ref)}, localPath("./folder")${options});`,
  };
}

function DropZone(
  { choose, disabled }: { choose: (files: ChosenFile[]) => void; disabled: boolean },
) {
  const [over, setOver] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const onDrop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (!disabled && event.dataTransfer !== null) {
      choose(await droppedFiles(event.dataTransfer.items));
    }
  };
  const onDragOver = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  const onChange = (event: Event) => {
    const { files } = event.currentTarget as HTMLInputElement;
    if (files !== null && files.length > 0) choose(chosenFiles(files));
  };
  return html`
    <div class=${over ? "drop over" : "drop"} onDrop=${onDrop} onDragOver=${onDragOver}
      onDragLeave=${() => setOver(false)}>
      <p>Drop files or a folder here, or choose them.</p>
      <div class="row">
        <button type="button" class="button" disabled=${disabled}
          onClick=${() => elementOf(files).click()}>Choose files</button>
        <button type="button" class="button" disabled=${disabled}
          onClick=${() => elementOf(folder).click()}>Choose a folder</button>
      </div>
      <input ref=${files} class="hidden" type="file" multiple tabindex="-1" aria-label="Files"
        onChange=${onChange} />
      <input ref=${folder} class="hidden" type="file" webkitdirectory tabindex="-1"
        aria-label="Folder" onChange=${onChange} />
    </div>
  `;
}
