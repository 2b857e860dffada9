// Values as files: by the extension of the path, or as requested.
import type { CallOptions } from "../../core/backend.ts";
import { isNDArray } from "../../formats/arrays/ndarray.ts";
import { corrupt, invalid, isRegistryError, taskFailed, unsupported } from "../../core/errors.ts";
import type { RegistryError } from "../../core/errors.ts";
import type {
  FileEntry,
  FileStore,
  ReadableFileStore,
  WriteFileOptions,
} from "../../core/file_store.ts";
import { parsePath } from "../../core/naming/paths.ts";
import { isRawContent } from "../../formats/content/content.ts";
import type { Format } from "../../formats/content/format.ts";
import { described } from "../../core/text/described.ts";
import { shown } from "../../core/naming/names.ts";
import { openFile } from "../paths/follow.ts";

/** A format whose files contain values of this type, or the id of one. */
// deno-lint-ignore no-explicit-any -- reading does not depend on what a format can write
export type FormatChoice<T> = string | Format<T, any>;

/** Options of loading a file. */
export interface LoadFileOptions<T = unknown> extends CallOptions {
  /** A format, or the id of one: `"bytes"`. @default by the extension of the path */
  as?: FormatChoice<T>;
}

/** Options of saving a file. */
export interface SaveFileOptions extends WriteFileOptions {
  /** A format, or the id of one: `"bytes"`. @default by the extension of the path */
  // deno-lint-ignore no-explicit-any -- each format accepts its own values
  as?: string | Format<any, any>;
}

export interface KnownFormats {
  forPath(path: string): Promise<Format | undefined>;
  get(id: string): Promise<Format>;
}

/** The formats that saves were given as `as`, with the sizes of their files. */
const GIVEN = new WeakMap<object, Map<string, { format: Format; size: number }>>();

/** The last so many files of a store are remembered. */
const MOST_GIVEN = 10_000;

function remember(store: object, { path, size }: FileEntry, format: Format): void {
  const given = GIVEN.get(store) ?? new Map();
  GIVEN.set(store, given);
  given.delete(path);
  given.set(path, { format, size });
  if (given.size > MOST_GIVEN) given.delete(given.keys().next().value);
}

/** Remembers the formats of files for their copies, or where they were moved. */
export function rememberAt(store: object, from: string, to: string): void {
  const [before, after] = [parsePath(from), parsePath(to)];
  for (const [path, { format, size }] of [...GIVEN.get(store) ?? []]) {
    if (path !== before && !path.startsWith(`${before}/`)) continue;
    remember(store, { path: after + path.slice(before.length), kind: "file", size }, format);
  }
}

/** Retries if a file is replaced while it is loaded. */
const MOST_CHANGES = 20;

/** Returns the format of a path: as requested, by its extension, or bytes. */
async function formatFor(
  formats: KnownFormats,
  path: string,
  as?: string | Format,
): Promise<Format> {
  if (as === undefined) return await formats.forPath(path) ?? await formats.get("bytes");
  return typeof as === "string" ? await formats.get(as) : checkedFormat(as);
}

export async function loadFile<T>(
  store: ReadableFileStore,
  path: string,
  { formats, as, signal }: LoadFileOptions<T> & { formats: KnownFormats },
): Promise<T> {
  for (let retries = MOST_CHANGES;; retries--) {
    const own = as === undefined ? await store.load?.(path, { signal }) : undefined;
    if (own !== undefined) return own as T;
    const file = await openFile(store, path, { action: "load", signal });
    if (as === undefined && file.isShown && retries > 0) continue; // a value was saved since
    const given = GIVEN.get(store)?.get(file.path);
    const known = given?.size === file.size ? given.format : undefined; // else it was replaced
    const format = await formatFor(formats, file.path, (as ?? known) as string | Format);
    try {
      return await inFormat("load", file.path, () => format.decode(file, { signal }), signal) as T;
    } catch (error) {
      if (!isRegistryError(error, "Conflict") || retries === 0) throw error; // else it was replaced
    }
  }
}

