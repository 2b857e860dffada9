// Links in outputs that lead out of them. Readers of an output would not find what they lead to:
// local inputs are staged as links, and the folders of a step are removed when it ends.
import { constants, lstatSync, readlinkSync, realpathSync, statSync } from "node:fs";
import { copyFile, mkdir, rm, symlink } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import { linkTargetProblem, type RegistryError, shown, taskFailed } from "../../../core/kernel.ts";
import { errorCode, fileError } from "../../../disk/file_errors.ts";
import { isWithin } from "../../../disk/target.ts";
import { listFolder } from "../../../disk/paths_below.ts";
import type { PinnedInput } from "../pin_inputs.ts";
import { isUrl } from "../sources.ts";
import type { WrittenOutput } from "./publish_outputs.ts";

/** The step whose outputs are read. */
interface OutputsOfStep {
  step: string;
  /** Folder of the attempt. */
  folder: string;
  inputs: Readonly<Record<string, PinnedInput>>;
  signal: AbortSignal;
}

/**
 * Replaces links that lead out of an output by copies of what they lead to, if that is in a folder
 * of the step or in one of its inputs. Links that stay in the output are kept; absolute ones become
 * relative.
 *
 * @throws {RegistryError} `TaskFailed` for other links: an archive that the step unpacked must not
 * publish files of this machine
 */
export async function followLinks(
  outputs: readonly WrittenOutput[],
  { step, folder, inputs, signal }: OutputsOfStep,
): Promise<void> {
  const follower = new LinkFollower(new OwnPlaces(folder, inputs), signal);
  for (const { name, from } of outputs) await follower.follow(name, from);
  if (follower.refused.length > 0) throw notFollowed(step, follower.refused);
}

/** A link, or an entry of a folder that a link leads to. */
interface LinkToFollow {
  /** The link that is read. */
  from: string;
  /** The path below an output that gets its content: `from`, or its place in a copy. */
  to: string;
  /** The real folder that is copied or published as a whole; none for an output that is a link. */
  root?: string;
  /** Path for messages. */
  name: string;
  /** Real folders that are being copied, to detect loops. */
  above: readonly string[];
}

class LinkFollower {
  /** Links that cannot be followed, with the reason. */
  readonly refused: string[] = [];
  readonly #own: OwnPlaces;
  readonly #signal: AbortSignal;

  constructor(own: OwnPlaces, signal: AbortSignal) {
    this.#own = own;
    this.#signal = signal;
  }

  /** Follows the links of an output, which may be one itself. */
  async follow(name: string, from: string): Promise<void> {
    const stats = lstatSync(from);
    if (stats.isSymbolicLink()) return await this.#link({ from, to: from, name, above: [] });
    if (!stats.isDirectory()) return;
    const under = name === "." ? "" : `${name}/`;
    await this.#folder({ from, to: from, root: realpathSync.native(from), name: under, above: [] });
  }

