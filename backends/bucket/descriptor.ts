// Descriptors from which a worker opens the same bucket.
import type { Backend } from "../../core/backend.ts";
import { realSystem } from "../../core/system.ts";

interface OwnOptions {
  client?: unknown;
  storage?: unknown;
  credentials?: unknown;
  system?: unknown;
  logger?: unknown;
}

/**
 * Returns the descriptor of a backend; undefined if it uses the caller's own client or clock.
 * Workers request the credentials from this thread.
 */
export function descriptorOf(module: string, name: string, options: OwnOptions): Backend["reopen"] {
  const { client, storage, credentials, system = realSystem, logger: _, ...plain } = options;
  if (client !== undefined || storage !== undefined || system !== realSystem) return undefined;
  const descriptor = { module, name, options: plain };
  if (credentials === undefined) return descriptor;
  if (credentials === "anonymous") return { ...descriptor, options: { ...plain, credentials } };
  const give = () => typeof credentials === "function" ? credentials() : credentials;
  return { ...descriptor, functions: { credentials: give } };
}
