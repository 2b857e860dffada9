import { loadPart } from "../../../../core/urls/load_part.ts";
import { createOneTimeCheck } from "../../../server/access/one_time.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import type { FlagsOf, OptionDefinition } from "../../program/command.ts";
import { aborted } from "../../program/run_process.ts";
import type { Extension } from "../../program/extension.ts";
import { openInBrowser } from "../../terminal/open_in_browser.ts";
import { openGateways, openParts } from "../../services/serve_parts.ts";
import type { ServerPart } from "../../services/server_part.ts";
import { type Hints, shellWord, withHints } from "../../terminal/hints.ts";
import { parsePort } from "../../terminal/units.ts";

/** Returns the hint for a missing registry: people pass the name of an artifact. */
function hintFor(location = "."): Hints["NotFound"] {
  if (/[/\\]|^\.|^[a-z]+:\/\//.test(location)) return undefined;
  return () =>
    `Open the registry, then search for the name: holdfast explore. To create a registry here: ` +
    `holdfast init ${shellWord(location)}`;
}

interface PagePart {
  pageFiles(): Promise<unknown>;
}

const STOP_MS = 2000;

const OPTIONS = [
  { flags: "--port <port>", text: "the port (default: any free port)", parse: parsePort },
  { flags: "--read-only", text: "offer no changes" },
  { flags: "--no-browser", text: "only print the URL" },
  { flags: "--framed", text: "let a page of this machine, such as a notebook, show it in a frame" },
] as const satisfies readonly OptionDefinition[];

type ExploreFlags = FlagsOf<typeof OPTIONS>;

/** Creates the command, which serves what these extensions add without an option of `serve`. */
export function createExplore(extensions: readonly Extension[]): Command {
  const explored = extensions.filter(({ serving }) => serving?.exploring !== undefined);
  const others = explored.flatMap(({ serving }) => serving?.exploring ?? []);
  return defineCommand({
    name: "explore",
    summary: "Open a registry in the browser, until Ctrl-C.",
    details:
      "Serves the explorer on this machine only and prints its URL. The code in the URL works only " +
      "in the first browser that opens it.",
    args: [{
      usage: "[location]",
      text: "a folder, a bucket URL or a remote (default: the registry of this folder)",
      completes: "file",
    }],
    options: [...OPTIONS, ...others],
    examples: [
      ["holdfast explore", "the registry of this folder"],
      ["holdfast explore s3://bucket/registry --read-only", "a bucket, without changes"],
      ["holdfast explore --no-browser", "on a machine without a desktop: forward the port"],
    ],
    async run([location], flags: ExploreFlags, context) {
      const { port = 0, readOnly = false, browser = true, framed } = flags;
      const { io } = context;
      const opening = context.open({ write: !readOnly, registry: location });
      const registry = await withHints(opening, { NotFound: hintFor(location) });
      const { createHandler, listen } = await loadPart<ServerPart>(
        "../../../server.ts",
        import.meta.url,
      );
      const { pageFiles } = await loadPart<PagePart>(
        "../../../server/explorer/page_files.ts",
        import.meta.url,
      );
      await pageFiles(); // a clone builds it before a browser waits for it
      const { system } = io;
      const tokens = createOneTimeCheck([readOnly ? "read:*" : "admin"]);
      await using parts = await openParts(explored, flags, context);
      const { logger } = context;
      const gateways = [...await openGateways(extensions, {}), ...parts.gateways];
      const options = { system, logger, tokens, readOnly, framed, gateways };
      const handler = createHandler(registry, options);
      const server = await listen(handler, { host: "127.0.0.1", port, hasTokens: true, system });
      const url = `${server.url}/explore/#code=${tokens.code}`;
      try {
        await context.result({ url, registry: registry.location }, url);
        const opens = browser && io.stdout.isTerminal;
        await using opened = opens ? await openInBrowser(url, system.env) : undefined;
        const hint = opened ? "" : ". Open the URL in a browser";
        await context.note(`Exploring ${registry.location}${hint}; Ctrl-C ends it`);
        await aborted(io.signal);
      } finally {
        await server.stop({ withinMs: STOP_MS });
      }
      await context.note("Stopped");
    },
  });
}
