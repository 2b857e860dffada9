// The host that a request asks for, in the form that it has in URLs.
import type { IncomingMessage } from "node:http";

/**
 * Writes the host of a request as URLs do, such as `[::1]` for `[0:0:0:0:0:0:0:1]`, and returns
 * false if no URL can have it. Requests of HTTP/1.0 may have none, such as the health checks of
 * HAProxy: theirs is the address to which they were sent.
 */
export function normalizeHost(
  { headers, httpVersion, socket }: Pick<IncomingMessage, "headers" | "httpVersion" | "socket">,
  scheme: "http" | "https",
): boolean {
  headers.host = hostIn(headers.host ?? (httpVersion === "1.0" ? addressOf(socket) : ""), scheme);
  return headers.host !== undefined;
}

function addressOf({ localAddress = "", localPort }: IncomingMessage["socket"]): string {
  return `${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`;
}

function hostIn(text: string, scheme: string): string | undefined {
  const url = /^[!-~]+$/.test(text) ? URL.parse(`${scheme}://${text}`) : null;
  return url?.href === `${scheme}://${url?.host}/` ? url.host : undefined;
}
