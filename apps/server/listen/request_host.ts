// The host that a request asks for, in the form that it has in URLs.
import type { IncomingMessage } from "node:http";

/**
 * Returns a function that writes the host of a request as URLs do, such as `[::1]` for
 * `[0:0:0:0:0:0:0:1]`, and returns false if no URL can have it. Requests of HTTP/1.0 may have none,
 * such as the health checks of HAProxy: theirs is the address to which they were sent.
 */
export function createHostCheck(
  scheme: "http" | "https",
): (request: Pick<IncomingMessage, "headers" | "httpVersion" | "socket">) => boolean {
  let last: { text: string; host: string | undefined } = { text: "", host: undefined };
  return ({ headers, httpVersion, socket }) => {
    const { localAddress = "", localPort } = socket;
    const own = `${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`;
    const text = headers.host ?? (httpVersion === "1.0" ? own : "");
    if (text !== last.text) last = { text, host: hostIn(text, scheme) };
    headers.host = last.host;
    return last.host !== undefined;
  };
}

function hostIn(text: string, scheme: string): string | undefined {
  const url = /^[!-~]+$/.test(text) ? URL.parse(`${scheme}://${text}`) : null;
  return url?.href === `${scheme}://${url?.host}/` ? url.host : undefined;
}
