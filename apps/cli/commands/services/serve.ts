import { readFile } from "node:fs/promises";
import process from "node:process";
import { resolve } from "@std/path";
import { loadPart } from "../../../../core/urls/load_part.ts";
import type { Registry } from "../../../../mod.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { stdinOf } from "../../terminal/cli_io.ts";
import { invalid, notFound } from "../../terminal/hints.ts";
import { aborted } from "../../program/run_process.ts";
import type { TokenCheck, TokenFileOptions } from "../../../server/access/token_file.ts";
import type { OidcCheckOptions, OidcSettings } from "../../../server/access/oidc/settings.ts";
import type { Listening, ListenOptions } from "../../../server/listen/options.ts";
import type { AuditSink } from "../../../server/observe/audit_entry.ts";
import type { Handler, HandlerOptions } from "../../../server/options.ts";
import { noteRun } from "../../services/last_runs.ts";
import { createServedGauges } from "../../services/serve_gauges.ts";
import { openServedEvents, openServedJobs } from "../../services/serve_queues.ts";
import { startServedWebhooks } from "../../services/serve_webhooks.ts";
import {
  formatCount,
  parseBytes,
  parseDuration,
  parsePort,
  parsePositive,
} from "../../terminal/units.ts";
import { messageOf } from "../../../../core/errors.ts";
import { pruneByRules } from "../../../../registry/maintenance.ts";

/** The server, which only commands that serve load. */
export interface ServerPart {
  createHandler(registry: Registry, options?: HandlerOptions): Handler;
  listen(handler: Handler, options?: ListenOptions): Promise<Listening>;
  openTokenFile(file: string, options?: TokenFileOptions): Promise<TokenCheck>;
  createAuditFile(file: string): AuditSink;
  parseTokens(content: string, options?: Pick<TokenFileOptions, "system">): TokenCheck;
  createOidcCheck(settings: OidcSettings, options?: OidcCheckOptions): TokenCheck;
}

const DEFAULT_PORT = 8600;
const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_STOP_MS = 30_000;

