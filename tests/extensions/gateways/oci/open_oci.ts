// A service of versions as OCI artifacts, and what clients read of one.
import { createHash } from "node:crypto";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import type { HandlerOptions } from "../../../../apps/server.ts";
import { openRegistry, type OpenRegistryOptions, type SaveOptions } from "../../../../mod.ts";
import { createCheckedHandler } from "../../../apps/server/checked_handler.ts";
import { oci } from "../../../../extensions/gateways/oci/oci.ts";

/** The tokens of a test are the lists of their scopes. */
export const tokens = {
  find: (authorization: string | null) => {
    const [, scopes] = /^Bearer (\w+:.+)$/.exec(authorization ?? "") ?? [];
    return Promise.resolve(
      scopes === undefined ? undefined : createAccess("me", scopes.split(",").map(parseScope)),
    );
  },
};

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  annotations: Record<string, string>;
}

export interface Manifest {
  mediaType: string;
  artifactType: string;
  config: Descriptor;
  layers: Descriptor[];
}

export const digestOf = (bytes: Uint8Array | string) =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** Opens a service, whose answers are checked. */
export async function openOci(
  options: HandlerOptions = {},
  registryOptions: OpenRegistryOptions = {},
) {
  const registry = await openRegistry("memory:", registryOptions);
  const create = () => createCheckedHandler(registry, { gateways: [oci], ...options });
  let handler = create();
  const send = (path: string, init: RequestInit & { token?: string } = {}) => {
    const headers = new Headers(init.headers);
    if (init.token !== undefined) {
      headers.set("authorization", `Basic ${btoa(`any:${init.token}`)}`);
    }
    return handler(new Request(`http://localhost/v2/${path}`, { ...init, headers }));
  };
  return {
    registry,
    send,
    save: (
      name: string,
      contents: Record<string, string | Uint8Array<ArrayBuffer>>,
      options: SaveOptions = {},
    ) => {
      const files = Object.entries(contents).map(([path, content]) => ({
        path,
        content: typeof content === "string" ? new TextEncoder().encode(content) : content,
      }));
      const as = { id: "folder", formatVersion: 1, load: () => 0, save: () => files };
      return registry.save(name, 0, { ...options, as });
    },
    /** Returns the status and the code of the error. */
    fails: async (path: string, init: RequestInit & { token?: string } = {}) => {
      const answer = await send(path, init);
      const text = await answer.text();
      const code = answer.ok || text === "" ? undefined : JSON.parse(text).errors[0].code;
      return [answer.status, code];
    },
    manifest: async (repository: string, reference: string, token?: string) => {
      const answer = await send(`${repository}/manifests/${reference}`, { token });
      const text = await answer.text();
      if (answer.status !== 200) throw new Error(text);
      return { text, digest: digestOf(text), ...JSON.parse(text) as Manifest };
    },
    /** Forgets what the service remembers, as a new process does. */
    restart: async () => {
      await handler.close();
      handler = create();
    },
    async [Symbol.asyncDispose]() {
      await handler.close();
      await registry.close();
    },
  };
}
