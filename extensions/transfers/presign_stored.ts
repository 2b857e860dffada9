// Presigns files that are stored as one object each.
import type { Backend, Registry } from "../../mod.ts";
import { fault, parseRef, pickFile, shown, unsupported } from "../../core/kernel.ts";
import type { DirectDownload, DirectDownloadOptions } from "../../core/registry/transfer.ts";
import type { StoredFile } from "../../registry/extending.ts";
import { fileInfo, recordsOf, runsOf } from "../../registry/records.ts";
import type { Located, PayloadSource, Records } from "../../registry/records.ts";
import { expiryOf } from "./url_expiry.ts";

/** A version that was found, so that its next files need no request for it. */
export interface FoundVersion {
  located?: Promise<Located>;
}

export async function presignStored(
  found: FoundVersion,
  registry: Registry,
  ref: string,
  options: DirectDownloadOptions,
): Promise<DirectDownload> {
  const context = recordsOf(registry, `presign a file of ${shown(ref)}`);
  const { version, expiresInMs = DEFAULT_EXPIRY_MS, signal } = options;
  const presign = presigner(context, `presign a file of ${shown(ref)}`);
  const expiresAt = expiryOf(context, expiresInMs);
  found.located ??= context.find(parseRef(ref, version), { signal });
  const located = await found.located;
  const source = await context.source(located, signal, options.path);
  const byPath = new Map(source.files.map((file) => [file.path, file]));
  const file = pickFile(source.info, byPath, options.path);
  const { fileName = file.path.slice(file.path.lastIndexOf("/") + 1) } = options;
  const key = await wholeObject(context, source, file, signal);
  const url = await presign(key, { fileName, expiresInMs, signal });
  return { url, expiresAt, file: fileInfo(file) };
}

async function wholeObject(
  { backend }: Records,
  source: PayloadSource,
  file: StoredFile,
  signal?: AbortSignal,
): Promise<string> {
  const [run, ...others] = runsOf(file.parts);
  const isAlone = others.length === 0 && file.encoding === undefined;
  if (run !== undefined && isAlone && (run.offset ?? 0) === 0) {
    const key = source.keyOf(file, run.parts[0]);
    const info = await backend.head(key, { signal });
    if (info === undefined) return await source.missing(key, file.path);
    if (info.size === file.size) return key;
  }
  const [state, hint, reason] = file.encoding !== undefined
    ? [
      file.values ? "it is stored by values" : "it is stored compressed",
      "Read it through the registry, or save it uncompressed.",
    ]
    : others.length > 0
    ? [
      "it is stored in several objects, which it shares with other versions",
      'Read it through the registry, or store it whole: save it with `share: "none"`.',
      { kind: "several_objects" } as const,
    ]
    : [
      "it shares an object with other files or the record",
      "Read it through the registry. Only large files have URLs.",
    ];
  throw unsupported("presign", `${shown(file.path)} of "${source.ref}"`, state, {
    hint,
    reason,
    backend: backend.location,
  });
}

/** Default lifetime of a URL, milliseconds. */
const DEFAULT_EXPIRY_MS = 3_600_000;

/** Returns the presign method. Throws `Unsupported` if the store has none. */
function presigner({ backend }: Records, action: string): NonNullable<Backend["presign"]> {
  if (backend.presign !== undefined) return backend.presign.bind(backend);
  const state = `${backend.location} has no presigned URLs`;
  const hint = "Use a bucket with credentials that can sign, or read through the registry.";
  throw fault({ code: "Unsupported", action, state, hint, backend: backend.location });
}
