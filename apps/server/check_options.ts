/**
 * What a handler is made of is looked at when it is made, not when somebody asks: what a caller without types left out
 * or mistook would else be a fault of each request, or let everybody in.
 *
 * @module
 */
import { RegistryError } from "../../mod.ts";
import type { HandlerOptions } from "./options.ts";

/**
 * Checks what a handler is given.
 *
 * @throws {RegistryError} `Invalid` for what is no registry, no check of tokens, no queue or no next step of uploads
 */
export function checkHandlerOptions(registry: unknown, { tokens, jobs, upload }: HandlerOptions): void {
  if (!has(registry, "open") || !has(registry, "names")) {
    throw refused("it is given no registry", "createHandler(await openRegistry(path), options)");
  }
  if (tokens !== undefined && !has(tokens, "find")) {
    throw refused("its tokens are no check of tokens", 'As in { tokens: await openTokenFile("tokens.json") }.');
  }
  if (jobs !== undefined && !has(jobs, "add")) {
    throw refused("its jobs are no queue", "As in { jobs: await openQueue(url) }, of ./queues.");
  }
  if (upload !== undefined && !has(upload.task, "submit") && typeof upload.schedule !== "function") {
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
  return new RegistryError({ code: "Invalid", message: `Cannot create a handler: ${state}`, hint });
}
