// The versions to which an alias can be rolled back.
import { isUnreadable } from "../errors.ts";

interface Signal {
  signal?: AbortSignal;
}

/** The part of a registry that lists the changes of an alias, newest first. */
interface Histories {
  history(name: string, alias: string, options: Signal): AsyncIterable<Change>;
}

/** A change of an alias; without a version, its removal. */
type Change = { version?: string };

/** Yields the versions that an alias named before the present one, newest first, each once. */
export async function* versionsBefore(
  changes: AsyncIterable<Change>,
): AsyncGenerator<string> {
  const past = new Set<string | undefined>([undefined]); // removed
  let isPresent = true;
  for await (const { version } of changes) {
    if (!isPresent && !past.has(version)) yield version!;
    isPresent = false;
    past.add(version);
  }
}

/** Returns the version to which a rollback sets an alias; undefined if there is none. */
export async function versionBefore(
  registry: Histories,
  { name, alias }: { name: string; alias: string },
  { signal }: Signal,
): Promise<string | undefined> {
  try {
    for await (const version of versionsBefore(registry.history(name, alias, { signal }))) {
      return version;
    }
  } catch (error) {
    if (!isUnreadable(error)) throw error; // a rollback cannot read it either
  }
}
