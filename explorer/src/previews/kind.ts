// The kind of preview of a file: by its extension and type, else by its first bytes.
import type { ArtifactFile } from "../artifact_file.ts";
import type { FileKind, PageExtension } from "../extension.ts";
import { isJsonLines } from "./text/json_value.ts";

/** How a file is shown. `bytes` fits every file. */
export type Kind =
  | "archive"
  | "array"
  | "audio"
  | "bytes"
  | "image"
  | "json"
  | "markdown"
  | "model"
  | "notebook"
  | "pdf"
  | "table"
  | "text"
  | "video";

const BY_EXTENSION: readonly [Kind, RegExp][] = [
  ["json", /\.(json|jsonl|ndjson|geojson|zattrs|zarray|zgroup|zmetadata)$/],
  ["markdown", /\.(md|markdown)$/],
  ["image", /\.(png|jpe?g|gif|webp|bmp|avif)$/],
  ["array", /\.(npy|tiff?)$/],
  ["table", /\.((csv|tsv|jsonl|ndjson)\.gz|csv|tsv|parquet|arrow|feather|ipc|arrows)$/],
  ["model", /\.safetensors$/],
  ["archive", /\.(zip|npz|tar|tgz|tar\.gz|whl|jar)$/],
  ["notebook", /\.ipynb$/],
  ["audio", /\.(wav|mp3|ogg|oga|opus|flac|m4a|aac)$/],
  ["video", /\.(mp4|m4v|webm|mov|ogv|mkv)$/],
  ["pdf", /\.pdf$/],
  ["text", /\.(txt|log|ya?ml|toml|ini|html?|svg|xml|js|ts|py|r|sh|css|sql|tex|rst|conf|cfg|env)$/],
];

const BY_TYPE: readonly [Kind, RegExp][] = [
  ["json", /^application\/(json|x-ndjson|geo\+json)/],
  ["markdown", /^text\/markdown/],
  ["image", /^image\/(png|jpeg|gif|webp|bmp|avif)/],
  ["array", /^(application\/x-npy|image\/tiff)/],
  [
    "table",
    /^(text\/(csv|tab-separated-values)|application\/vnd\.apache\.(parquet|arrow\.(file|stream)))/,
  ],
  ["archive", /^application\/(zip|x-tar|gzip|x-npz)/],
  ["notebook", /^application\/x-ipynb/],
  ["audio", /^audio\//],
  ["video", /^video\//],
  ["pdf", /^application\/pdf/],
  ["text", /^(text\/|image\/svg|application\/(xml|yaml|toml|javascript))/],
];

/** Bytes that decide when the name does not. */
const HEAD_BYTES = 4096;

/** Returns the kind of a file. Reads at most 4 KiB, if name and type say nothing. */
export async function kindOf(
  file: ArtifactFile,
  { extensions = [], signal }: {
    extensions?: readonly PageExtension[];
    signal?: AbortSignal;
  } = {},
): Promise<Kind | FileKind> {
  const others = extensions.flatMap(({ files = [] }) => files);
  const name = nameOf(file);
  const known = others.find(({ names }) => names.test(name)) ?? kindByName(file);
  if (known !== undefined || file.size === 0) return known ?? "bytes";
  const head = await file.read(0, Math.min(file.size, HEAD_BYTES), signal);
  const latin = latinOf(head);
  const isOf = ({ heads = [] }: FileKind) => heads.some((mark) => latin.startsWith(mark));
  return others.find(isOf) ?? kindByHead(head);
}

function nameOf({ path }: Pick<ArtifactFile, "path">): string {
  return path.toLowerCase().replace(/^.*\//s, "");
}

export function kindByName({ path, mediaType }: Pick<ArtifactFile, "path" | "mediaType">) {
  const find = (table: readonly [Kind, RegExp][], text: string) =>
    table.find(([, pattern]) => pattern.test(text))?.[0];
  return find(BY_EXTENSION, `.${nameOf({ path })}`) ?? find(BY_TYPE, mediaType.toLowerCase());
}

/** Returns true for tables and JSON Lines. */
export function hasRows(file: ArtifactFile): boolean {
  return kindByName(file) === "table" || isJsonLines(file);
}

const BY_HEAD: readonly [Kind, string, number][] = [
  ["image", "\x89PNG", 0],
  ["image", "\xff\xd8\xff", 0],
  ["image", "GIF8", 0],
  ["image", "WEBP", 8],
  ["array", "\x93NUMPY", 0],
  ["array", "II*\0", 0],
  ["array", "MM\0*", 0],
  ["table", "PAR1", 0],
  ["table", "ARROW1", 0],
  ["audio", "WAVE", 8],
  ["audio", "OggS", 0],
  ["audio", "fLaC", 0],
  ["video", "\x1a\x45\xdf\xa3", 0],
  ["pdf", "%PDF-", 0],
  ["archive", "PK\x03\x04", 0],
  ["archive", "ustar", 257],
];

export function kindByHead(head: Uint8Array): Kind {
  const latin = latinOf(head);
  const known = BY_HEAD.find(([, mark, at]) => latin.startsWith(mark, at));
  return known?.[0] ?? (isText(head) ? "text" : "bytes");
}

function latinOf(head: Uint8Array): string {
  return String.fromCharCode(...head.subarray(0, 512));
}

/** Returns true for UTF-8 without control characters. The last character may be cut off. */
export function isText(bytes: Uint8Array): boolean {
  if (bytes.some((byte) => byte < 0x09 || byte > 0x0d && byte < 0x20 && byte !== 0x1b)) {
    return false;
  }
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
