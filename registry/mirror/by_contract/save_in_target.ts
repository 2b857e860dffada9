// Saving a version of any registry in another one, file by file, without materializing it.
import type { Artifact, ArtifactFile } from "../../../core/artifact.ts";
import { fault } from "../../../core/errors.ts";
import { defineMaterializer } from "../../../core/materializer.ts";
import type { FileToSave } from "../../../core/materializer.ts";
import type { Registry } from "../../../core/registry.ts";
import { UNKNOWN } from "../../cell/since.ts";
import type { Context } from "../../opening/context.ts";
import { saveFiles } from "../../save.ts";
import type { AnyRun } from "../run.ts";
import { fileFacts } from "../../../core/record/file_facts.ts";

export interface ContractRun extends AnyRun {
  readonly from: Registry;
  readonly to: Registry;
  /** The store of the target, where it has one here: then dates and origins are kept. */
  readonly store?: Context;
}

/** Saves the files of a version; over the commit `present` where the target has another value. */
export async function saveInTarget(
  run: ContractRun,
  name: string,
  artifact: Artifact,
  present: string | undefined,
): Promise<void> {
  const { from, to, store, signal } = run;
  const { info } = artifact;
  const { id, formatVersion } = info.materializer;
  const { metadata, inputs } = info;
  const version = to.settings.versioned ? info.version : undefined;
  const options = {
    version,
    metadata,
    signal,
    ...(present === undefined ? {} : { ifCommit: present }),
  };
  const produce = () => artifact.files().map((file) => fileToSave(run, file));
  if (store !== undefined) {
    const origin = info.origin ?? { registry: from.id, commit: info.commit };
    const createdAt = info.createdAt.toISOString();
    const since = info.generation > 1 ? UNKNOWN : undefined; // the contract does not report earlier values or their times
    const members = {
      createdAt,
      origin,
      ...(inputs.length > 0 && { inputs }),
      ...(since && { since }),
    };
    await saveFiles(
      store,
      { name, materializer: { id, formatVersion }, members, produce },
      options,
    );
    return;
  }
  const materializer = defineMaterializer<unknown>({
    id,
    formatVersion,
    save: produce,
    load: () => passedOn(id),
  });
  await to.save(name, undefined, { ...options, inputs, materializer });
}

function fileToSave(run: ContractRun, file: ArtifactFile): FileToSave {
  const { path, size } = file.info;
  const counting = () =>
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        run.moved(chunk.byteLength);
        controller.enqueue(chunk);
      },
    });
  const stream = () => file.stream().pipeThrough(counting());
  return { path, ...fileFacts(file.info), content: { size, stream } };
}

function passedOn(id: string): never {
  throw fault({
    code: "Unsupported",
    action: "load with materializer",
    subject: `"${id}"`,
    state: "a mirror passes files on, it makes no values of them",
    hint: "Load from the registry that was mirrored to.",
  });
}
