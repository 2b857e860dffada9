// Saving what a request sent.
import { isRegistryError, parseRef, type SavedArtifact } from "../../../mod.ts";
import type { Access } from "../access/access.ts";
import type { ServerContext } from "../context.ts";
import { RefusedCondition } from "../problem.ts";
import type { SaveRequest } from "../schemas/saving.ts";
import { openSentFiles, passThrough } from "./sent_files.ts";

export async function saveSent(
  context: ServerContext,
  request: SaveRequest,
  { name, access, signal }: { name: string; access: Access; signal?: AbortSignal },
): Promise<SavedArtifact> {
  const { files: sent, materializer, ...options } = request;
  checkNamed(request, { name, access });
  const repeatable = options.idempotencyKey !== undefined;
  const opened = await openSentFiles(context, sent, { access, repeatable, signal });
  const save = { ...options, materializer: passThrough(materializer, opened.files), signal };
  const saved = await ofCondition(
    options.ifCommit,
    () => context.registry.save(name, undefined, save),
  );
  await opened.removeUploads();
  return saved;
}

/** Throws `Denied` if a save names `inputs` or a `base` that its token may not read. */
export function checkNamed(
  { inputs = [], base }: Pick<SaveRequest, "inputs" | "base">,
  { name, access }: { name: string; access: Access },
): void {
  for (const input of inputs) {
    access.check("read", parseRef(typeof input === "string" ? input : input.ref).name);
  }
  const other = typeof base === "string" ? parseRef(base).name : name;
  if (other !== name) access.check("read", other);
}

/** Reports a lost race as 412 if the request had a condition, such as `ifCommit`, and as 409 otherwise. */
export async function ofCondition<T>(
  condition: string | null | undefined,
  action: () => Promise<T>,
): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (condition === undefined || !isRegistryError(error, "Conflict")) throw error;
    const { code, message, hint } = error;
    throw new RefusedCondition({ code, message, hint });
  }
}
