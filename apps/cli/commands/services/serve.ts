// `holdfast serve`
import process from "node:process";
import { resolve } from "@std/path";
import { fault } from "../../../../core/errors.ts";
import { type Command, type CommandContext, defineCommand } from "../../program/command.ts";
import { aborted } from "../../program/stop_on_signals.ts";
import type { Listening } from "../../../server/listen/options.ts";
import { openServedEvents } from "../../services/serve_events.ts";
import { openServedJobs, type ServeJobsFlags } from "../../services/serve_jobs.ts";
import { loadServerPart } from "../../services/server_part.ts";
import { parseBytes, parseDuration, parsePositive, unreadable } from "../../terminal/units.ts";

interface ServeFlags extends ServeJobsFlags {
  port?: number;
  host?: string;
  readOnly?: boolean;
  tokens?: string;
  cert?: string;
  key?: string;
  cors?: string[];
  allowHost?: string[];
  maxBody?: number;
  maxUpload?: number;
  maxRequests?: number;
  maxConnections?: number;
  events?: string;
  stopWithin?: number;
  log?: boolean;
}

const DEFAULT_PORT = 8600;
const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_STOP_MS = 30_000;

export const serve: Command = defineCommand<[], ServeFlags>({
  name: "serve",
  summary: "Serve a registry over HTTP, until Ctrl-C or a TERM signal.",
  details:
    "Only this machine reaches it, unless --host says otherwise, which takes --tokens. A signal to stop lets what " +
    "is under way end; HUP reads the certificate again. GET /openapi.json lists what can be asked.",
  args: [],
  options: [
    {
      flags: "--port <port>",
      text: `the port, 0 for a free one (default: ${DEFAULT_PORT})`,
      parse: parsePort,
    },
    { flags: "--host <host>", text: `the address to listen on (default: ${DEFAULT_HOST})` },
    { flags: "--read-only", text: "refuse every write" },
    {
      flags: "--tokens <file>",
      text: "ask for tokens, those of holdfast token create",
      completes: "file",
    },
    {
      flags: "--cert <file>",
      text: "speak TLS with this certificate and its chain, PEM",
      completes: "file",
    },
    { flags: "--key <file>", text: "its private key, PEM", completes: "file" },
    {
      flags: "--cors <origin>",
      text: "let pages of this origin ask; * for all, which only read without --tokens",
      repeat: true,
    },
    { flags: "--allow-host <name>", text: "without tokens: answer to this name too", repeat: true },
    {
      flags: "--max-body <size>",
      text: "largest body but uploads (default: 64MiB)",
      parse: parseBytes,
    },
    { flags: "--max-upload <size>", text: "largest upload (default: any)", parse: parseBytes },
    {
      flags: "--max-requests <count>",
      text: "requests a second of a token or address",
      parse: parsePositive,
    },
    {
      flags: "--max-connections <count>",
      text: "connections at once (default: 4096)",
      parse: parsePositive,
    },
    { flags: "--queue <url>", text: "the jobs that /jobs shows, as redis://127.0.0.1:6379" },
    {
      flags: "--upload-task <name>",
      text: "a task of workers of that queue, for what POST /upload saved",
    },
    {
      flags: "--events <url>",
      text: "a bus that hears what was saved through this service, as redis://127.0.0.1:6379",
    },
    {
      flags: "--stop-within <duration>",
      text: "how long a stop waits (default: 30s)",
      parse: parseDuration,
    },
    { flags: "--log", text: "a line on standard error for each request" },
  ],
  examples: [
    ["holdfast serve", `the registry of this folder at http://${DEFAULT_HOST}:${DEFAULT_PORT}`],
    [
      "holdfast serve -r s3://bucket/registry --port 0 --json",
      "a bucket at a free port, and where that is",
    ],
    [
      "holdfast serve --queue redis://127.0.0.1:6379 --upload-task resize",
      "uploads become jobs of workers",
    ],
    ["holdfast serve --host 0.0.0.0 --tokens t.json --cert c.pem --key k.pem", "for others"],
  ],
  async run(_args, flags, context) {
    const { io } = context;
    const { port = DEFAULT_PORT, host = DEFAULT_HOST, readOnly = false } = flags;
    const tls = certificateOf(flags, context);
    const { createHandler, listen, openTokenFile } = await loadServerPart();
    const { system } = io;
    const logger = flags.log
      ? { ...context.logger, info: (line: string) => void io.stderr.write(`${line}\n`) }
      : context.logger;
    const tokens = flags.tokens === undefined
      ? undefined
      : await openTokenFile(resolve(io.cwd, flags.tokens), { system, logger });
    const events = await openServedEvents(flags.events, context);
    const registry = await context.open({ write: !readOnly, events });
    const served = await openServedJobs(flags, context);
    await using _jobs = served.jobs;
    const handler = createHandler(registry, {
      ...served,
      ...{ system, logger, tokens, cors: flags.cors },
      hosts: flags.allowHost && [...flags.allowHost, "localhost", host],
      limits: {
        maxBodyBytes: flags.maxBody,
        maxUploadBytes: flags.maxUpload,
        requestsPerSecond: flags.maxRequests,
      },
    });
    const limits = { maxConnections: flags.maxConnections };
    const hasTokens = tokens !== undefined;
    const server = await listen(handler, { host, port, hasTokens, tls, limits, system });
    const stopReloading = reloadOnHangup(server, context);
    try {
      await context.result({ url: server.url, registry: registry.location }, server.url);
      await context.note(`Serving ${registry.location}`);
      await aborted(io.signal);
    } finally {
      stopReloading();
      const cut = await server.stop({ withinMs: flags.stopWithin ?? DEFAULT_STOP_MS });
      if (cut > 0) await context.note(`Cut off what was not done in time: ${cut}`);
    }
    await context.note("Stopped");
  },
});

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw unreadable(
    text,
    "a port",
    "a whole number up to 65535 is expected",
    "Take one from 1024 on, or 0 for a free one.",
  );
}

function certificateOf(
  { cert, key }: ServeFlags,
  { io }: CommandContext,
): { cert: string; key: string } | undefined {
  if (cert === undefined && key === undefined) return undefined;
  if (cert !== undefined && key !== undefined) {
    return { cert: resolve(io.cwd, cert), key: resolve(io.cwd, key) };
  }
  throw fault({
    code: "Invalid",
    action: "speak TLS",
    state: `--${cert === undefined ? "cert" : "key"} is missing`,
    hint: "Give both: --cert the certificate with its chain, --key its private key.",
  });
}

/** Programs that renew certificates send HUP. A certificate that cannot be used leaves the one that is there. */
function reloadOnHangup(server: Listening, context: CommandContext): () => void {
  const reload = () =>
    void server.reloadCertificate().then(
      () => context.note("Certificate read again"),
      (error) => context.note(`${(error as Error).message}. The one of before stays`),
    );
  process.on("SIGHUP", reload);
  return () => void process.off("SIGHUP", reload);
}
