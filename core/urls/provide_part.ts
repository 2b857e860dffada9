// Parts that a program imports itself, which `loadPart` then need not look for.

/** Parts that the program imports itself, by the name of their file. */
const imported = new Map<string, unknown>();

/**
 * Provides a part to `loadPart` when a program imports it itself. A bundle and a compiled program
 * contain only what the program imports.
 *
 * @param file its name: `s3.ts`
 */
export function providePart(file: string, part: unknown): void {
  imported.set(file, part);
}

/** Returns a part that was provided. */
export function importedPart(file: string): unknown {
  return imported.get(file);
}
