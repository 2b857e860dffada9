// Checks of the paths of a version before its files are written elsewhere.
import type { RegistryError } from "../errors.ts";

/**
 * A path as a version has it.
 *
 * @internal
 */
interface CheckedPath {
  path: string;
  mode?: string;
}

/** Rejects unsafe paths, duplicates, and paths below another file or link. */
export class PathCheck {
  readonly #problemOf: (path: string) => string | undefined;
  readonly #unsafe: (path: string, problem: string) => RegistryError;
  /** The last path and the files and links that it is below. */
  #above: CheckedPath[] = [];

  /**
   * @param problemOf returns what is wrong with one path
   * @param unsafe makes the error
   */
  constructor(
    problemOf: (path: string) => string | undefined,
    unsafe: (path: string, problem: string) => RegistryError,
  ) {
    this.#problemOf = problemOf;
    this.#unsafe = unsafe;
  }

  /** Checks the files of a page, sorted by the bytes of their paths. Those of the next page follow. */
  add(files: readonly CheckedPath[]): void {
    for (const file of files) {
      const { path } = file;
      const problem = this.#problemOf(path);
      if (problem !== undefined) throw this.#unsafe(path, problem);
      while (!path.startsWith(this.#above.at(-1)?.path ?? "")) this.#above.pop();
      for (const above of this.#above) {
        if (above.mode === "folder") continue;
        if (above.path === path) throw this.#unsafe(path, "it occurs twice");
        if (path[above.path.length] !== "/") continue;
        throw this.#unsafe(path, "its parent is another file");
      }
      this.#above.push(file);
    }
  }
}
