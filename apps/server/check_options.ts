// What a handler is made of is looked at when it is made, not when somebody asks: what a caller
// without types left out or mistook would else be a fault of each request, or let everybody in.
import type { RegistryError } from "../../mod.ts";
import { fault } from "../../core/errors.ts";
import { checkOptions, type OptionNames } from "../../core/options/check_options.ts";
import type { HandlerLimits, HandlerOptions } from "./options.ts";

const OPTIONS: OptionNames<HandlerOptions> = {
  tokens: true,
  cors: true,
  hosts: true,
  limits: true,
  jobs: true,
  upload: true,
  system: true,
  logger: true,
};

const LIMITS: OptionNames<HandlerLimits> = {
  maxBodyBytes: true,
  maxUploadBytes: true,
  bodyTimeoutMs: true,
  requestsPerSecond: true,
};

/**
 * Checks what a handler is given.
 *
 * @throws {RegistryError} `Invalid` for what is no registry, no check of tokens, no queue or no next step of uploads,
 * and for options that are not known: without `tokens` everybody is let in
 */
export function checkHandlerOptions(registry: unknown, options: HandlerOptions): void {
  if (!has(registry, "open") || !has(registry, "names")) {
    throw refused("it is given no registry", "createHandler(await openRegistry(path), options)");
  }
  checkOptions("create a handler", options, OPTIONS);
  const { tokens, jobs, upload, limits } = options;
  checkOptions("create a handler", limits, LIMITS);
  if (tokens !== undefined && !has(tokens, "find")) {
    throw refused(
      "its tokens are no check of tokens",
      'As in { tokens: await openTokenFile("tokens.json") }.',
    );
  }
  if (jobs !== undefined && !has(jobs, "add")) {
    throw refused("its jobs are no queue", "As in { jobs: await openQueue(url) }, of ./queues.");
  }
  if (
    upload !== undefined && !has(upload.task, "submit") && typeof upload.schedule !== "function"
  ) {
    throw refused(
      "its upload says neither a task nor what schedules one",
      'As in { upload: { task: plugins.createTask("resize").addBehavior("schedule_job") } }, or { upload: { schedule } }.',
    );
  }
}

function has(value: unknown, method: string): boolean {
  if (Array.isArray(value)) return false; // a list of tokens has a method find too
  return typeof (value as Record<string, unknown> | null | undefined)?.[method] === "function";
}

function refused(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "create a handler", state, hint });
}
