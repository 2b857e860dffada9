import type { Extension } from "../../program/extension.ts";
import { aborted } from "../../program/run_process.ts";
import { type Command, defineCommand, formOf } from "../../program/command.ts";
import {
  DEFAULT_HOST,
  DEFAULT_PORT,
  type ServeFlags,
  serveOptions,
} from "../../services/serve_options.ts";
import { noteServing, noteStopped } from "../../services/serve_notes.ts";

/** Creates the command with the options of these extensions. */
export function createServe(extensions: readonly Extension[]): Command {
  const servings = extensions.flatMap(({ serving }) => serving ?? []);
  const checks = servings.filter(({ tokens }) => tokens !== undefined);
  const tokens = ["--tokens", ...checks.flatMap(({ options }) => options.map(formOf))];
  return defineCommand({
    name: "serve",
    summary: "Serve a registry over HTTP until Ctrl-C or SIGTERM.",
    details:
      "By default only this machine can reach it, with all of its users; another --host requires " +
      `${tokens.join(" or ")}. On a signal it finishes running requests. SIGHUP reloads the ` +
      "certificate. GET /openapi.json describes the API.",
    args: [],
    options: serveOptions(extensions),
    examples: [
      ["holdfast serve", `the registry of this folder at http://${DEFAULT_HOST}:${DEFAULT_PORT}`],
      ["holdfast serve -r s3://bucket/registry --port 0 --json", "a bucket, at a free port"],
      ...servings.flatMap(({ examples = [] }) => examples),
      ["holdfast serve --host 0.0.0.0 --tokens t.json --cert c.pem --key k.pem", "on the network"],
    ],
    whenUnread: "fail",
    async run(_args, flags: ServeFlags, context) {
      const { io } = context;
      await context.note("Starting the service");
      for (const { serving } of extensions) {
        const served = serving?.instead?.(flags, context, extensions);
        if (served !== undefined) return await served;
      }
      const { serveRegistry } = await import("../../services/serve_registry.ts");
      const cut = await serveRegistry(flags, context, {
        extensions,
        async use({ server: { url }, registry: { location }, hasTokens }) {
          await context.result({ url, registry: location }, url);
          await noteServing({ location, hasTokens }, flags, context);
          await aborted(io.signal);
        },
      });
      await noteStopped(cut, context);
    },
  });
}
