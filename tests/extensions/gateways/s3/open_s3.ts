// A service of versions as objects, and signed requests to it.
import { AwsClient } from "npm:aws4fetch@^1.0.20";
import { type Access, createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { hashToken } from "../../../../apps/server/access/token_file.ts";
import type { Backend } from "../../../../backends/mod.ts";
import type { HandlerOptions } from "../../../../apps/server.ts";
import { openRegistry, type Registry, type SaveOptions } from "../../../../mod.ts";
import { createCheckedHandler } from "../../../apps/server/checked_handler.ts";
import { createS3Gateway, type S3Options } from "../../../../extensions/gateways/s3/s3_gateway.ts";

/** The tokens of a test are the lists of their scopes. */
export const tokens: NonNullable<HandlerOptions["tokens"]> = {
  find: (authorization: string | null) => {
    const [, scopes] = /^Bearer (\w+:.+|admin)$/.exec(authorization ?? "") ?? [];
    return Promise.resolve(scopes === undefined ? undefined : accessOf(scopes));
  },
  prove: ({ token, isOf }) => Promise.resolve(isOf(hashToken(token)) ? accessOf(token) : undefined),
};

function accessOf(token: string): Access {
  return createAccess(token, token.split(",").map(parseScope), { author: { name: "me", token } });
}

export interface Sender {
  /** The token, which is the secret and the session token. */
  token?: string;
  accessKeyId?: string;
  secretAccessKey?: string;
  sessionToken?: string;
}

/** Returns a function that signs requests as a client does. */
export function signer({ token = "read:*", ...given }: Sender = {}): AwsClient {
  return new AwsClient({
    accessKeyId: "holdfast",
    secretAccessKey: token,
    sessionToken: token,
    service: "s3",
    region: "us-east-1",
    ...given,
  });
}

/** Saves files of text as a version. */
export async function saveFiles(
  registry: Registry,
  name: string,
  given: Readonly<Record<string, string>> | readonly string[],
  options: SaveOptions = {},
) {
  const files = given instanceof Array
    ? given.map((path) => [path, `in ${path}`])
    : Object.entries(given);
  const save = () =>
    files.map(([path, text]) => ({ path: path!, content: new TextEncoder().encode(text) }));
  const as = { id: "folder", formatVersion: 1, load: () => 0, save };
  return await registry.save(name, 0, { ...options, as });
}

/** Opens a service of versions as objects, whose answers are checked. */
export async function openS3(
  { s3, backend, ...options }: HandlerOptions & { s3?: S3Options; backend?: Backend } = {},
) {
  const registry = await openRegistry(backend ?? "memory:");
  const handler = createCheckedHandler(registry, { gateways: [createS3Gateway(s3)], ...options });
  const ask = (path: string, init?: RequestInit) =>
    handler(new Request(`http://localhost${path}`, init));
  /** Asks, and returns the status and the text. */
  const read = async (path: string, init?: RequestInit) => {
    const answer = await ask(path, init);
    return [answer.status, await answer.text()] as const;
  };
  /** Asks, and returns the status and the code of the error. */
  const fails = async (request: string | Request, init?: RequestInit) => {
    const answer = typeof request === "string" ? await ask(request, init) : await handler(request);
    await answer.body?.cancel();
    return [answer.status, answer.headers.get("x-amz-error-code")] as const;
  };
  return {
    registry,
    handler,
    ask,
    read,
    fails,
    /** Lists keys and common prefixes, in the order of the answer. */
    list: async (query: string, init?: RequestInit) => {
      const [status, text] = await read(`/holdfast?list-type=2&${query}`, init);
      if (status !== 200) throw new Error(text);
      return listedIn(text);
    },
    [Symbol.asyncDispose]: async () => {
      await handler.close();
      await registry.close();
    },
  };
}

/** Returns the keys and common prefixes in an answer, and the token of the next page. */
export function listedIn(text: string): { keys: string[]; next?: string } {
  const found = text.matchAll(/<(?:Key|CommonPrefixes><Prefix)>([^<]*)</g);
  const [, next] = /<NextContinuationToken>([^<]*)</.exec(text) ?? [];
  return { keys: Array.from(found, ([, key]) => unescaped(key!)), next };
}

function unescaped(text: string): string {
  const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"' };
  return text.replace(
    /&(?:#x([0-9a-f]+)|(\w+));/g,
    (_, code, name) => name ? named[name]! : String.fromCharCode(parseInt(code, 16)),
  );
}
