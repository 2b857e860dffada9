// Files and folders on disk that change while they are saved.
import { conflict, isRegistryError, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";

const STATE = "it changed while it was read";

export function sourceChanged(path: string, cause?: unknown): RegistryError {
  return conflict("save", shown(path), STATE, {
    hint: "Stop the programs that write to it, or save a copy outside the registry.",
    reason: { kind: "source_changed" },
    cause,
  });
}

/** True for the materializers of files and folders on disk. */
export function isOnDisk({ id }: { id: string }): boolean {
  return id === "file" || id === "folder";
}

/** True for the error of a file or folder that changed. Other values may be read only once. */
export function changedOnDisk(materializer: { id: string }, error: unknown): boolean {
  return isOnDisk(materializer) && isRegistryError(error, "Conflict") && error.state === STATE;
}

/** Saves a file or folder, once more if it changed meanwhile. */
export async function saveAgainIfChanged<T>(
  materializer: { id: string },
  save: () => Promise<T>,
): Promise<T> {
  try {
    return await save();
  } catch (error) {
    if (!changedOnDisk(materializer, error)) throw error;
    return await save();
  }
}

/** Makes the error of content that changed between two reads. */
export function changedWhileSaving(path: string): RegistryError {
  return conflict("save", shown(path), "it changed while it was being saved", {
    hint: "Try again when nothing writes to it, or save a copy. Nothing was saved.",
  });
}
