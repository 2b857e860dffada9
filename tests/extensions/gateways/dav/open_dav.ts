// A service of versions as folders, and its listings.
import { assertEquals } from "@std/assert";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import type { HandlerOptions } from "../../../../apps/server.ts";
import { openRegistry } from "../../../../mod.ts";
import { createCheckedHandler } from "../../../apps/server/checked_handler.ts";
import { dav } from "../../../../extensions/gateways/dav/dav.ts";

/** The tokens of a test are the lists of their scopes. */
export const tokens = {
  find: (authorization: string | null) => {
    const [, scopes] = /^Bearer (read:.+)$/.exec(authorization ?? "") ?? [];
    return Promise.resolve(
      scopes === undefined ? undefined : createAccess("me", scopes.split(",").map(parseScope)),
    );
  },
};

export const saveFiles = { id: "folder", formatVersion: 1, load: () => 0 };

/** Opens a service of versions as folders, whose answers are checked. */
export async function openDav(options: HandlerOptions = {}) {
  const registry = await openRegistry("memory:");
  const handler = createCheckedHandler(registry, { gateways: [dav], ...options });
  const send = (method: string, path: string, headers: Record<string, string> = {}) =>
    handler(new Request(`http://localhost${path}`, { method, headers }));
  return {
    registry,
    handler,
    send,
    save: (name: string, paths: readonly string[]) => {
      const content = (path: string) => new TextEncoder().encode(`in ${path}`);
      const files = paths.map((path) => ({ path, content: content(path) }));
      return registry.save(name, 0, { as: { ...saveFiles, save: () => files } });
    },
    /** Returns the paths in a listing, decoded and without `/dav/`. */
    list: async (path: string, headers = {}) => {
      const answer = await send("PROPFIND", `/dav/${path}`, { depth: "1", ...headers });
      const text = await answer.text();
      assertEquals([answer.status, answer.headers.get("content-type")?.split(";")[0]], [
        207,
        "application/xml",
      ], text);
      return hrefs(text).map((href) => decodeURIComponent(href).slice("/dav/".length));
    },
    async [Symbol.asyncDispose]() {
      await handler.close();
      await registry.close();
    },
  };
}

export function hrefs(text: string): string[] {
  return [...text.matchAll(/<D:href>([^<]*)<\/D:href>/g)].map(([, href]) => href!);
}
