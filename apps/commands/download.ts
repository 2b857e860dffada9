/**
 * `holdfast download`
 *
 * @module
 */
import { join, resolve, sep } from "node:path";
import type { WrittenLinks } from "../../mod.ts";
import { defineCommand } from "../program/command.ts";
import type { Command } from "../program/command.ts";
import { lookUp, withHints } from "../program/hints.ts";
import { formatBytes, formatCount } from "../terminal/units.ts";
import { leftOutJson, leftOutLine } from "../values/left_out.ts";

interface DownloadFlags {
  overwrite?: boolean;
  links?: WrittenLinks;
}

/** Writes the files of a version to disk. */
export const download: Command = defineCommand<[ref: string, to: string], DownloadFlags>({
  name: "download",
  summary: "Write the files of a version to disk.",
  details: "A folder is written as a folder, a single file as a file. " +
    "Every file is checked against its SHA-256. Nothing that exists is replaced without --overwrite.",
  args: [
    { usage: "<ref>", text: "name, name@version, name@range or name@alias", completes: "ref" },
    {
      usage: "<to>",
      text: "the file or folder to write; a folder that exists receives a file inside",
      completes: "file",
    },
  ],
  options: [
    { flags: "--overwrite", text: "replace what is there" },
    {
      flags: "--links <which>",
      text: "symbolic links: safe writes those that stay inside the folder (default), unsafe all, skip none",
      choices: ["safe", "unsafe", "skip"],
    },
  ],
  examples: [
    ["holdfast download my:model ./model.bin", "the latest version"],
    ["holdfast download data:raw@^1.2 ./data", "a folder, the highest version in a range"],
    ["holdfast download my:model@production . --overwrite", "into this folder"],
  ],
  async run([ref, to], { overwrite, links }, context) {
    const { io, shared } = context;
    const registry = await context.open();
    const { name, version } = await withHints(registry.info(ref, { signal: io.signal }), lookUp(ref));
    const progress = context.progress(`download ${ref}`);
    const isFolder = /[/\\]$/.test(to);
    const download = registry.download(`${name}@${version}`, {
      to: isFolder ? join(resolve(io.cwd, to), sep) : resolve(io.cwd, to),
      overwrite,
      links,
      signal: io.signal,
      onProgress: progress.update,
    });
    const result = await withHints(download, {
      AlreadyExists: "Choose another place, or add --overwrite. Links and folders are never replaced by other things.",
    });
    await progress.end();
    const { path, files, size, leftOut, info: { digest } } = result;
    const line = leftOutLine(leftOut);
    if (line !== undefined && !shared.json) {
      await context.note(links === "skip" ? line : `${line}. --links unsafe writes them`);
    }
    await context.result(
      { path, files, size, name, version, digest, ...leftOutJson(leftOut) },
      shared.quiet
        ? path
        : `Downloaded ${name}@${version} to ${path} (${formatCount(files, "file")}, ${formatBytes(size)})`,
    );
  },
});
