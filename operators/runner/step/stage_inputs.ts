// Stages a step's inputs in the folder that it reads.
import { mkdirSync, statSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { onDisk } from "../../../disk/file_errors.ts";
import { listFolder } from "../../../disk/paths_below.ts";
import { conflict, forEachAtOnce, shown, unsupported } from "../../../core/kernel.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import { inside } from "../../output_keys.ts";
import { digestNow } from "../digest_of_path.ts";
import { findObjects } from "../objects/find_objects.ts";
import type { InputPart, PinnedInput } from "../pin_inputs.ts";
import type { RunContext } from "../run_context.ts";
import { isUrl } from "../sources.ts";
import { pipelineReasons } from "../../contract/reasons.ts";

/**
 * Puts inputs into a folder: a single one into the folder itself, several into a subfolder each.
 * Local files and folders are linked, not copied.
 *
 * @param folder an empty folder
 * @returns the input root: that folder, or the only input's own
 * @throws {RegistryError} `Conflict` if an input has changed since the plan
 */
export async function stageInputs(
  inputs: Readonly<Record<string, PinnedInput>>,
  folder: string,
  options: Pick<RunContext, "registry" | "s3" | "signal">,
): Promise<string> {
  const named = Object.entries(inputs);
  const [part, other] = named.flatMap(([, { parts }]) => parts);
  if (named.length === 1 && part !== undefined && other === undefined) {
    const { at, path } = part;
    if (at === "" && path !== undefined && !isUrl(path) && isFolder(path)) return path;
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
    if (leftOut[0] !== undefined) throw incomplete(ref, leftOut[0]);
  } else if (path !== undefined && isUrl(path)) {
    const listing = await findObjects(path, { s3, files, signal });
    await forEachAtOnce(listing.objects, async ({ path, url }) => {
      await s3!.download(url, { to: inside(to, name ?? path), signal });
    });
    const after = await findObjects(path, { s3, files, signal });
    if (listing.digest !== digest || after.digest !== digest) throw changed(path);
  } else if (path !== undefined) {
    await link(path, to, name);
  }
}

/** Throws `Conflict` if a local input is not that of the plan: the lineage would be wrong. */
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

/** Links a file, or each member of a folder, as `to` exists already. */
async function link(path: string, to: string, name = basename(path)): Promise<void> {
  if (!isFolder(path)) return onDisk("link", path, () => symlinkSync(path, join(to, name)));
  for (const { name } of await listFolder(path)) {
    onDisk("link", path, () => symlinkSync(join(path, name), join(to, name)));
  }
}

function isFolder(path: string): boolean {
  return onDisk("read", path, () => statSync(path)).isDirectory();
}

function changed(ref: string): RegistryError {
  return conflict("read input", shown(ref), "it has changed since the run was planned", {
    hint: "Run the pipeline again when nothing writes there.",
  });
}

function incomplete(
  ref: string,
  { path, target = "" }: { path: string; target?: string },
): RegistryError {
  const state = `its link ${shown(path)} leads outside, to ${shown(target)}`;
  return unsupported("read input", shown(ref), state, {
    hint: 'Save it with links inside its folder, or with the linked files: links: "follow".',
    reason: pipelineReasons.of("links_outside"),
  });
}