  async #folder(folder: LinkToFollow): Promise<void> {
    for (const { name, isSymlink, isDirectory } of await listFolder(folder.from)) {
      this.#signal.throwIfAborted();
      const entry = {
        ...folder,
        from: join(folder.from, name),
        to: join(folder.to, name),
        name: folder.name + name,
      };
      if (isSymlink) await this.#link(entry);
      else if (isDirectory) await this.#subfolder(entry);
      else if (entry.from !== entry.to) await this.#file(entry);
    }
  }

  async #subfolder(folder: LinkToFollow): Promise<void> {
    if (folder.from !== folder.to) await written(folder.to, mkdir(folder.to));
    await this.#folder({ ...folder, name: `${folder.name}/` });
  }

  async #link(link: LinkToFollow): Promise<void> {
    const { from, to, root } = link;
    const target = readlinkSync(from);
    const entry = entryOf(from, target);
    if (root !== undefined && (entry === undefined || isWithin(root, entry))) {
      const path = relative(root, join(realpathSync.native(dirname(from)), basename(from)));
      const isPlain = linkTargetProblem(slashed(path), slashed(target)) === undefined;
      if (isPlain && from === to) return;
      if ((isPlain || entry !== undefined) && !target.includes("\ufffd")) {
        const plain = isPlain ? target : relative(dirname(join(root, path)), entry!) || ".";
        return await this.#replace(to, () => symlink(plain, to));
      }
    }
    await this.#target(link, target);
  }

  /** Copies what a link leads to. */
  async #target(link: LinkToFollow, target: string): Promise<void> {
    const { from, to, above } = link;
    const refuse = (state: string) =>
      void this.refused.push(`${shown(link.name)} leads to ${shown(target)}, ${state}`);
    if (target.includes("\ufffd")) return refuse("which is not UTF-8");
    const real = realOf(from);
    if (real === undefined) return refuse("which does not exist");
    if (!await this.#own.has(real)) return refuse("which is not a file of the step");
    const stats = statSync(real);
    if (stats.isFile()) return await this.#file({ ...link, from: real });
    if (!stats.isDirectory()) return refuse("which is a pipe, a socket or a device");
    const isLoop = above.includes(real) || isWithin(real, realpathSync.native(dirname(to)));
    if (isLoop) return refuse("which contains the link");
    await this.#replace(to, () => mkdir(to));
    const name = `${link.name}/`;
    await this.#folder({ from: real, to, root: real, name, above: [...above, real] });
  }

  async #file({ from, to, name }: LinkToFollow): Promise<void> {
    if (!statSync(from).isFile()) {
      this.refused.push(`${shown(name)} is a pipe, a socket or a device`);
      return;
    }
    await this.#replace(to, () => copyFile(from, to, constants.COPYFILE_FICLONE));
  }

  async #replace(path: string, write: () => Promise<unknown>): Promise<void> {
    await written(path, rm(path, { force: true }).then(write)); // removes a link, not its target
  }
}

/** Folders and files of a step: its own folder, its inputs, and what links in these lead to. */
class OwnPlaces {
  readonly #roots: string[];
  readonly #inputs: string[];
  #isComplete = false;

  constructor(folder: string, inputs: Readonly<Record<string, PinnedInput>>) {
    const paths = Object.values(inputs).flatMap(({ parts }) => parts.map(({ path }) => path));
    this.#inputs = paths.filter((path) => path !== undefined && !isUrl(path))
      .flatMap((path) => realOf(path!) ?? []);
    this.#roots = [realpathSync.native(folder), ...this.#inputs];
  }

  async has(real: string): Promise<boolean> {
    const isOwn = () => this.#roots.some((root) => isWithin(root, real));
    if (isOwn() || this.#isComplete) return isOwn();
    this.#isComplete = true;
    const waiting = [...this.#inputs];
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      if (!statSync(path).isDirectory()) continue;
      for (const { name, isSymlink, isDirectory } of await listFolder(path)) {
        const entry = join(path, name);
        if (isDirectory) waiting.push(entry);
        const target = isSymlink ? realOf(entry) : undefined;
        if (target === undefined || this.#roots.some((root) => isWithin(root, target))) continue;
        this.#roots.push(target);
        waiting.push(target);
      }
    }
    return isOwn();
  }
}

/** Returns the real path that a link names, which may be a link too; undefined without a folder. */
function entryOf(link: string, target: string): string | undefined {
  const isName = !/(^|[/\\])\.{0,2}$/.test(target); // else it ends with `/`, `.` or `..`
  const folder = isName ? joined(link, dirname(target)) : joined(link, target);
  const real = realOf(folder);
  return real === undefined || !isName ? real : join(real, basename(target));
}

/** Joins without removing `..`: after a link, it leads to the folder above its target. */
function joined(link: string, target: string): string {
  return isAbsolute(target) ? target : `${dirname(link)}${sep}${target}`;
}

function realOf(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch (cause) {
    if (["ENOENT", "ENOTDIR", "ELOOP"].includes(errorCode(cause) ?? "")) return undefined;
    throw fileError("read", path, cause);
  }
}

function slashed(path: string): string {
  return path.replaceAll(sep, "/");
}

async function written(path: string, writing: Promise<unknown>): Promise<void> {
  await writing.catch((cause) => {
    throw fileError("write", path, cause);
  });
}

const MOST_LISTED = 10;

function notFollowed(step: string, refused: readonly string[]): RegistryError {
  const more = refused.length - MOST_LISTED;
  const listed = refused.slice(0, MOST_LISTED).join("; ");
  const state = more > 0 ? `${listed}; and ${more} more` : listed;
  const hint = "Copy what the links lead to into OUTPUT_ROOT, as `cp -rL` does.";
  return taskFailed("save the output of step", shown(step), state, { hint });
}
