// The option --signatures of `download`.
import { stat } from "node:fs/promises";
import type { CommandContext } from "../../../apps/cli/extending.ts";
import type { Adding } from "../../../apps/cli/program/extension.ts";
import { reportOn } from "../report.ts";
import { writeBesideFile, writeBundles } from "./write_bundles.ts";

/** Writes the signatures of a version beside its download. */
export async function writeSignatures(
  { registry, info: { name, version, commit }, path, overwrite }: Parameters<
    NonNullable<Adding["after"]>
  >[0],
  context: CommandContext,
): Promise<{ signatures: string[] }> {
  const info = await registry.info(name, { version, annotations: true });
  if (info.commit !== commit) {
    await context.note(`${name}@${version} was replaced: its signatures are not written`);
    return { signatures: [] };
  }
  const { report: { signatures: checks } } = reportOn(info, []);
  if (!checks.some(({ state }) => state !== "wrong")) {
    await context.note(`${name}@${version} has no signatures`);
    return { signatures: [] };
  }
  const isFolder = (await stat(path)).isDirectory();
  const signatures = isFolder
    ? await writeBundles(info, checks, path, { overwrite })
    : await writeBesideFile(info, path, { overwrite });
  return { signatures };
}
