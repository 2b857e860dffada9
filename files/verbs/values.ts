// Values as files: by the extension of the path, or as the caller says.
import type { CallOptions } from "../../core/backend.ts";
import { isNDArray } from "../../formats/arrays/ndarray.ts";
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
import type {
  FileEntry,
  FileStore,
  ReadableFileStore,
  WriteFileOptions,
} from "../../core/file_store.ts";
import { parsePath } from "../../core/naming/paths.ts";
import type { Format } from "../../formats/content/format.ts";
import { described } from "../../core/text/described.ts";
import { shown } from "../../core/naming/names.ts";
import { openFile } from "../paths/follow.ts";

/** A format whose files hold values of this type, or the id of one of the set. */
// deno-lint-ignore no-explicit-any -- what it takes to write is not asked for where files are read
export type FormatChoice<T> = string | Format<T, any>;

/** Options of loading a file. */
export interface LoadFileOptions<T = unknown> extends CallOptions {
  /** The format of the file: one that was made, or the id of one: `"bytes"`. @default by the extension of the path */
  as?: FormatChoice<T>;
}

/** Options of saving a file. */
export interface SaveFileOptions extends WriteFileOptions {
  /** The format of the file: one that was made, or the id of one: `"bytes"`. @default by the extension of the path */
  // deno-lint-ignore no-explicit-any -- what a format takes is its own: it refuses what it cannot hold
  as?: string | Format<any, any>;
}

export interface KnownFormats {
  /** That of a path, by its extension; undefined where none has it. */
  forPath(path: string): Promise<Format | undefined>;
  /** The one with this id, or `NotFound`. */
  get(id: string): Promise<Format>;
}

/** How often a file may be replaced while it is loaded. */
const MOST_CHANGES = 20;

/** The format of a path: as asked for, else by its extension, else bytes. */
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
  for (let left = MOST_CHANGES;; left--) {
    const own = as === undefined ? await store.load?.(path, { signal }) : undefined;
    if (own !== undefined) return own as T;
    const file = await openFile(store, path, { action: "load", signal });
    if (as === undefined && file.isShown && left > 0) continue; // a value was saved meanwhile
    const format = await formatFor(formats, file.path, as as string | Format);
    try {
      return await told(() => format.decode(file, { signal }), {
        verb: "load",
        path: file.path,
        signal,
      }) as T;
    } catch (error) {
      if (!isRegistryError(error, "Conflict") || left === 0) throw error; // else it was replaced since it was found
    }
  }
}

/** Saves a value, or refuses one that a file of this kind does not hold exactly. */
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
  const content = await told(async () => {
    const held = format.accepts(value) ? value : imageOf(value) ?? value;
    if (!format.accepts(held)) throw await refusal(format, parsed, { value, held, signal });
    return format.encode(held, { signal });
  }, { verb: "save", path: parsed, signal });
  if (!isContent(content)) throw formatFailed("save", parsed, { state: "gave no bytes" });
  return await store.write(parsed, content, options);
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
    throw fault({
      code: "Corrupt",
      action: "load",
      subject: `${shown(file.path)} as text`,
      state: "it is not UTF-8",
      hint: 'Load it as { as: "bytes" }.',
      key: file.path,
      cause,
    });
  }
}

async function told<T>(
  action: () => T | Promise<T>,
  { verb, path, signal }: CallOptions & { verb: string; path: string },
): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    if (isRegistryError(cause) || signal?.aborted) throw cause;
    throw formatFailed(verb, path, { state: "failed", cause });
  }
}

function isContent(content: unknown): boolean {
  if (
    content instanceof Uint8Array || content instanceof Blob || content instanceof ReadableStream
  ) return true;
  const { size, stream } = (content ?? {}) as { size?: unknown; stream?: unknown };
  return Number.isSafeInteger(size) && typeof stream === "function";
}

function formatFailed(
  verb: string,
  path: string,
  { state, cause }: { state: string; cause?: unknown },
): RegistryError {
  return fault({
    code: "TaskFailed",
    action: verb,
    subject: shown(path),
    state: `its format ${state}`,
    hint:
      "It is the code of the format that has to be looked at; a cause says what it stumbled on.",
    key: path,
    cause,
  });
}

/** Returns an array of two or three dimensions as an image. The image format decides whether it supports it. */
function imageOf(value: unknown): unknown {
  if (!isNDArray(value) || value.shape.length < 2 || value.shape.length > 3) return undefined;
  const { data, shape: [height, width, channels = 1], dtype } = value;
  return { data, width, height, channels, dtype };
}

/** Why a file does not hold a value: the format knows best. */
async function refusal(
  format: Format,
  path: string,
  { value, held, signal }: CallOptions & { value: unknown; held: unknown },
): Promise<RegistryError> {
  const why = await Promise.resolve().then(() => format.encode(held, { signal })).then(
    () => undefined,
    (e) => e,
  );
  signal?.throwIfAborted();
  const known = isRegistryError(why) ? why.hint : undefined;
  const state = isRegistryError(why) ? `: ${why.state ?? why.message}` : "";
  return fault({
    code: "Unsupported",
    action: "save",
    subject: `${described(value)} as ${shown(path)}`,
    state: `a file of format ${format.id} does not hold it exactly${state}`,
    hint: value instanceof Promise
      ? "Save what it gives: add await."
      : known ?? 'Take a path whose extension fits the value, or name the format: { as: "bytes" }.',
    key: path,
    cause: why,
  });
}

function checkedFormat(format: Format | null): Format {
  if (typeof format?.decode === "function" && typeof format.encode === "function") return format;
  throw fault({
    code: "Invalid",
    action: "use",
    subject: `${described(format)} as a format`,
    state: "it lacks decode or encode",
    hint: 'Name one, { as: "json" }, or give one that was made: { as: json() }.',
  });
}

/** A mode that is not known must not replace what is there. */
function checkMode(mode: unknown): void {
  if (mode === undefined || mode === "overwrite" || mode === "create") return;
  throw fault({
    code: "Invalid",
    action: "save with mode",
    subject: shown(mode),
    state: "there is none",
    hint: 'Modes are "overwrite" and "create".',
  });
}
