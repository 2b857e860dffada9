// What was left out when a folder was saved, or when it was written to a disk, and which links are
// written.
/**
 * Why something was left out:
 *
 * - `special`: a pipe, a socket or a device; it has no content of its own.
 * - `link`: a symbolic link, and links were to be skipped.
 * - `broken link`: links were to be followed, and this one leads to nothing.
 * - `looping link`: links were to be followed, and this one leads to a folder that it is in itself.
 * - `outside link`: a link that was not written, since it leads out of the folder.
 * - `excluded`, `not included`: by the patterns that were given.
 * - `ignored`: by a `.holdfastignore` or `.gitignore` in the folder.
 * - `git`, `registry`: the history of a checkout, and a registry, which may be the one that is written to.
 * - `unfinished`: what a download, or a file store, writes into before it gets its name, or has left there when it was
 *   killed; left out with `all`, too.
 */
export type LeftOutReason =
  | "special"
  | "link"
  | "broken link"
  | "looping link"
  | "outside link"
  | "excluded"
  | "not included"
  | "ignored"
  | "git"
  | "registry"
  | "unfinished";

/** Something that was left out. */
export interface LeftOut {
  /** Its path in the folder, with `/`; a folder, with all that is in it, ends with one. */
  path: string;
  reason: LeftOutReason;
  target?: string;
}

/**
 * Which symbolic links are written to a disk: `safe`, those that stay inside the folder; `unsafe`, all of them, with
 * whatever target they have; `skip`, none.
 */
export type WrittenLinks = "safe" | "unsafe" | "skip";