export const serve: Command = defineCommand({
  name: "serve",
  summary: "Serve a registry over HTTP until Ctrl-C or SIGTERM.",
  details:
    "By default only this machine can reach it, with all of its users; another --host requires " +
    "--tokens or --oidc. On a signal it finishes running requests. SIGHUP reloads the " +
    "certificate. GET /openapi.json describes the API.",
  args: [],
  options: [
    {
      flags: "--port <port>",
      text: `the port; 0 for any free one (default: ${DEFAULT_PORT})`,
      parse: parsePort,
    },
    { flags: "--host <host>", text: `the address to listen on (default: ${DEFAULT_HOST})` },
    { flags: "--read-only", text: "refuse every write" },
    { flags: "--hf", text: "also serve Hugging Face libraries, which set HF_ENDPOINT" },
    { flags: "--dav", text: "also serve versions as WebDAV folders, at /dav/NAME@VERSION/" },
    { flags: "--mcp", text: "also serve assistants and agents, at /mcp" },
    {
      flags: "--tokens <file>",
      text: "require a token of this file; - for its content from standard input",
      completes: "file",
    },
    {
      flags: "--oidc <file>",
      text: "accept tokens of identity providers, by the rules in this JSON file",
      completes: "file",
    },
    { flags: "--cert <file>", text: "TLS certificate and chain, PEM", completes: "file" },
    { flags: "--key <file>", text: "private key of the certificate, PEM", completes: "file" },
    {
      flags: "--cors <origin>",
      text: "allow pages of this origin; * for all, read-only without --tokens",
      repeat: true,
    },
    { flags: "--allow-host <name>", text: "without tokens: accept this host name", repeat: true },
    {
      flags: "--max-body <size>",
      text: "maximum size of a JSON body with files (default: 32MiB)",
      parse: parseBytes,
    },
    {
      flags: "--max-upload <size>",
      text: "maximum size of an upload, and of joined files (default: none)",
      parse: parseBytes,
    },
    {
      flags: "--max-requests <count>",
      text: "maximum requests per second, per token or else per address",
      parse: parsePositive,
    },
    {
      flags: "--max-connections <count>",
      text: "maximum number of connections (default: 4096)",
      parse: parsePositive,
    },
    { flags: "--queue <url>", text: "the queue of /jobs, such as redis://127.0.0.1:6379" },
    { flags: "--upload-task <name>", text: "submit a job of this task for each POST /upload" },
    {
      flags: "--events <url>",
      text: "publish changes to an event bus, such as redis://127.0.0.1:6379",
    },
    { flags: "--webhook <url>", text: "post each change to this URL, signed", repeat: true },
    {
      flags: "--webhook-secret-file <file>",
      text: "the signing secret of webhooks, whsec_…",
      completes: "file",
    },
    {
      flags: "--stop-within <duration>",
      text: "how long to wait for running requests (default: 30s)",
      parse: parseDuration,
    },
    {
      flags: "--prune-every <duration>",
      text: "prune by the rules of the registry at this interval: 6h",
      parse: parseDuration,
    },
    { flags: "--log", text: "log each request to standard error" },
    {
      flags: "--audit <file>",
      text: "append changes and refused requests as JSON lines; - for standard output",
      completes: "file",
    },
    {
      flags: "--trusted-proxy <address>",
      text: "trust X-Forwarded-For of this proxy, or of a block: 10.0.0.0/8",
      repeat: true,
    },
  ],
  examples: [
    ["holdfast serve", `the registry of this folder at http://${DEFAULT_HOST}:${DEFAULT_PORT}`],
    ["holdfast serve -r s3://bucket/registry --port 0 --json", "a bucket, at a free port"],
    ["holdfast serve --hf --read-only", "HF_ENDPOINT=http://127.0.0.1:8600 for Python programs"],
    ["holdfast serve --queue redis://127.0.0.1:6379 --upload-task resize", "uploads become jobs"],
    ["holdfast serve --host 0.0.0.0 --tokens t.json --cert c.pem --key k.pem", "on the network"],
  ],
  async run(_args, flags, context) {
    const { io } = context;
    const { port = DEFAULT_PORT, host = DEFAULT_HOST, readOnly = false } = flags;
    const tls = certificateOf(flags, context);
    await context.note("Starting the service");
    const part = await loadPart<ServerPart>("../../../server.ts", import.meta.url);
    const { createHandler, listen } = part;
    if (flags.mcp) await loadPart("../../../mcp/server.ts", import.meta.url); // before it starts
    const { system } = io;
    const logger = flags.log
      ? { ...context.logger, info: (line: string) => void io.stderr.write(`${line}\n`) }
      : context.logger;
    const stored = await tokensOf(flags.tokens, { ...context, logger }, part);
    const tokens = await signInOf(flags.oidc, stored, { ...context, logger }, part);
    const events = await openServedEvents(flags, context);
    const registry = await context.open({ write: !readOnly, events });
    const pruning = flags.pruneEvery && pruneRegularly(registry, flags.pruneEvery, context);
    await using _webhooks = await startServedWebhooks(flags, events, context);
    const served = await openServedJobs(flags, context);
    await using _jobs = served.jobs;
    const running: { server?: Listening } = {};
    const handler = createHandler(registry, {
      ...served,
      system,
      logger,
      tokens,
      readOnly,
      cors: flags.cors,
      hf: flags.hf,
      dav: flags.dav,
      mcp: flags.mcp,
      audit: auditOf(flags.audit, context, part),
      gauges: createServedGauges(registry, {
        io,
        certificateEndsAt: () => running.server?.certificateEndsAt,
      }),
      hosts: flags.allowHost && [...flags.allowHost, "localhost", host],
      limits: {
        maxBodyBytes: flags.maxBody,
        maxUploadBytes: flags.maxUpload,
        requestsPerSecond: flags.maxRequests,
      },
    });
    const limits = { maxConnections: flags.maxConnections };
    const hasTokens = tokens !== undefined;
    const { trustedProxy: trustedProxies } = flags;
    const listening = { host, port, hasTokens, tls, limits, trustedProxies, system, logger };
    const server = running.server = await listen(handler, listening);
    const stopReloading = reloadOnHangup(server, context);
    try {
      await context.result({ url: server.url, registry: registry.location }, server.url);
      await context.note(`Serving ${registry.location}`);
      if (!hasTokens) await context.note(openToOthers(readOnly ? "read" : "read and change"));
      await aborted(io.signal);
    } finally {
      stopReloading();
      await pruning;
      const cut = await server.stop({ withinMs: flags.stopWithin ?? DEFAULT_STOP_MS });
      if (cut > 0) await context.note(`Aborted requests that did not finish in time: ${cut}`);
    }
    await context.note("Stopped");
  },
});

