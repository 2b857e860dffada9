// Drafts of a service.
import { fault, type RegistryError } from "../../core/errors.ts";
import type { FilesToSave, Materializers } from "../../core/materializer.ts";
import { checkDraft } from "../../registry/contract/verb_options.ts";
import { checkName, shown } from "../../core/naming/names.ts";
import type { AddedPart, Draft, DraftInfo, DraftPart } from "../../core/registry/draft.ts";
import { checkMetadata } from "../../registry/contract/metadata.ts";
import type { FileInfo } from "../../core/record.ts";
import { artifactPath, segment } from "./address.ts";
import type { Connection } from "./connection.ts";
import { askedOf, gatherFiles } from "./save_value.ts";
import { flag, type OnWire, savedOf } from "./wire.ts";

type WireDraft = Omit<DraftInfo, "parts"> & {
  parts: OnWire<DraftPart>[];
  files?: (FileInfo & { part: string })[];
};

export interface RemoteDraftOptions {
  id: string;
  materializers: Materializers;
  /** Throws where nothing may be written. */
  checkWritable(action: string): void;
}

/** {@linkcode Registry.openDraft}; asks nothing of the service. */
export function openRemoteDraft(
  connection: Connection,
  name: string,
  { id, materializers, checkWritable }: RemoteDraftOptions,
): Draft {
  checkName(name);
  checkName(id, "the id of a draft");
  const path = `${artifactPath(name)}/drafts/${segment(id)}`;
  const of = `draft ${shown(id)} of ${shown(name)}`;

  const look = async (query: { files?: boolean }, signal?: AbortSignal) => {
    const action = `look at ${of}`;
    const call = { action, path, query, signal };
    const wire = await connection.json<WireDraft | null>(call);
    if (!Array.isArray(wire?.parts)) throw connection.strange(call, "it tells of no draft");
    return wire;
  };

  const addPart: Draft["addPart"] = async (part, files, { signal, onProgress, compress } = {}) => {
    checkName(part, "a part of a draft");
    const action = `add part ${shown(part)} to ${of}`;
    checkWritable(action);
    if (typeof files !== "object" || files === null) throw noFiles(action);
    const isThere = (there: { part: string }) => there.part === part;
    const first = await look({}, signal);
    let { state } = first;
    if (first.parts.some(isThere)) { // nothing is read for it
      const later = await look({ files: true }, signal); // acknowledged only if the draft was open after the part landed
      const there = (later.files ?? []).filter(isThere);
      const isKept = later.state === "open" ||
        (later.state === "committed" && later.parts.some(isThere));
      if (isKept && there.length > 0) {
        return {
          added: false,
          files: there.length,
          size: there.reduce((sum, { size }) => sum + size, 0),
        };
      }
      state = later.state;
    }
    if (state !== "open") throw ended(action, state);
    const produce = () => filesOf(files, materializers, signal);
    return await connection.read({
      action,
      method: "PUT",
      path: `${path}/parts/${segment(part)}`,
      json: {
        files: await gatherFiles(connection, produce, { action, signal, onProgress }),
        compress,
      },
      writes: true,
      repeats: true, // a part that is there is left as it is
      signal,
    }, (wire: AddedPart, asked) => ({ ...wire, added: flag("added")(wire, asked) }));
  };

  return checkDraft({
    name,
    id,
    addPart,
    add: (path, content, options) => addPart(path, [{ path, content }], options),
    async info({ signal } = {}) {
      const { files: _, parts, ...info } = await look({}, signal);
      return {
        ...info,
        parts: parts.map(({ part, addedAt }) => ({ part, addedAt: new Date(addedAt) })),
      };
    },
    files: async ({ signal } = {}) => (await look({ files: true }, signal)).files ?? [],
    async commit({ signal, materializer, parts, ...options } = {}) {
      const action = `commit ${of}`;
      checkWritable(action);
      if (options.metadata !== undefined) checkMetadata(options.metadata);
      const { id, formatVersion } = materializer ?? {};
      return await connection.read({
        action,
        method: "POST",
        path: `${path}/commit`,
        json: {
          ...askedOf(options),
          parts,
          ...(materializer === undefined ? {} : { materializer: { id, formatVersion } }),
        },
        writes: true,
        repeats: true, // it gives the same version again
        signal,
      }, savedOf);
    },
    async discard({ signal } = {}) {
      const action = `discard ${of}`;
      checkWritable(action);
      const call = { action, method: "DELETE", path, writes: true, signal } as const;
      return await connection.read(call, flag("discarded"));
    },
  });
}

function filesOf(
  given: FilesToSave | object,
  materializers: Materializers,
  signal?: AbortSignal,
): FilesToSave {
  const areFiles = Symbol.iterator in given || Symbol.asyncIterator in given ||
    given instanceof Promise;
  return areFiles ? given as FilesToSave : materializers.forValue(given).save(given, { signal });
}

function ended(action: string, state: string): RegistryError {
  return fault({
    code: "Conflict",
    action,
    state: `it ${state === "committing" ? "is being committed" : `was ${state}`}`,
    hint: "Open a draft with another id.",
  });
}

function noFiles(action: string): RegistryError {
  return fault({
    code: "Invalid",
    action,
    state: "it is neither a list of files nor a value",
    hint: "Give files, as [{ path, content }], or a value such as localPath(folder).",
  });
}
