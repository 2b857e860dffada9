// Drafts of a service.
import { fault, type RegistryError } from "../../core/errors.ts";
import type { FilesToSave, Materializers } from "../../core/materializer.ts";
import { checkDraft } from "../../registry/contract/verb_options.ts";
import { checkName, shown } from "../../core/naming/names.ts";
import type {
  AddedPart,
  AddPartOptions,
  Draft,
  DraftInfo,
  DraftPart,
} from "../../core/registry/draft.ts";
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

interface RemoteDraft extends RemoteDraftOptions {
  connection: Connection;
  /** Below the address of the service, encoded. */
  path: string;
  /** The draft, in the words of errors. */
  subject: string;
}

/** {@linkcode Registry.openDraft}; asks nothing of the service. */
export function openRemoteDraft(
  connection: Connection,
  name: string,
  options: RemoteDraftOptions,
): Draft {
  const { id, checkWritable } = options;
  checkName(name);
  checkName(id, "the id of a draft");
  const path = `${artifactPath(name)}/drafts/${segment(id)}`;
  const subject = `draft ${shown(id)} of ${shown(name)}`;
  const draft: RemoteDraft = { ...options, connection, path, subject };
  return checkDraft({
    name,
    id,
    addPart: (part, files, options) => addPart(draft, part, files, options),
    add: (path, content, options) => addPart(draft, path, [{ path, content }], options),
    async info({ signal } = {}) {
      const { files: _, parts, ...info } = await look(draft, {}, signal);
      return {
        ...info,
        parts: parts.map(({ part, addedAt }) => ({ part, addedAt: new Date(addedAt) })),
      };
    },
    files: async ({ signal } = {}) => (await look(draft, { files: true }, signal)).files ?? [],
    async commit(options = {}) {
      const action = `commit ${subject}`;
      checkWritable(action);
      return await connection.read({
        action,
        method: "POST",
        path: `${path}/commit`,
        json: askedOf(options),
        writes: true,
        repeats: true, // it gives the same version again
        signal: options.signal,
      }, savedOf);
    },
    async discard({ signal } = {}) {
      const action = `discard ${subject}`;
      checkWritable(action);
      const call = { action, method: "DELETE", path, writes: true, signal } as const;
      return await connection.read(call, flag("discarded"));
    },
  });
}

async function look(
  { connection, path, subject }: RemoteDraft,
  query: { files?: boolean },
  signal?: AbortSignal,
): Promise<WireDraft> {
  const call = { action: `look at ${subject}`, path, query, signal };
  const wire = await connection.json<WireDraft | null>(call);
  if (!Array.isArray(wire?.parts)) throw connection.strange(call, "it tells of no draft");
  return wire;
}

async function addPart(
  draft: RemoteDraft,
  part: string,
  files: FilesToSave | object,
  { signal, onProgress, compress }: AddPartOptions = {},
): Promise<AddedPart> {
  const { connection, path, materializers } = draft;
  checkName(part, "a part of a draft");
  const action = `add part ${shown(part)} to ${draft.subject}`;
  draft.checkWritable(action);
  if (typeof files !== "object" || files === null) throw noFiles(action);
  const there = await findPart(draft, part, signal);
  if (there.added !== undefined) return there.added;
  if (there.state !== "open") throw ended(action, there.state);
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
}

/** Returns the state of a draft, and of a part that is there and stays what an addition of it comes to. */
async function findPart(
  draft: RemoteDraft,
  part: string,
  signal?: AbortSignal,
): Promise<{ state: DraftInfo["state"]; added?: AddedPart }> {
  const isThere = (there: { part: string }) => there.part === part;
  const first = await look(draft, {}, signal);
  if (!first.parts.some(isThere)) return { state: first.state };
  const { state, parts, files = [] } = await look(draft, { files: true }, signal); // acknowledged only if the draft was open after the part landed
  const found = files.filter(isThere);
  const isKept = state === "open" || (state === "committed" && parts.some(isThere));
  if (!isKept || found.length === 0) return { state };
  const size = found.reduce((sum, { size }) => sum + size, 0);
  return { state, added: { added: false, files: found.length, size } };
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
