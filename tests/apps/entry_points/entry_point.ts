// The contract of an entry point in the cases.
import { isRegistryError } from "../../../core/errors.ts";

export interface Save {
  text: string;
  /** JSON, as a user writes it. */
  metadata: string;
  version?: string;
  alias?: string;
}

export interface Loaded {
  text: string;
  metadata: unknown;
}

/** A registry in a folder, and the service of it. */
export interface Location {
  folder: string;
  url: string;
  token: string;
}

/** Another way into a registry. A refusal is the code of its error. */
export interface EntryPoint {
  save?(at: Location, name: string, save: Save): Promise<{ refused?: string }>;
  load(at: Location, ref: string): Promise<Loaded | { refused: string }>;
}

/** Its result, or the code of its error. */
export async function orRefused<T>(action: () => Promise<T>): Promise<T | { refused: string }> {
  try {
    return await action();
  } catch (error) {
    if (isRegistryError(error)) return { refused: error.code };
    throw error;
  }
}
