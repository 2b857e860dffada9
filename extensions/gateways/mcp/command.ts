import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import type { Registry } from "../../../mod.ts";
import { loadPart } from "../../../core/kernel.ts";
import { defineCommand, invalid, notFound } from "../../../apps/cli/extending.ts";
import type { Command, CommandContext } from "../../../apps/cli/extending.ts";

/** The server of the protocol, which only this command and `/mcp` load. */
interface McpPart {
  serveStandardStreams(
    registry: Registry,
    options: Pick<CommandContext, "logger"> & Pick<CommandContext["io"], "system" | "signal"> & {
      readOnly: boolean;
      allowDelete?: boolean;
      root?: string;
      names?: string[];
    },
  ): Promise<void>;
}

export const mcp: Command = defineCommand({
  name: "mcp",
  summary: "Let an assistant or agent use a registry, over standard input and output.",
  details:
    "A server of the Model Context Protocol for Claude, VS Code, Cursor and others, which start " +
    "it. It has tools to find, describe, read, compare and save versions, and to set aliases and " +
    "notes. Saved versions never change, and the metadata of each names the program that saved " +
    "it. The registry is a folder, a bucket or a service. A service can also do this itself: " +
    "holdfast serve --mcp",
  args: [],
  options: [
    { flags: "--read-only", text: "offer no tools that change the registry" },
    { flags: "--names <pattern>", text: "serve only these names: team:*, model", repeat: true },
    {
      flags: "--root <folder>",
      text: "allow saving files and folders below this one (default: none)",
      completes: "file",
    },
    { flags: "--allow-delete", text: "offer a tool that deletes versions" },
  ],
  examples: [
    [
      "holdfast mcp -r /data/registry --read-only",
      "the command to put into the settings of the program",
    ],
    ["holdfast mcp -r s3://bucket/registry --names 'team:*'", "some names of a bucket"],
    ["holdfast mcp --root .", "files of the current folder may be saved"],
  ],
  async run(_args, { readOnly = false, root, ...flags }, { io, logger, open }) {
    const { system, signal } = io;
    if (readOnly && flags.allowDelete) {
      const hint = "Leave out --allow-delete to serve the registry read-only.";
      throw invalid("serve", "pass --read-only or --allow-delete, not both", hint);
    }
    const folder = root === undefined
      ? undefined
      : await realpath(resolve(io.cwd, root)).catch(() => {
        const hint = "Pass a folder that exists: --root .";
        throw notFound(`serve ${JSON.stringify(root)}`, "no such folder", hint);
      });
    const registry = await open({ write: !readOnly });
    const { serveStandardStreams } = await loadPart<McpPart>(
      "./server.ts",
      import.meta.url,
    );
    await serveStandardStreams(registry, {
      system,
      signal,
      logger,
      readOnly,
      ...flags,
      root: folder,
    });
  },
});
