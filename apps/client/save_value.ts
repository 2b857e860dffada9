// Saves. The client turns a value into files, and sends large files before the save itself.
import { isRegistryError, messageOf, taskFailed } from "../../core/errors.ts";
import {
  checkMaterializer,
  type FilesToSave,
  type FileToSave,
  type MaterializeOptions,
  type Materializer,
  type Materializers,
} from "../../core/materializer.ts";
import type { ArtifactInfo } from "../../core/artifact.ts";
import { without } from "../../core/options/check_options.ts";
import { checkName, shown } from "../../core/naming/names.ts";
import { checkFileCount, MOST_SENT_FILES } from "../../core/calls/file_limit.ts";
import { checkMetadata } from "../../core/calls/metadata.ts";
import type { SavedArtifact, SaveOptions, TransferProgress } from "../../core/registry.ts";
import { artifactPath } from "./address.ts";
import type { Call, Connection } from "./connection.ts";
import { savedOf } from "./operations.ts";
import { encodeBase64 } from "./wire.ts";
import type { FileInfo } from "../../core/record.ts";
import { saveAgainIfChanged } from "../../core/work/source_change.ts";
import { withDeadline } from "../../core/retry.ts";
import { createSideBySide } from "../../core/work/side_by_side.ts";
import { untilAborted } from "../../core/work/until_aborted.ts";
import { openContent, type SendContentOptions } from "./content.ts";
import { loadNewBytes } from "./download.ts";
import type { SentRuns } from "./new_bytes.ts";
import { versionInfo } from "./open_version.ts";
import { PIECE_BYTES, sendContent } from "./send_content.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import { materializerFor } from "../../registry/contract/make_value.ts";
import { fileFacts } from "../../core/registry/file_facts.ts";

export async function saveValue(
  connection: Connection,
  { name, value, materializers }: { name: string; value: unknown; materializers: Materializers },
  options: SaveOptions,
): Promise<SavedArtifact> {
  checkName(name);
  const { version, signal, onProgress } = options;
  const materializer = materializerFor(materializers, name, value, options.as);
  checkMaterializer(materializer);
  const action = `save ${shown(version === undefined ? name : `${name}@${version}`)}`;
  const asked = askedOf({ ...options, as: materializer });
  const produce = (options: MaterializeOptions) => materializer.save(value, options);
  const throughService = options.compress !== undefined;
  const callOptions = { action, signal, onProgress, throughService };
  const { idempotencyKey = connection.system.id() } = options;
  const call = (files?: WireFile[]): Call => ({
    action,
    method: "POST",
    path: `${artifactPath(name)}/versions`,
    json: { ...asked, idempotencyKey, files },
    signal,
  });
  const admit = createAdmission(connection, call());
  // With the same key a repeat returns the first result.
  const save = async (files: WireFile[]) =>
    await connection.read({ ...call(files), writes: true, repeats: true }, savedOf);
  const earlier = options.share === "none" ? undefined : options.base ?? name;
  const base = earlierVersion(connection, earlier, signal);
  const files = await saveAgainIfChanged(
    materializer,
    () => gatherFiles(connection, produce, { ...callOptions, admit, base }),
  );
  try {
    return await save(files);
  } catch (error) {
    const isReplaced = isRegistryError(error, ...UNUSABLE) &&
      files.some(({ earlier }) => earlier !== undefined);
    if (!isReplaced) throw error;
    const whole = await gatherFiles(connection, produce, callOptions).catch(() => undefined);
    // A stream cannot be read again, and an iterator has no files the second time.
    if (whole === undefined || contentOf(whole) !== contentOf(files)) throw error;
    return await save(whole);
  }
}

/** Errors of an earlier version: a save must not fail because it was replaced or damaged. */
const UNUSABLE = ["NotFound", "Conflict", "Corrupt"] as const;

function contentOf(files: readonly WireFile[]): string {
  return JSON.stringify(files.map((file) => without(file, "data", "upload", "earlier")));
}

/** Returns a function that reads the info of a version once; undefined if it cannot be read. */
function earlierVersion(
  connection: Connection,
  ref: string | undefined,
  signal?: AbortSignal,
): () => Promise<ArtifactInfo | undefined> {
  let info: Promise<ArtifactInfo | undefined> | undefined;
  return () =>
    info ??= ref === undefined
      ? Promise.resolve(undefined)
      : versionInfo(connection, ref, { signal }).catch((error) => {
        if (isRegistryError(error, "Denied", ...UNUSABLE)) return undefined;
        throw error;
      });
}

