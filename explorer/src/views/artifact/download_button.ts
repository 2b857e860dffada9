// Saves a file, or all files of a version, to the disk of the reader.
import type { ArtifactFile, ArtifactVersion } from "../../artifact_file.ts";
import { versionPath } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import { type Service, ServiceError } from "../../api/service.ts";
import { CopyBox, shellWord } from "../../components/copy_box.ts";
import { formatBytes } from "../../format/format.ts";
import { ErrorNotice } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { useState } from "../../framework/preact.ts";
import { saveBlob } from "../../framework/save_blob.ts";

/** With a token, more bytes go to the disk in a stream where the browser can, and never into memory. */
const MOST_IN_MEMORY = 256 * 1024 ** 2;

interface Download {
  /** The URL for links: of the service, or of a site. */
  readonly url: string;
  /** The name of the new file. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly label: string;
  /** The ref that a command downloads instead. */
  readonly of: string;
  /** Reads all of it into memory. */
  read(): Promise<Blob>;
}

export function DownloadButton({ file }: { file: ArtifactFile }) {
  const download: Download = {
    url: file.url,
    name: file.path.slice(file.path.lastIndexOf("/") + 1),
    size: file.size,
    label: `Download, ${formatBytes(file.size)}`,
    of: file.ref,
    read: async () => new Blob([await file.read(0, file.size)]),
  };
  return html`<${SavedDownload} key=${file.path} download=${download} />`;
}

/** Downloads all files of a version as a ZIP file. Sites have none. */
export function DownloadAll({ version: opened }: { version: ArtifactVersion }) {
  const { service } = useSession();
  if (service.isSite) return null;
  const { name, version, commit, size } = opened;
  const path = `${versionPath(name, version)}/archive`;
  const download: Download = {
    url: service.url(path, { commit }),
    name: `${name}-${version}.zip`.replace(/[<>:"/\\|?*]/g, "_"),
    size,
    label: `Download all as ZIP, ${formatBytes(size)}`,
    of: `${name}@${version}`,
    read: async () => await (await service.ask(path, { query: { commit } })).blob(),
  };
  return html`<${SavedDownload} download=${download} />`;
}

interface Progress {
  readonly busy?: boolean;
  readonly error?: unknown;
  readonly tooLarge?: boolean;
}

function SavedDownload({ download }: { download: Download }) {
  const { service } = useSession();
  const [state, setState] = useState<Progress>({});
  const { url, name, size, label, of } = download;
  // A link carries no token. Without one the browser streams the file.
  if (!service.hasToken) {
    return html`<a class="button button-small" href=${url} download=${name}>${label}</a>`;
  }
  const save = async () => {
    setState({ busy: true });
    try {
      if (size <= MOST_IN_MEMORY) saveBlob(asBytes(await download.read()), name);
      else if (!await stream(service, download)) return setState({ tooLarge: true });
      setState({});
    } catch (error) {
      if (isDismissed(error)) setState({});
      else setState({ error: isBroken(error) ? brokenDownload(of) : error });
    }
  };
  return html`
    <button type="button" class="button button-small" disabled=${state.busy}
      onClick=${save}>${state.busy ? "Downloading…" : label}</button>
    ${state.error !== undefined && html`<${ErrorNotice} error=${state.error} />`}
    ${state.tooLarge && html`
      <div class="stack">
        <p class="muted">This is too large for the memory of a page:</p>
        <${CopyBox} label="Download" text=${`holdfast download ${shellWord(of)} ./here`} />
      </div>
    `}
  `;
}

/** Returns a file that no browser shows instead of saving it. */
function asBytes(bytes: Blob): Blob {
  return new Blob([bytes], { type: "application/octet-stream" });
}

/** The dialog of browsers that let a page write a file, which types of the DOM lack. */
interface FilePicker {
  showSaveFilePicker?(
    options: { suggestedName: string },
  ): Promise<{ createWritable(): Promise<WritableStream<Uint8Array>> }>;
}

/** Streams a download to a file that the reader chooses. Returns false if the browser cannot. */
async function stream(service: Service, { url, name }: Download): Promise<boolean> {
  const choose = (globalThis as FilePicker).showSaveFilePicker;
  if (choose === undefined) return false;
  const file = await choose.call(globalThis, { suggestedName: name });
  const { body } = await service.ask(url.slice(service.base.length));
  await body?.pipeTo(await file.createWritable()); // a failure leaves no file
  return true;
}

/** Returns true if the reader closed the dialog. */
function isDismissed(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** Returns true for an answer that broke. A problem document is a {@linkcode ServiceError}. */
function isBroken(error: unknown): boolean {
  return error instanceof TypeError;
}

function brokenDownload(ref: string): ServiceError {
  return new ServiceError(0, "Cannot download: the response ended early", {
    hint: `A file may be damaged. Check it: holdfast verify ${shellWord(ref)}`,
  });
}
