// Bringing a step's inputs to where it reads them.
import { mkdirSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { basename, join } from "@std/path";
import { onDisk } from "../../../disk/file_errors.ts";
import { filePathProblem } from "../../../core/naming/file_paths.ts";
import type { LeftOut } from "../../../core/registry/left_out.ts";
import { fault, type RegistryError } from "../../../core/errors.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { shown } from "../../../core/naming/names.ts";
import { digestNow } from "../digest_of_path.ts";
import { findObjects } from "../objects/find_objects.ts";
import type { InputPart, PinnedInput } from "../pin_inputs.ts";
import type { RunContext } from "../run_context.ts";
import { isUrl } from "../sources.ts";

/**
 * Brings inputs into a folder: one input lies in it, several each in a folder of the input's name. What lies on this
 * machine is not copied: a folder is read where it is, a file through a link.
 *
 * @param folder the folder, there and empty
 * @returns the input root: that folder, or the only input's own
 * @throws {RegistryError} `Conflict` where an input is not what was planned with
 */
export async function stageInputs(
  inputs: Readonly<Record<string, PinnedInput>>,
  folder: string,
  options: Pick<RunContext, "registry" | "s3" | "signal">,
): Promise<string> {
  const named = Object.entries(inputs);
  if (named.length === 1 && named[0][1].parts.length === 1) {
    const [part] = named[0][1].parts;
    if (part.at === "" && isFolderHere(part)) return part.path!;
  }
  for (const [name, { parts }] of named) {
    const root = named.length === 1 ? folder : inside(folder, name);
    for (const part of parts) {
      const to = part.at === "" ? root : inside(root, part.at);
      mkdirSync(to, { recursive: true });
      await stagePart(part, to, options);
    }
  }
  return folder;
}

async function stagePart(
  { ref, path, name, files, digest }: InputPart,
  to: string,
  { registry, s3, signal }: Pick<RunContext, "registry" | "s3" | "signal">,
): Promise<void> {
  if (ref !== undefined) {
    const { info, leftOut = [] } = await registry.download(ref, { to: `${to}/`, signal });
    if (info.digest !== digest) throw changed(ref);
    if (leftOut.length > 0) throw notWhole(ref, leftOut[0]);
  } else if (path !== undefined && isUrl(path)) {
    const found = await findObjects(path, { s3, files, signal });
    await forEachAtOnce(found.objects, async ({ path, url }) => {
      await s3!.download(url, { to: inside(to, name ?? path), signal });
    });
    if (
      found.digest !== digest || (await findObjects(path, { s3, files, signal })).digest !== digest
    ) {
      throw changed(path);
    }
  } else if (path !== undefined) {
    link(path, to, name);
  }
}

/**
 * Makes sure that what a step read where it lies is what it was planned with: its output would have a false lineage, and
 * would not be made again when the input is what it was.
 *
 * @throws {RegistryError} `Conflict` where it is not
 */
export async function checkUnchanged(
  inputs: Readonly<Record<string, PinnedInput>>,
  { digests, signal }: Pick<RunContext, "digests" | "signal">,
): Promise<void> {
  for (const { parts } of Object.values(inputs)) {
    for (const { path, digest } of parts) {
      if (path === undefined || isUrl(path)) continue;
      if (await digestNow(path, digests, { signal }) !== digest) throw changed(path);
    }
  }
}

/** A folder's members are linked one by one: its place is there already. */
function link(path: string, to: string, name = basename(path)): void {
  if (!isFolder(path)) return onDisk("link", path, () => symlinkSync(path, join(to, name)));
  for (const { name } of onDisk("read", path, () => readdirSync(path, { withFileTypes: true }))) {
    onDisk("link", path, () => symlinkSync(join(path, name), join(to, name)));
  }
}

function isFolderHere({ path }: InputPart): boolean {
  return path !== undefined && !isUrl(path) && isFolder(path);
}

function isFolder(path: string): boolean {
  return onDisk("read", path, () => statSync(path)).isDirectory();
}

export function inside(folder: string, name: string): string {
  const problem = filePathProblem(name);
  if (problem === undefined) return join(folder, name);
  throw fault({
    code: "Invalid",
    action: "use",
    subject: `${shown(name)} as the name of an input or output`,
    state: problem,
    hint: "It is the name of a file or folder: letters, digits, dots, _ and -.",
  });
}

function changed(ref: string): RegistryError {
  return fault({
    code: "Conflict",
    action: "read input",
    subject: shown(ref),
    state: "it was changed since the run was planned",
    hint: "Run the pipeline again, when nobody writes there.",
  });
}

/** A step would do without what it was planned with, and not know it. */
function notWhole(ref: string, { path, target = "" }: LeftOut): RegistryError {
  return fault({
    code: "Unsupported",
    action: "read input",
    subject: shown(ref),
    state: `its link ${shown(path)} leads outside, to ${shown(target)}`,
    hint:
      "Save it with links that stay inside its folder, or with what they lead to: --links follow.",
  });
}
