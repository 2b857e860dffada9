/**
 * `holdfast serve`
 *
 * @module
 */
import { RegistryError } from "../../../mod.ts";
import { defineCommand } from "../../program/command.ts";
import type { Command } from "../../program/command.ts";
import { aborted } from "../../program/stop_on_signals.ts";
import { listen } from "../../services/listen.ts";
import { loadServerPart } from "../../services/server_part.ts";
import { parseCount } from "../../terminal/units.ts";

interface ServeFlags {
  port: number;
  host: string;
  readOnly?: boolean;
}

const DEFAULT_PORT = 8600;
const DEFAULT_HOST = "127.0.0.1";

/** Serves a registry over HTTP. */
export const serve: Command = defineCommand<[], ServeFlags>({
  name: "serve",
  summary: "Serve a registry over HTTP, until Ctrl-C or a TERM signal.",
  details: "Only this machine reaches it, unless --host says otherwise. GET /openapi.json lists what can be asked.",
  args: [],
  options: [
    { flags: "--port <port>", text: `the port, 0 for a free one (default: ${DEFAULT_PORT})`, parse: parsePort },
    { flags: "--host <host>", text: `the address to listen on (default: ${DEFAULT_HOST})` },
    { flags: "--read-only", text: "refuse every write" },
  ],
  examples: [
    ["holdfast serve", `the registry of this folder at http://${DEFAULT_HOST}:${DEFAULT_PORT}`],
    ["holdfast serve -r s3://bucket/registry --port 0 --json", "a bucket at a free port, and where that is"],
  ],
  async run(_args, { port = DEFAULT_PORT, host = DEFAULT_HOST, readOnly = false }, context) {
    const { io } = context;
    const registry = await context.open({ write: !readOnly });
    const { createHandler } = await loadServerPart();
    const handler = createHandler(registry, { system: io.system, logger: context.logger });
    const server = listen(handler, { host, port });
    try {
      await context.result({ url: server.url, registry: registry.location }, server.url);
      await context.note(`Serving ${registry.location}`);
      await aborted(io.signal);
    } finally {
      await server.stop();
    }
    await context.note("Stopped");
  },
});

function parsePort(text: string): number {
  const port = parseCount(text);
  if (port <= 65_535) return port;
  throw new RegistryError({
    code: "Invalid",
    message: `Cannot read ${text} as a port: it is larger than 65535`,
    hint: "Take one from 1024 on, or 0 for a free one.",
  });
}
