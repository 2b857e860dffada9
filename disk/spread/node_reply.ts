// Replies of a store by `node:http`: `fetch` of Bun cannot read into memory of the caller, and that of
// Node takes up to twice the processor time.
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { realSystem } from "../../core/system.ts";
import { proxyVariables } from "../../core/urls/proxies.ts";
import { type GetRange, headersOf, isJust } from "./piece_reply.ts";

const kept = createAgents({ keepAlive: true });
const fresh = createAgents({ keepAlive: false });

function createAgents({ keepAlive }: { keepAlive: boolean }) {
  const options = { keepAlive, proxyEnv: proxyVariables(realSystem) };
  return { "http:": new http.Agent(options), "https:": new https.Agent(options) };
}

export const askByNode: GetRange = async (url, range, { signal, onBytes, isFresh = false }) => {
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    const isSecure = url.startsWith("https:");
    const agent = (isFresh ? fresh : kept)[isSecure ? "https:" : "http:"];
    const options = { headers: headersOf(range), agent, signal };
    (isSecure ? https : http).get(url, options, resolve).on("error", reject);
  });
  const { statusCode: status = 0, headers } = reply;
  const header = (name: string) => headers[name]?.toString();
  if (!isJust(range, { status, header })) {
    reply.destroy();
    return undefined;
  }
  const chunks = reply[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  let rest = new Uint8Array();
  return {
    async fill(bytes) {
      for (let count = 0; count < bytes.byteLength;) {
        if (rest.byteLength === 0) {
          const next = await chunks.next();
          if (next.done) return false;
          onBytes();
          rest = next.value as Uint8Array<ArrayBuffer>;
        }
        const part = rest.subarray(0, bytes.byteLength - count);
        bytes.set(part, count);
        rest = rest.subarray(part.byteLength);
        count += part.byteLength;
      }
      return true;
    },
    isAtEnd: async () => rest.byteLength === 0 && (await chunks.next()).done === true,
    leave: () => void reply.destroy(),
  };
};
