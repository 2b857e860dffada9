/**
 * Versions as OCI artifacts, for programs that pull from a container registry: a gateway of
 * `createHandler`.
 *
 * @module
 */
import { type Gateway, type RequestInfo, RouteContext } from "../../../apps/gateways.ts";
import { passwordAsToken, publicUrl, SealedLinks } from "../../../apps/server/extending.ts";
import { answered, TOKEN_PATH } from "./errors.ts";
import { checkKeys, tokenOfKey } from "./ollama_keys.ts";
import { ociRoutes } from "./routes.ts";

/** How long a link for Ollama opens its layer, milliseconds: a slow client asks for parts of it late. */
const LINK_MS = 24 * 60 * 60 * 1000;

/** Options of {@linkcode createOci}. */
export interface OciOptions {
  /**
   * A file with the public keys of Ollama's clients and their tokens, in lines of
   * `ssh-ed25519 KEY TOKEN`.
   *
   * @default none: clients of Ollama have no token
   */
  ollamaKeys?: string;
}

/**
 * Creates the gateway {@linkcode oci} with options.
 *
 * @throws {RegistryError} `NotFound` if the file of keys cannot be read
 */
export function createOci({ ollamaKeys }: OciOptions = {}): Gateway {
  if (ollamaKeys !== undefined) checkKeys(ollamaKeys);
  const links = new SealedLinks({ lastsMs: LINK_MS, authorization: passwordAsToken });
  const tokens = new WeakMap<object, string>();
  const signedToken = (request: Request, nowMs: number) => {
    const authorization = request.headers.get("authorization");
    const { pathname, search } = new URL(request.url);
    if (ollamaKeys === undefined || authorization === null || pathname !== TOKEN_PATH) return;
    const info = {} as RequestInfo;
    const url = publicUrl(new RouteContext(request, { info, path: "", params: {} }), TOKEN_PATH);
    url.search = search;
    return tokenOfKey(ollamaKeys, { authorization, url, nowMs });
  };
  return {
    name: "oci",
    paths: ["/v2"],
    showsAdded: true,
    memory: [SealedLinks.Key],
    addRoutes(routes, context) {
      links.open(context.memory);
      ociRoutes(routes, context, { links, tokenOf: (request) => tokens.get(request) });
    },
    authorization(request, { nowMs }) {
      const token = signedToken(request, nowMs);
      if (token === undefined) return links.authorization(request, nowMs);
      tokens.set(request, token);
      return `Bearer ${token}`;
    },
    answered,
  };
}

/**
 * The read side of the OCI distribution specification 1.1: `HOST/my/model:1.0.0` is version 1.0.0 of
 * `my:model`, as a ModelPack artifact with a layer for each file, and `HOST/my/model:1.0.0__image` is
 * it as a container image that nodes mount.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { createHandler } from "@holdfast/holdfast/server";
 * import { oci } from "@holdfast/holdfast/gateways/oci";
 *
 * await using registry = await openRegistry("memory:");
 * await using handler = createHandler(registry, { gateways: [oci] });
 * ```
 */
export const oci: Gateway = createOci();
