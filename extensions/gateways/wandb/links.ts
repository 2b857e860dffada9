// Links that clients open without their token, as they do at W&B. Each has the sealed token of the
// request that asked for it, and opens one path until it expires.
import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { Answer, route, type Routes } from "../../../apps/gateways.ts";
import type { GatewayMemory, RouteContext } from "../../../apps/gateways.ts";
import { passwordAsToken, publicUrl } from "../../../apps/server/extending.ts";
import { DEFAULT_ENTITY, nameOfCollection, nameOfProject, runKey, versionOf } from "./names.ts";
import { described } from "./operations.ts";

/** How long a link opens its path, milliseconds. */
const LINK_MS = 60 * 60 * 1000;
const PARAMETER = "link", CIPHER = "aes-256-gcm", IV = 12, TAG = 16;

/** The key of a service, which all its processes share and none stores. */
class LinkKey {
  static readonly id = "wandb.key";
  readonly #key = randomBytes(32).toString("base64");

  // deno-lint-ignore require-await -- a process may ask another one
  async get(): Promise<string> {
    return this.#key;
  }
}

/**
 * Returns the header of a request, whose password is a token. Clients take what is before a dash as a
 * prefix of the key, and tokens may have dashes: keys are `key-` and the token.
 */
export function keyAsToken(request: Request): string | null {
  return passwordAsToken(request)?.replace(/^Bearer \w+-(?=holdfast_)/, "Bearer ") ?? null;
}

export class Links {
  #key: Buffer | undefined;
  #reading: Promise<void> | undefined;

  open(memory: GatewayMemory): void {
    this.#reading = memory.of(LinkKey).get().then((key) => {
      this.#key = Buffer.from(key, "base64");
    });
    this.#reading.catch(() => {});
  }

  /** Returns a link to a path with the rights of a request. */
  async to(c: RouteContext, path: string, nowMs: number): Promise<string> {
    const url = publicUrl(c, path), authorization = c.header("authorization");
    await this.#reading;
    if (authorization === undefined) return `${url}`;
    const iv = randomBytes(IV), cipher = createCipheriv(CIPHER, this.#key!, iv);
    cipher.setAAD(Buffer.from(path));
    const text = JSON.stringify([nowMs + LINK_MS, authorization]);
    const sealed = Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
    url.searchParams.set(PARAMETER, sealed.toString("base64url"));
    return `${url}`;
  }

  /** Returns the header `Authorization` of a request, or that in its link. */
  authorization(request: Request, nowMs: number): string | null {
    const { pathname, searchParams } = new URL(request.url);
    const link = searchParams.get(PARAMETER);
    if (link === null || this.#key === undefined) return keyAsToken(request);
    try {
      const sealed = Buffer.from(link, "base64url");
      const cipher = createDecipheriv(CIPHER, this.#key, sealed.subarray(0, IV));
      cipher.setAAD(Buffer.from(pathname));
      cipher.setAuthTag(sealed.subarray(-TAG));
      const parts = [cipher.update(sealed.subarray(IV, -TAG)), cipher.final()];
      const [expiresMs, authorization] = JSON.parse(Buffer.concat(parts).toString());
      if (expiresMs < nowMs) return null;
      return keyAsToken(new Request(request.url, { headers: { authorization } }));
    } catch {
      return null; // of another service, or of this one before it was restarted
    }
  }
}

/** Leads from the addresses that clients print (`View run at`) to the explorer, which asks for a token. */
export function pageLinks(routes: Routes): void {
  const leading = (what: string) => ({
    ...described(`${what}Page`, `Leads to a ${what.toLowerCase()} in the explorer`, "open"),
    answers: { 302: { description: "The address in the explorer" } },
  });
  route(routes, `GET /${DEFAULT_ENTITY}/:project`, {
    ...leading("Project"),
    answer: ({ c, params }) => explored(c, "artifacts", nameOfProject(params)),
  });
  route(routes, "GET /:entity/:project/runs/:run", {
    ...leading("Run"),
    answer: ({ c, params }) => {
      const { name, id } = runKey(nameOfProject(params), params.run);
      return explored(c, "logged", name, id);
    },
  });
  route(routes, "GET /:entity/:project/artifacts/:type/:collection/:alias", {
    ...leading("Artifact"),
    answer({ c, params }) {
      const name = nameOfCollection(nameOfProject(params), params.collection);
      return explored(c, "artifacts", name, versionOf(params.alias));
    },
  });
}

function explored(c: RouteContext, ...path: string[]): Answer {
  const location = `${publicUrl(c, "/explore/")}#/${path.map(encodeURIComponent).join("/")}`;
  return new Answer(null, { status: 302, headers: { location } });
}
