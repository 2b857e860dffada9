// Drafts of a service.
import { areFiles } from "../../core/bytes/bytes.ts";
import { invalid } from "../../core/errors.ts";
import type { FilesToSave, MaterializeOptions, Materializers } from "../../core/materializer.ts";
import { checkDraft } from "../../core/calls/check_calls.ts";
import { checkName, checkNewName, nameSegment, shown } from "../../core/naming/names.ts";
import type { AddedPart, AddPartOptions, Draft, DraftInfo } from "../../core/registry/draft.ts";
import type { FileInfo } from "../../core/record.ts";
import { saveAgainIfChanged } from "../../core/work/source_change.ts";
import { artifactPath } from "./address.ts";
import type { Call, Connection } from "./connection.ts";
import { askedOf, createAdmission, gatherFiles, type WireFile } from "./save_value.ts";
import { savedOf } from "./operations.ts";
import { flag, type OnWire } from "./wire.ts";

type WireDraft = Omit<DraftInfo, "parts"> & {
  parts: OnWire<DraftInfo["parts"][number]>[];
  files?: (FileInfo & { part: string })[];
};

interface RemoteDraftOptions {
  id: string;
  materializers: Materializers;
  /** Throws if the registry is read-only. */
  checkWritable(action: string): void;
}

interface RemoteDraft extends RemoteDraftOptions {
  connection: Connection;
  /** Encoded path below the URL of the service. */
  path: string;
  /** The draft in error messages. */
  subject: string;
}

/** {@linkcode Registry.openDraft}; sends no request. */
export function openRemoteDraft(
  connection: Connection,
  name: string,
  options: RemoteDraftOptions,
): Draft {
  const { id, checkWritable } = options;
  checkNewName(name);
  checkName(id, "the id of a draft");
  const path = `${artifactPath(name)}/drafts/${nameSegment(id)}`;
  const subject = `draft ${shown(id)} of ${shown(name)}`;
  const draft: RemoteDraft = { ...options, connection, path, subject };
  return checkDraft({
    name,
    id,
    addPart: (part, files, options) => addPart(draft, part, files, options),
    addFile: (path, content, options) => addPart(draft, path, [{ path, content }], options),
    async info({ signal } = {}) {
      const { files: _, parts, ...info } = await inspect(draft, {}, signal);
      return {
        ...info,
        parts: parts.map(({ part, addedAt }) => ({ part, addedAt: new Date(addedAt) })),
      };
    },
    files: async ({ signal } = {}) => (await inspect(draft, { files: true }, signal)).files ?? [],
    async commit(options = {}) {
      const action = `commit ${subject}`;
      checkWritable(action);
      if (options.as) draft.materializers.remember(options.as);
      return await connection.read({
        action,
        method: "POST",
        path: `${path}/commit`,
        json: askedOf(options),
        writes: true,
        repeats: true, // a repeat returns the same version
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

async function inspect(
  { connection, path, subject }: RemoteDraft,
  query: { files?: boolean },
  signal?: AbortSignal,
): Promise<WireDraft> {
  const call = { action: `inspect ${subject}`, path, query, signal };
  const wire = await connection.json<WireDraft | null>(call);
  if (!Array.isArray(wire?.parts)) throw connection.unexpected(call, "it is not a draft");
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
  if (typeof files !== "object" || files === null) {
    throw invalid(action, undefined, "neither a list of files nor a value", {
      hint: "Pass files, as [{ path, content }], or a value such as localPath(folder).",
    });
  }
  const call = (files?: WireFile[]): Call => ({
    action,
    method: "PUT",
    path: `${path}/parts/${nameSegment(part)}`,
    json: { files, compress },
    signal,
  });
  const admit = createAdmission(connection, call());
  const gather = (produce: (options: MaterializeOptions) => FilesToSave) =>
    gatherFiles(connection, produce, {
      action,
      signal,
      onProgress,
      admit,
      throughService: compress !== undefined,
    });
  const materializer = areFiles(files) ? undefined : materializers.forValue(files);
  const gathered = materializer === undefined
    ? await gather(() => files as FilesToSave)
    : await saveAgainIfChanged(materializer, () =>
      gather((options) => materializer.save(files, options)));
  // The service keeps a part that it has.
  const added = { ...call(gathered), writes: true, repeats: true };
  return await connection.read(
    added,
    (wire: AddedPart, asked) => ({ ...wire, added: flag("added")(wire, asked) }),
  );
}