/** Saves a value, or throws `Unsupported` if a file of this format cannot store it exactly. */
export async function saveFile(
  store: FileStore,
  path: string,
  { value, formats, as, ...options }: SaveFileOptions & { value: unknown; formats: KnownFormats },
): Promise<FileEntry> {
  const parsed = parsePath(path);
  checkMode(options.mode);
  if (store.save !== undefined && as === undefined && (store.keeps?.(value) ?? true)) {
    return await store.save(parsed, value, options);
  }
  const format = await formatFor(formats, parsed, as);
  const { signal } = options;
  const encode = async () => {
    const storable = format.accepts(value) ? value : imageOf(value) ?? value;
    if (!format.accepts(storable)) throw await refusal(format, parsed, { value, storable, signal });
    return await format.encode(storable, { signal });
  };
  const content = await inFormat("save", parsed, encode, signal);
  if (!isRawContent(content)) throw formatFailed("save", parsed, "returned no bytes");
  const entry = await store.write(parsed, content, options);
  // Bytes or text for a file whose extension names a format are its content, not its value.
  const isContent = /^(bytes|text)$/.test(format.id) && await formats.forPath(parsed) !== undefined;
  if (as === undefined || isContent) GIVEN.get(store)?.delete(parsed);
  else remember(store, { ...entry, path: parsed }, format);
  return entry;
}

export async function loadText(
  store: ReadableFileStore,
  path: string,
  options: CallOptions = {},
): Promise<string> {
  const file = await openFile(store, path, { action: "load", ...options });
  const bytes = await file.bytes();
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw corrupt("load", `${shown(file.path)} as text`, "it is not UTF-8", {
      hint: 'Load it as { as: "bytes" }.',
      key: file.path,
      cause,
    });
  }
}

/** Runs code of a format, and reports its failures as `TaskFailed`. */
async function inFormat<T>(
  action: string,
  path: string,
  run: () => T | Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (isRegistryError(cause) || signal?.aborted) throw cause;
    throw formatFailed(action, path, "failed", cause);
  }
}

function formatFailed(action: string, path: string, state: string, cause?: unknown): RegistryError {
  return taskFailed(action, shown(path), `its format ${state}`, {
    hint: "Check the code of the format, and the cause of this error.",
    key: path,
    cause,
  });
}

/** Returns an array of two or three dimensions as an image, which its format may accept. */
function imageOf(value: unknown): unknown {
  if (!isNDArray(value) || value.shape.length < 2 || value.shape.length > 3) return undefined;
  const { data, shape: [height, width, channels = 1], dtype } = value;
  return { data, width, height, channels, dtype };
}

/** Returns the error of a value that a format does not accept, with the reason of the format. */
async function refusal(
  format: Format,
  path: string,
  { value, storable, signal }: CallOptions & { value: unknown; storable: unknown },
): Promise<RegistryError> {
  const formatError = await Promise.resolve().then(() => format.encode(storable, { signal })).then(
    () => undefined,
    (e) => e,
  );
  signal?.throwIfAborted();
  const formatHint = isRegistryError(formatError) ? formatError.hint : undefined;
  const state = isRegistryError(formatError) ? `: ${formatError.state ?? formatError.message}` : "";
  const subject = `${described(value)} as ${shown(path)}`;
  return unsupported("save", subject, `format ${format.id} cannot store it exactly${state}`, {
    hint: value instanceof Promise
      ? "Add await to save its result."
      : formatHint ?? 'Use another extension, or name the format: { as: "bytes" }.',
    key: path,
    cause: formatError,
  });
}

function checkedFormat(format: Format | null): Format {
  if (typeof format?.decode === "function" && typeof format.encode === "function") return format;
  throw invalid("use", `${described(format)} as a format`, "decode or encode is missing", {
    hint: 'Name a format, { as: "json" }, or pass one: { as: json() }.',
  });
}

/** Rejects an unknown mode, which must not replace a file. */
function checkMode(mode: unknown): void {
  if (mode === undefined || mode === "overwrite" || mode === "create") return;
  throw invalid("save with mode", shown(mode), "unknown mode", {
    hint: 'Use "overwrite" or "create".',
  });
}
