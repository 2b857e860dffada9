// Links of a version on a disk.
import type { ArtifactFile } from "../core/artifact.ts";
import { fault } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import { linkTargetProblem } from "../core/naming/file_paths.ts";
import type { LeftOut, LeftOutReason, WrittenLinks } from "../core/registry/left_out.ts";

export interface LinkTargets {
  targets: Map<string, string>;
  leftOut: LeftOut[];
}

export function checkLinks(links: WrittenLinks = "safe"): void {
  if (["safe", "unsafe", "skip"].includes(links)) return;
  const state = `${shown(String(links))} is unknown`;
  const hint = "Set links to safe, unsafe or skip.";
  throw fault({ code: "Invalid", action: "write links", state, hint });
}

export async function readLinks(
  files: readonly ArtifactFile[],
  links?: WrittenLinks,
): Promise<LinkTargets> {
  const read: LinkTargets = { targets: new Map(), leftOut: [] };
  for (const file of files) {
    const { path, mode } = file.info;
    if (mode !== "link") continue;
    const target = new TextDecoder("utf-8", { ignoreBOM: true }).decode(await file.bytes());
    const reason = reasonAgainst(path, target, links);
    if (reason === undefined) read.targets.set(path, target);
    else read.leftOut.push({ path, reason, target });
  }
  return read;
}

/** Returns why a link is not written, if so. No system has links with an empty target or NUL. */
function reasonAgainst(
  path: string,
  target: string,
  links: WrittenLinks = "safe",
): LeftOutReason | undefined {
  if (links === "skip") return "link";
  if (target === "" || target.includes("\0")) return "outside link";
  return links === "unsafe" || linkTargetProblem(path, target) === undefined
    ? undefined
    : "outside link";
}
