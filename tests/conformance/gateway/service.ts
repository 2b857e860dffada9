// A service with one gateway, over a registry in memory with the names of two teams.
import { createApp } from "../../../apps/server/app.ts";
import { type Access, createAccess, parseScope } from "../../../apps/server/access/access.ts";
import type { AuditEntry } from "../../../apps/server/observe/audit_entry.ts";
import type { Gateway, RouteEntry } from "../../../apps/server/gateways/gateway.ts";
import { createMemoryBackend, openRegistry, publishRelease, type Registry } from "../../../mod.ts";
import type { KnownValues, MadeRequest } from "./generate.ts";

/** An artifact that requests are about. */
export interface GatewayTarget {
  name: string;
  version: string;
  /** The path of one of its files. */
  path: string;
  alias: string;
}

/** The text of all content and metadata of the other team. */
export const HIDDEN = /hidden-(content|metadata)/;
/** Rights of the tokens of the suite: those of `reader` leave the other team out. */
export const TOKENS = {
  stranger: "read:nothing",
  reader: "read:team:*",
  owner: "admin",
} as const;

export const TEAM: GatewayTarget = target("team:model");
export const OTHER: GatewayTarget = target("other:model");
export const MISSING: GatewayTarget = target("other:none");
/** A release of both teams. */
export const RELEASE: GatewayTarget = target("team:release");
/** Many files, versions and aliases. */
export const MANY: GatewayTarget = { ...target("team:many"), path: "d0/f0.txt" };

function target(name: string): GatewayTarget {
  return { name, version: "1.0.0", path: "file.txt", alias: "current" };
}

export interface TestService extends AsyncDisposable {
  readonly registry: Registry;
  /** The routes of the gateway. */
  readonly routes: readonly RouteEntry[];
  /** Entries of the audit trail. */
  readonly entries: AuditEntry[];
  /** Errors that the service logged as its own. */
  readonly faults: unknown[][];
  ask(made: MadeRequest, token?: string, signal?: AbortSignal): Promise<Response>;
  /** Returns all that the registry has, by names. */
  snapshot(): Promise<Record<string, string>>;
  /** Opens the same service over a new registry, in which no request has changed anything. */
  again(): Promise<TestService>;
}

/** Facts of a gateway that its schemas do not have. See `testGateway`. */
export interface ServiceFacts {
  seed?(registry: Registry): Promise<unknown>;
  sign?(request: Request, token: string): Request | Promise<Request>;
  values?(target: GatewayTarget, route: RouteEntry): KnownValues;
  refuses?: Readonly<Record<string, string>>;
  subjects?: readonly string[];
}

/** Returns the values of parameters and members by their names. */
export function valuesFor(
  { values }: ServiceFacts,
  target: GatewayTarget,
  route: RouteEntry,
): KnownValues {
  const { name, version, path, alias } = target;
  return { name, version, path, alias, ref: `${name}@${version}`, ...values?.(target, route) };
}

export async function openTestService(
  gateway: Gateway,
  facts: ServiceFacts & {
    isLarge?: boolean;
    /** Takes the routes of the service, too. @default false */
    isWhole?: boolean;
  },
): Promise<TestService> {
  const { seed, sign = withBearer, isLarge = false, isWhole = false } = facts;
  const backend = createMemoryBackend();
  const registry = await openRegistry(backend);
  await fill(registry, isLarge);
  await seed?.(registry);
  const entries: AuditEntry[] = [], faults: unknown[][] = [];
  const ignored = () => {};
  const bare = createApp(registry, {});
  const own = new Set(bare.routes.map(keyOf));
  await bare.close();
  const app = createApp(registry, {
    gateways: [gateway],
    tokens: {
      find: (header) => Promise.resolve(accessOf(header?.replace(/^Bearer /, ""))),
      prove: ({ token }) => Promise.resolve(accessOf(token)),
    },
    audit: (entry) => void entries.push(entry),
    logger: {
      debug: ignored,
      info: ignored,
      warn: ignored,
      error: (...words: unknown[]) => void faults.push(words),
    },
  });
  return {
    registry,
    routes: app.routes.filter((route) => isWhole || !own.has(keyOf(route))),
    entries,
    faults,
    async ask({ method, path, body, headers }, token, signal) {
      const plain = new Request(`http://127.0.0.1${path}`, {
        method,
        body,
        headers: { "x-request-id": "test", ...headers },
        signal,
        redirect: "manual",
      });
      return await app(token === undefined ? plain : await sign(plain, token));
    },
    snapshot: () => snapshotOf(registry),
    again: () => openTestService(gateway, facts),
    async [Symbol.asyncDispose]() {
      await app.close();
      await registry[Symbol.asyncDispose]();
    },
  };
}

function keyOf({ method, path }: RouteEntry): string {
  return `${method} ${path}`;
}

function withBearer(request: Request, token: string): Request {
  const signed = new Request(request);
  signed.headers.set("authorization", `Bearer ${token}`);
  return signed;
}

/** The tokens are the lists of their scopes. */
function accessOf(scopes: string | undefined): Access | undefined {
  if (!scopes) return undefined;
  try {
    const author = { name: "me", token: scopes };
    return createAccess(scopes, scopes.split(",").map(parseScope), { author });
  } catch {
    return undefined;
  }
}

const encoder = new TextEncoder();

export async function saveFiles(
  registry: Registry,
  { name, version }: { name: string; version: string },
  files: readonly (readonly [path: string, text: string])[],
  metadata = {},
): Promise<void> {
  const contents = files.map(([path, text]) => ({ path, content: encoder.encode(text) }));
  const as = { id: "folder", formatVersion: 1, load: () => 0, save: () => contents };
  await registry.save(name, undefined, { as, version, metadata });
}

async function fill(registry: Registry, isLarge: boolean): Promise<void> {
  for (const [name, text] of [["team:model", "shown"], ["other:model", "hidden"]] as const) {
    const files = ["file.txt", "folder/file.txt"].map((path) => [path, `${text}-content`] as const);
    for (const version of ["1.0.0", "1.1.0"]) {
      const metadata = { note: `${text}-metadata` };
      await saveFiles(registry, { name, version }, files, metadata);
    }
    await registry.setAlias(name, "current", "1.0.0");
  }
  const members = { ours: "team:model@1.0.0", theirs: "other:model@1.0.0" };
  await publishRelease(registry, "team:release", members, { version: "1.0.0" });
  if (!isLarge) return;
  const files = Array.from(
    { length: 10_000 },
    (_, i) => [`d${i % 100}/f${i}.txt`, `${i}`] as const,
  );
  await saveFiles(registry, { name: "team:many", version: "1.0.0" }, files);
  for (let i = 1; i <= 200; i++) {
    await saveFiles(registry, { name: "team:many", version: `1.0.${i}` }, [["d0/f0.txt", `${i}`]], {
      i,
    });
    await registry.setAlias("team:many", `alias${i}`, `1.0.${i}`);
    await saveFiles(registry, { name: `team:n${i}`, version: "1.0.0" }, [["f", `${i}`]]);
  }
  await registry.setAlias("team:many", "current", "1.0.0");
}

async function snapshotOf(registry: Registry): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const name of registry.names()) {
    const versions = [], aliases = [];
    for await (const { version, info } of registry.versions(name, { details: true })) {
      versions.push([version, info?.commit]);
    }
    for await (const { alias, version } of registry.aliases(name)) aliases.push([alias, version]);
    found[name] = JSON.stringify({ versions, aliases });
  }
  return found;
}
