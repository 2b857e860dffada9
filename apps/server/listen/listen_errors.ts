// Errors of servers that cannot listen.
import { conflict, denied, fault, type RegistryError } from "../../../core/errors.ts";

export function exposed(host: string): RegistryError {
  const state = "without tokens, everyone who can reach it could read and write everything";
  return denied("listen on", host, state, {
    hint: "Pass tokens: await openTokenFile(path), and create a token. Without tokens, listen on " +
      "127.0.0.1.",
    reason: { kind: "service_exposed" },
  });
}

export function cannotListen(
  cause: unknown,
  { host, port }: { host: string; port: number },
): RegistryError {
  const { name, code = "", message } = cause as Error & { code?: string };
  const subject = `${host}:${port}`;
  const action = "listen on";
  if (code === "EADDRINUSE") {
    return conflict(action, subject, "the port is in use", {
      hint: "Choose another port, or any free one: port: 0.",
      reason: { kind: "port_taken" },
      cause,
    });
  }
  const isDenied = name === "NotCapable" || code === "EACCES" || code === "EPERM";
  return fault({
    code: isDenied ? "Denied" : "Invalid",
    action,
    subject,
    state: message.replace(/\n.*/s, "").replace(/\.$/, ""),
    ...name === "NotCapable"
      ? { hint: `Allow it: --allow-net=${subject}` }
      : isDenied
      ? { hint: "Choose a port from 1024, such as 8600.", reason: { kind: "port_denied" } }
      : {
        hint: "Pass an address of this machine as `host`, such as 127.0.0.1.",
        reason: { kind: "address_foreign" },
      },
    cause,
  });
}
