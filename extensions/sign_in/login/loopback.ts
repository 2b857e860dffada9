// The redirect of a sign-in in the browser, which a server on this machine receives (RFC 8252).
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { errorCode } from "../../../disk/file_errors.ts";
import { invalid } from "../../../apps/cli/extending.ts";

export interface Loopback extends AsyncDisposable {
  /** The redirect URI. */
  readonly url: string;
  /** Resolves with the first redirect that has this state. */
  redirected(state: string): Promise<URL>;
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Holdfast</title>
<p>Holdfast has received the answer. You can close this page and return to the terminal.</p>
</html>
`;

const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  connection: "close",
};

/** Listens on loopback, on any free port by default. */
export async function openLoopback(port = 0): Promise<Loopback> {
  const waiting = new Map<string, (url: URL) => void>();
  let own = "";
  const server = createServer((request, response) => {
    const url = URL.parse(request.url ?? "", own);
    const state = url?.pathname === "/" ? url.searchParams.get("state") ?? "" : "";
    const answer = waiting.get(state); // others on this machine can send requests too
    response.writeHead(answer === undefined ? 404 : 200, HEADERS);
    response.end(answer === undefined ? "" : PAGE, () => answer?.(url!));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening").catch((cause) => {
    const state = errorCode(cause) === "EADDRINUSE" ? "the port is in use" : "it cannot be opened";
    throw invalid(`listen on port ${port}`, state, "Omit --port, or choose another one.", cause);
  });
  own = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url: own,
    redirected: (state) => new Promise((resolve) => void waiting.set(state, resolve)),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