/** Returns a function that sends a request without its files, once: the service only checks it. */
export function createAdmission(connection: Connection, call: Call): () => Promise<void> {
  let asked: Promise<void> | undefined;
  const ask = async () => await (await connection.request(call)).body?.cancel();
  return () => asked ??= ask();
}

type AskedOptions = Omit<SaveOptions, "as"> & {
  as?: Pick<Materializer, "id" | "formatVersion">;
};

/**
 * Returns the options of a save or commit in their wire form.
 *
 * @throws {RegistryError} `Invalid` for metadata that JSON would drop silently; the service checks
 * the rest
 */
export function askedOf(
  { signal: _, onProgress: __, as: materializer, ...options }: AskedOptions,
): Record<string, unknown> {
  if (options.metadata !== undefined) checkMetadata(options.metadata);
  if (materializer === undefined) return options;
  const { id, formatVersion } = materializer;
  return { ...options, materializer: { id, formatVersion } };
}

/** The total of file bytes that a save, or a part of a draft, sends in its own request. */
const INLINE_BYTES = 256 * 1024;
/** Files that are sent concurrently before the save. */
const AT_ONCE = 4;

export interface WireFile extends FileInfo {
  /** The bytes as base64. */
  data?: string;
  upload?: string;
  /** Runs of an earlier version and of `upload`, which has the bytes that it lacks. */
  earlier?: SentRuns["earlier"];
}

interface GatherOptions extends Pick<SendContentOptions, "throughService"> {
  action: string;
  signal?: AbortSignal;
  onProgress?: (progress: TransferProgress) => void;
  /** Throws if the service would refuse the files. Called before the first large one is sent. */
  admit?: () => Promise<void>;
  /** Returns the version with which large files are compared. */
  base?: () => Promise<ArtifactInfo | undefined>;
}

/** Smaller files are sent whole. */
const LEAST_COMPARED_BYTES = 1024 * 1024;

/** Reads the files of a value, and sends large ones. Other errors become `TaskFailed`. */
export async function gatherFiles(
  connection: Connection,
  produce: (options: MaterializeOptions) => FilesToSave,
  { action, signal, onProgress, throughService, admit, base }: GatherOptions,
): Promise<WireFile[]> {
  const gathered: WireFile[] = [];
  const checks: FileToSave[] = [];
  const sending = createSideBySide({ atOnce: AT_ONCE, room: AT_ONCE * PIECE_BYTES, signal });
  let remaining = INLINE_BYTES;
  let moved = 0;
  const report = (path: string, bytes: number) => onProgress?.({ path, bytes: moved += bytes });
  try {
    const producing = produce({ signal, mostFiles: MOST_SENT_FILES });
    const all = await withDeadline(Promise.resolve(producing), { signal });
    const generated = !Array.isArray(all);
    if (!generated) checkFileCount(all.length, MOST_SENT_FILES);
    for await (const file of untilAborted(all, signal)) {
      signal?.throwIfAborted();
      if (file.check !== undefined) checks.push(file);
      const { path } = file;
      const wire: WireFile = { path, size: 0, sha256: "", ...fileFacts(file) };
      checkFileCount(gathered.push(wire), MOST_SENT_FILES);
      const content = await openContent(file, { maxBytes: remaining, signal });
      if (content instanceof Uint8Array) {
        const size = content.byteLength;
        remaining -= size;
        Object.assign(wire, { size, sha256: sha256(content), data: encodeBase64(content) });
        report(path, size);
        continue;
      }
      await admit?.();
      const ended = await sending.begin(PIECE_BYTES, async () => {
        const onBytes = (bytes: number) => report(path, bytes);
        const options = { action, signal: sending.signal, onBytes, throughService };
        const { stays, size = 0 } = content;
        const info = stays && size >= LEAST_COMPARED_BYTES ? await base?.() : undefined;
        const news = info?.files.some((file) => file.path === path) && await loadNewBytes();
        const about = { ...options, info: info!, path };
        const sent = news && await news.sendNewBytes(connection, content, about);
        Object.assign(wire, sent || await sendContent(connection, content, options));
      });
      if (!content.stays || (generated && file.content instanceof Uint8Array)) await ended();
    }
    await sending.end();
    for (const file of checks) await file.check!();
  } catch (error) {
    await sending.stop(error);
    if (isRegistryError(error) || signal?.aborted) throw error;
    throw taskFailed(action, undefined, `reading its content failed: ${messageOf(error)}`, {
      hint: "Nothing was saved. Fix the materializer or stream that `cause` names.",
      cause: error,
    });
  }
  return gathered;
}
