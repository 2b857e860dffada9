// Deletes and restores runs: all versions of one.
import type { Registry } from "../../../mod.ts";
import { isRegistryError } from "../../../core/kernel.ts";
import { discardRun } from "../../runs/mod.ts";
import { type EndedRun, type FoundRun, idOfGeneration } from "../../runs/mlflow/find_run.ts";

/** Deletes all versions of a run; one that goes on is discarded. */
export async function deleteRun(registry: Registry, found: FoundRun): Promise<void> {
  const { name } = found.key;
  if (found.state === "open") await discardRun(registry, name, { id: found.id });
  for (const version of await versionsOf(registry, found)) {
    await registry.delete(name, { version }).catch((error) => {
      if (!isRegistryError(error, "NotFound")) throw error;
    });
  }
}

/** Restores the versions of a run that was deleted. */
export async function restoreRun(registry: Registry, found: FoundRun): Promise<void> {
  if (found.state === "open") return;
  for (const version of await versionsOf(registry, found)) {
    await registry.undelete(found.key.name, { version }).catch((error) => {
      if (!isRegistryError(error, "AlreadyExists")) throw error;
    });
  }
}

async function versionsOf(registry: Registry, found: FoundRun): Promise<string[]> {
  const ended: EndedRun | undefined = found.state === "open" ? found.before : found;
  const versions: string[] = [];
  for (let generation = 1; generation <= (ended?.generation ?? 0); generation++) {
    const id = `run:${idOfGeneration(found.key, generation)}`;
    const { version } = await (await registry.openDraft(found.key.name, { id })).info();
    if (version !== undefined) versions.push(version);
  }
  return versions.reverse();
}
