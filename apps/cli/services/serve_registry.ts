// A registry behind HTTP in this process, with all that `holdfast serve` adds: tokens, the audit
// trail, pruning, and the parts of extensions.
import { join, resolve } from "node:path";
import { cacheFolder } from "../../../disk/cache_folder.ts";
import { loadPart } from "../../../core/urls/load_part.ts";
import type { Registry } from "../../../mod.ts";
import type { CommandContext } from "../program/command.ts";
import { invalid } from "../terminal/hints.ts";
import type { TokenCheck, TokenFileOptions } from "../../server/access/token_file.ts";
import type { Listening, ListenOptions } from "../../server/listen/options.ts";
import type { HandlerOptions } from "../../server/options.ts";
import { maintainedBy } from "../program/maintained.ts";
import { auditSink } from "./serve_audit.ts";
import type { Extension, Serving } from "../program/extension.ts";
import { absentHints, openGateways, openParts } from "./serve_parts.ts";
import type { ServerPart } from "./server_part.ts";
import { createServedGauges } from "./serve_gauges.ts";
import { DEFAULT_HOST, DEFAULT_PORT, DEFAULT_STOP_MS, type ServeFlags } from "./serve_options.ts";
import { reloadOnHangup } from "./serve_reload.ts";
import { readTokens } from "./serve_tokens.ts";

/** The server, which only commands that serve load. */
interface TokenPart extends ServerPart {
  openTokenFile(file: string, options?: TokenFileOptions): Promise<TokenCheck>;
  parseTokens(content: string, options?: Pick<TokenFileOptions, "system">): TokenCheck;
}

/** How this process serves beside others. */
export interface ServedBeside {
  /** True for the one that also does what must not be done twice. */
  isFirst: boolean;
  /** The content of the token file, if it came from standard input. */
  tokens?: string;
  listen(registry: Registry, options: HandlerOptions, at: ListenOptions): Promise<Listening>;
}

export interface ServedRegistry {
  server: Listening;
  registry: Registry;
  hasTokens: boolean;
}

/** Serves until `use` has ended, then stops. Returns the number of requests that were cut. */
export async function serveRegistry(
  flags: ServeFlags,
  context: CommandContext,
  { extensions, use, beside }: {
    extensions: readonly Extension[];
    use(served: ServedRegistry): Promise<void>;
    /** @default this is the only process */
    beside?: ServedBeside;
  },
): Promise<number> {
  const { io } = context;
  const { port = DEFAULT_PORT, host = DEFAULT_HOST, readOnly = false } = flags;
  const tls = certificateOf(flags, context);
  const part = await loadPart<TokenPart>("../../server.ts", import.meta.url);
  const gateways = await openGateways(extensions, flags);
  const { system } = io;
  const logger = flags.log
    ? { ...context.logger, info: (line: string) => void io.stderr.write(`${line}\n`) }
    : context.logger;
  const stored = await tokensOf(flags.tokens, beside?.tokens, { ...context, logger }, part);
  const tokens = await tokensWith(extensions, flags, { io, logger, tokens: stored });
  const audit = auditSink(flags.audit, io);
  if (beside === undefined) await audit?.check?.(); // else another process has
  await using parts = await openParts(extensions, flags, context);
  const { events, upload } = parts;
  await using registry = await context.open({ write: !readOnly, events }); // it publishes last
  const isFirst = beside?.isFirst ?? true;
  const working = isFirst ? Promise.all(parts.beside.map((work) => work(registry))) : undefined;
  const running: { server?: Listening } = {};
  const options: HandlerOptions = {
    system,
    logger,
    tokens,
    readOnly,
    cors: flags.cors,
    redirect: flags.redirect,
    localFiles: flags.localFiles,
    gateways: [...gateways, ...parts.gateways],
    absent: absentHints(extensions),
    searchFolder: searchFolderOf(context),
    upload,
    audit,
    gauges: createServedGauges(registry, {
      io,
      audit: flags.audit,
      maintained: maintainedBy(extensions),
      certificateEndsAt: () => running.server?.certificateEndsAt,
    }),
    hosts: flags.allowHost && [...flags.allowHost, "localhost", host],
    limits: {
      maxBodyBytes: flags.maxBody,
      maxUploadBytes: flags.maxUpload,
      requestsPerSecond: flags.maxRequests,
    },
  };
  const limits = { maxConnections: flags.maxConnections };
  const hasTokens = tokens !== undefined;
  const { trustedProxy: trustedProxies } = flags;
  const listening = { host, port, hasTokens, tls, limits, trustedProxies, system, logger };
  const server = running.server = beside === undefined
    ? await part.listen(part.createHandler(registry, options), listening)
    : await beside.listen(registry, options, listening);
  const stopReloading = reloadOnHangup(server, context);
  let cut = 0;
  try {
    await use({ server, registry, hasTokens });
  } finally {
    stopReloading();
    await working;
    cut = await server.stop({ withinMs: flags.stopWithin ?? DEFAULT_STOP_MS });
  }
  return cut;
}

/** Returns the folder of the search index in the cache of this machine, if it has one. */
function searchFolderOf({ shared, io }: Pick<CommandContext, "shared" | "io">): string | undefined {
  if (shared.cache === false) return undefined;
  const cache = cacheFolder(undefined, io.system);
  return "path" in cache ? join(cache.path, "search") : undefined;
}

/** Opens the token file. Its content from standard input does not change later. */
async function tokensOf(
  file: string | undefined,
  content: string | undefined,
  { io, logger }: Pick<CommandContext, "io" | "logger">,
  { openTokenFile, parseTokens }: TokenPart,
): Promise<TokenCheck | undefined> {
  const { system } = io;
  if (file === undefined) return undefined;
  if (file !== "-") return await openTokenFile(resolve(io.cwd, file), { system, logger });
  return parseTokens(content ?? await readTokens(io), { system });
}

/** Adds the tokens of extensions to the stored ones. */
async function tokensWith(
  extensions: readonly Extension[],
  flags: ServeFlags,
  parts: Parameters<NonNullable<Serving["tokens"]>>[1],
): Promise<TokenCheck | undefined> {
  let { tokens } = parts;
  for (const { serving } of extensions) {
    tokens = await serving?.tokens?.(flags, { ...parts, tokens }) ?? tokens;
  }
  return tokens;
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
