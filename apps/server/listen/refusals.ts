// Why a server does not begin to listen.
import type { RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";

export function exposed(host: string): RegistryError {
  return fault({
    code: "Denied",
    action: "listen on",
    subject: host,
    state: "everybody who reaches it could read and write everything",
    hint:
      "Make a token and serve with it: holdfast token create --tokens tokens.json --scope admin, " +
      "then holdfast serve --tokens tokens.json. Without tokens it listens on 127.0.0.1.",
  });
}

export function cannotListen(
  cause: unknown,
  { host, port }: { host: string; port: number },
): RegistryError {
  const { name, code = "", message } = cause as Error & { code?: string };
  const place = `${host}:${port}`;
  if (code === "EADDRINUSE") {
    return fault({
      code: "Conflict",
      action: "listen on",
      subject: place,
      state: "another program does",
      hint: "Choose another port, or any free one: --port 0",
      cause,
    });
  }
  const isDenied = name === "NotCapable" || code === "EACCES" || code === "EPERM";
  return fault({
    code: isDenied ? "Denied" : "Invalid",
    action: "listen on",
    subject: place,
    state: message.split("\n")[0].replace(/\.$/, ""),
    hint: name === "NotCapable"
      ? `Allow it: --allow-net=${place}`
      : isDenied
      ? "Ports below 1024 are for the system: choose another one, as --port 8600"
      : "Give an address of this machine, as --host 127.0.0.1",
    cause,
  });
}