/** Opens the token file. Its content from standard input does not change later. */
async function tokensOf(
  file: string | undefined,
  { io, logger }: Pick<CommandContext, "io" | "logger">,
  { openTokenFile, parseTokens }: ServerPart,
): Promise<TokenCheck | undefined> {
  const { system } = io;
  if (file === undefined) return undefined;
  if (file !== "-") return await openTokenFile(resolve(io.cwd, file), { system, logger });
  if (io.stdin.isTerminal) {
    const hint = "Pass a token file, or pipe its content: holdfast serve --tokens - < FILE";
    throw invalid("read tokens from stdin", "it is a terminal", hint);
  }
  return parseTokens(await new Response(stdinOf(io)).text(), { system });
}

function auditOf(
  file: string | undefined,
  { io }: Pick<CommandContext, "io">,
  { createAuditFile }: ServerPart,
): AuditSink | undefined {
  if (file === undefined) return undefined;
  if (file !== "-") return createAuditFile(resolve(io.cwd, file));
  return async (entry) => await io.stdout.write(`${JSON.stringify(entry)}\n`);
}

/** Adds sign-in by the rules of a file to stored tokens. */
async function signInOf(
  file: string | undefined,
  tokens: TokenCheck | undefined,
  { io: { cwd, system }, logger }: Pick<CommandContext, "io" | "logger">,
  { createOidcCheck }: ServerPart,
): Promise<TokenCheck | undefined> {
  if (file === undefined) return tokens;
  const path = resolve(cwd, file);
  const action = `read sign-in settings ${JSON.stringify(file)}`;
  const text = await readFile(path, "utf8").catch((cause) => {
    if (cause.code !== "ENOENT") throw cause;
    const hint = "Check the path, or create the file as in docs/sign_in.md.";
    throw notFound(action, "the file does not exist", hint, cause);
  });
  let settings: OidcSettings;
  try {
    settings = JSON.parse(text);
  } catch (error) {
    const hint = "Write `audience` and `issuers` as JSON: see docs/sign_in.md.";
    throw invalid(action, messageOf(error), hint, error);
  }
  return createOidcCheck(settings, { tokens, system, logger });
}

/** Returns a note for a service without tokens. */
function openToOthers(rights: string): string {
  return `Every user of this machine can ${rights} it. To require tokens: --tokens FILE`;
}

function certificateOf(
  { cert, key }: { cert?: string; key?: string },
  { io }: CommandContext,
): { cert: string; key: string } | undefined {
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) {
    return { cert: resolve(io.cwd, cert), key: resolve(io.cwd, key) };
  }
  const hint = "Pass both: --cert with the certificate and its chain, --key with its private key.";
  throw invalid("use TLS", `--${cert === undefined ? "cert" : "key"} is missing`, hint);
}

/** Reloads the certificate on SIGHUP. An invalid one is not used. */
function reloadOnHangup(server: Listening, context: CommandContext): () => void {
  const reload = () =>
    void server.reloadCertificate().then(
      () => context.note("Certificate reloaded"),
      (error) => context.note(`${(error as Error).message}. The old one stays in use`),
    );
  process.on("SIGHUP", reload);
  return () => void process.off("SIGHUP", reload);
}

/** Prunes now and at intervals, until the run ends. A failure is noted, and the next one tries. */
async function pruneRegularly(
  registry: Registry,
  everyMs: number,
  context: CommandContext,
): Promise<void> {
  const { signal, system } = context.io;
  while (!signal.aborted) {
    try {
      const { deleted, failures } = await pruneByRules(registry, { signal });
      if (failures.length === 0) await noteRun(registry.id, ["prune"], context);
      if (deleted.length > 0) {
        await context.note(`Pruned ${formatCount(deleted.length, "version")} by rules`);
      }
    } catch (error) {
      if (!signal.aborted) await context.note(`Cannot prune by rules: ${messageOf(error)}`);
    }
    await system.sleep(everyMs, signal).catch(() => {}); // the loop checks the signal
  }
}
