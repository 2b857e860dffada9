// The errors of changes that take several requests.
import { isRegistryError, retold } from "../../core/errors.ts";

/** Waits for a request that may change something, or comes after one that has: its error says so. */
export async function maybeChanged<T>(request: Promise<T>): Promise<T> {
  try {
    return await request;
  } catch (error) {
    throw isRegistryError(error, "Unavailable") ? retold(error, { maybeWritten: true }) : error;
  }
}
