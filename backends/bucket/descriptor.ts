// How a worker opens the same bucket.
import type { Backend } from "../../core/backend.ts";
import { realSystem } from "../../core/system.ts";

interface OwnOptions {
  client?: unknown;
  storage?: unknown;
  credentials?: unknown;
  system?: unknown;
  logger?: unknown;
}

/** A worker asks here for the credentials. Undefined where the store takes a client or a clock of the caller's own. */
export function descriptorOf(
  module: string,
  name: string,
  options: OwnOptions,
): Backend["reopen"] {
  const { client, storage, credentials, system = realSystem, logger: _, ...plain } = options;
  if (client !== undefined || storage !== undefined || system !== realSystem) return undefined;
  const descriptor = { module, name, options: plain };
  if (credentials === undefined) return descriptor;
  const give = () => typeof credentials === "function" ? credentials() : credentials;
  return { ...descriptor, functions: { credentials: give } };
}
