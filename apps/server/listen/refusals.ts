/**
 * Why a server does not begin to listen.
 *
 * @module
 */
import { RegistryError } from "../../../mod.ts";

/** An address beyond this machine, and nobody is asked for a token. */
export function exposed(host: string): RegistryError {
  return new RegistryError({
    code: "Denied",
    message: `Cannot listen on ${host}: everybody who reaches it could read and write everything`,
    hint: "Make a token and serve with it: holdfast token create --tokens tokens.json --scope admin, " +
      "then holdfast serve --tokens tokens.json. Without tokens it listens on 127.0.0.1.",
  });
}

/** The system does not let it. */
export function cannotListen(cause: unknown, { host, port }: { host: string; port: number }): RegistryError {
  const { code = "" } = cause as { code?: string };
  const state = code === "EADDRINUSE" ? "the port is taken" : code === "EACCES" ? "the system forbids it" : code;
  return new RegistryError({
    code: "Unavailable",
    message: `Cannot listen on ${host}:${port}: ${state || "it failed"}`,
    hint: "Choose another --port (0 for any that is free), or an address of this machine as --host.",
    cause,
  });
}
