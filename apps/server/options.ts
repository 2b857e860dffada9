// The options of a handler. A mistyped option could fail each request, or omit its access control.
import type { RegistryError } from "../../mod.ts";
import { fault } from "../../core/errors.ts";
import { checkOptions, type OptionNames } from "../../core/options/check_options.ts";
import type { Gateway } from "./gateways/gateway.ts";
import type { HandlerInfo, HandlerLimits, ServiceOptions } from "./service_options.ts";

export type { HandlerInfo, HandlerLimits };

/** A handler of requests, for `Deno.serve`, Bun's `fetch`, or Node with an adapter. */
export interface Handler extends AsyncDisposable {
  /** Answers a request. Never rejects: errors are answers too. */
  (request: Request, info?: HandlerInfo): Promise<Response>;
  /** Ends watches and waits for running requests. The registry stays open. */
  close(): Promise<void>;
}

/** Options of `createHandler`. */
export interface HandlerOptions extends ServiceOptions {
  /**
   * More routes, and protocols of other programs that the service speaks too: `jobs`, `pipelines`,
   * `hub`, `dav` and `mcp`, from the subpaths of these names, or your own.
   *
   * @default none
   */
  gateways?: readonly Gateway[];
}

const OPTIONS: OptionNames<HandlerOptions> = {
  tokens: true,
  cors: true,
  hosts: true,
  limits: true,
  readOnly: true,
  framed: true,
  localFiles: true,
  redirect: true,
  upload: true,
  gateways: true,
  audit: true,
  gauges: true,
  absent: true,
  searchFolder: true,
  system: true,
  logger: true,
};

const LIMITS: OptionNames<HandlerLimits> = {
  maxBodyBytes: true,
  maxUploadBytes: true,
  bodyTimeoutMs: true,
  requestsPerSecond: true,
};

/** Throws `Invalid` for arguments of `createHandler` that are not what they should be. */
export function checkHandlerOptions(registry: unknown, options: HandlerOptions): void {
  if (!has(registry, "open") || !has(registry, "names")) {
    throw invalid(
      "the first argument is not a registry",
      "Call createHandler(await openRegistry(path), options).",
    );
  }
  checkOptions("create a handler", options, OPTIONS);
  const { tokens, upload, limits, localFiles } = options;
  checkOptions("create a handler", limits, LIMITS);
  if (tokens !== undefined && !has(tokens, "find")) {
    throw invalid(
      "`tokens` is not the result of `openTokenFile` or `parseTokens`",
      'Pass { tokens: await openTokenFile("tokens.json") }.',
    );
  }
  if (localFiles && tokens === undefined) { // it could read what its senders may not
    throw invalid(
      "paths of files are taken from tokens only",
      "Pass { tokens } too, or leave out `localFiles`.",
    );
  }
  if (upload !== undefined && !has(upload.task, "submit") && !has(upload, "schedule")) {
    throw invalid(
      "`upload` has neither a task nor `schedule`",
      'Pass { upload: { task } } with a task from "@holdfast/holdfast/plugins", or { upload: { schedule } }.',
    );
  }
}

function has(value: unknown, method: string): boolean {
  if (Array.isArray(value)) return false; // an array of tokens has a method `find` too
  return typeof (value as Record<string, unknown> | null | undefined)?.[method] === "function";
}

function invalid(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "create a handler", state, hint });
}
