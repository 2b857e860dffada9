import type { Extension } from "../../program/extension.ts";
import { aborted } from "../../program/run_process.ts";
import { type Command, defineCommand, formOf } from "../../program/command.ts";
import {
  DEFAULT_HOST,
  DEFAULT_PORT,
  DEFAULT_STOP_MS,
  type ServeFlags,
  serveOptions,
} from "../../services/serve_options.ts";
import { Interruption } from "../../terminal/exit_code.ts";
import { auditSink } from "../../services/serve_audit.ts";
import { openGateways } from "../../services/serve_parts.ts";
import { reloadOnHangup } from "../../services/serve_reload.ts";
import { readTokens } from "../../services/serve_tokens.ts";
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
      const use = async (started: { url: string; location: string; hasTokens: boolean }) => {
        const { url, location } = started;
        await context.result({ url, registry: location }, url);
        await noteServing(started, flags, context);
        await aborted(io.signal);
      };
      let serving: Promise<number | undefined> | undefined;
      for (const { instead } of servings) {
        serving ??= instead?.(flags, context, {
          extensions,
          use,
          host: flags.host ?? DEFAULT_HOST,
          port: flags.port ?? DEFAULT_PORT,
          stopWithin: flags.stopWithin ?? DEFAULT_STOP_MS,
          openAudit: () => auditSink(flags.audit, io),
          openGateways: () => openGateways(extensions, flags),
          readTokens: async () => flags.tokens === "-" ? await readTokens(io) : undefined,
          reloadOnHangup: (server) => reloadOnHangup(server, context),
        });
      }
      serving ??= import("../../services/serve_registry.ts").then(({ serveRegistry }) =>
        serveRegistry(flags, context, {
          extensions,
          use: ({ server: { url }, registry: { location }, hasTokens }) =>
            use({ url, location, hasTokens }),
        })
      );
      const cut = await serving;
      const { reason } = io.signal;
      if (cut === undefined) return reason instanceof Interruption ? reason.exitCode : 1;
      await noteStopped(cut, context);
    },
  });
}
