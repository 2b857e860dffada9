// Answers of the service of a commit to its own client, a token file, and a site that it exports.
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type * as root from "../../../mod.ts";
import type * as client from "../../../apps/client.ts";
import type * as maintenance from "../../../apps/maintenance.ts";
import type * as server from "../../../apps/server.ts";
import type * as site from "../../../apps/server/export_site.ts";
import type { Registry } from "../../../core/registry.ts";
import type * as tools from "../../../registry/mod.ts";
import type * as runs from "../../../extensions/runs/mod.ts";

/** The entry points of one commit that programs over HTTP use. */
export type Client = Pick<
  typeof root & typeof client & typeof maintenance & typeof tools & typeof runs,
  | ("openHttpRegistry" | "annotate" | "changeRules" | "diffVersions" | "finishRun" | "listFiles")
  | ("openRun" | "publishRelease" | "readAnnotations" | "readLineage" | "readLog")
  | ("readLoggedRuns" | "readRules" | "resolveRelease")
>;
type Server = Pick<
  typeof root & typeof server & typeof site,
  "createHandler" | "createToken" | "openRegistry" | "siteFiles"
>;

async function entryPoints<T>(folder: string, modules: readonly string[]): Promise<T> {
  const all = await Promise.all(modules.map((path) => import(new URL(path, folder).href)));
  return Object.assign({}, ...all);
}

/** @param folder URL of the source of a program */
export function clientAt(folder: string): Promise<Client> {
  const parts = [
    "apps/client.ts",
    "apps/maintenance.ts",
    "registry/mod.ts",
    "extensions/runs/mod.ts",
  ];
  return entryPoints(folder, ["mod.ts", ...parts]);
}

function serverAt(folder: string): Promise<Server> {
  return entryPoints(folder, ["mod.ts", "apps/server.ts", "apps/server/export_site.ts"]);
}

/** Is uploaded by itself, and small in the repository. */
const LARGE = new Uint8Array(300_000).map((_, i) => i >> 12);

type Call = (registry: Registry, client: Client) => Promise<unknown>;

const failed = (call: Promise<unknown>) =>
  call.then(
    () => "it succeeded",
    ({ code, message, hint }) => ({ code, message, hasHint: hint !== undefined }),
  );

/** Calls of a client, in this order. Each result can be written as JSON. */
export const CALLS: Readonly<Record<string, Call>> = {
  "save text": (registry) =>
    registry.save("plain", "first", { metadata: { score: 0.5, "a.b": { c: "ä" } } }),
  "save JSON": (registry) => registry.save("plain", { answer: 42 }, { idempotencyKey: "run 7" }),
  "save it again": (registry) => registry.save("plain", "not saved", { idempotencyKey: "run 7" }),
  "save a large file": (registry) => registry.save("large", LARGE, { inputs: ["plain@1"] }),
  "save an alias": (registry) => registry.save("plain", "third", { alias: ["live", "été_🦊"] }),
  "move an alias": (registry) => registry.setAlias("plain", "live", "2"),
  "remove an alias": (registry) => registry.deleteAlias("plain", "été_🦊"),
  "annotate": (registry, { annotate }) =>
    annotate(registry, "plain@1", { notes: "Best so far", labels: { stage: "live", score: 1 } }),
  "publish": (registry, { publishRelease }) =>
    publishRelease(registry, "serving", { model: "plain@1", data: "large@1" }),
  "set a rule": (registry, { changeRules }) =>
    changeRules(registry, { set: { pattern: "large", protect: true } }),
  "delete": (registry) => registry.delete("plain@3"),
  "restore": (registry) => registry.undelete("plain@3"),
  "delete again": (registry) => registry.delete("plain@3"),
  "add to a draft": async (registry) => {
    const draft = await registry.openDraft("drafted", { id: "open" });
    await draft.addFile("a.txt", new TextEncoder().encode("a"));
    const { parts } = await draft.info();
    const { version } = await draft.commit();
    return { parts: parts.map(({ part }) => part), version };
  },
  "log a run": async (registry, { openRun }) => {
    const run = await openRun(registry, "logged", { id: "killed", params: { rate: 0.1 } });
    run.log({ step: 1, loss: 0.5 });
    await run.flush();
  },
  "list runs": (registry, { readLoggedRuns }) => Array.fromAsync(readLoggedRuns(registry)),
  "finish a run": async (registry, { finishRun }) =>
    (await finishRun(registry, "logged", { id: "killed" })).version,
  "list names": (registry) => Array.fromAsync(registry.names()),
  "list versions": (registry) => Array.fromAsync(registry.versions("plain", { details: true })),
  "list deleted versions": (registry) =>
    Array.fromAsync(registry.versions("plain", { deleted: true }), ({ version }) => version),
  "list aliases": (registry) => Array.fromAsync(registry.aliases("plain")),
  "list changes of an alias": (registry) => Array.fromAsync(registry.history("plain", "live")),
  "list files": (registry, { listFiles }) => Array.fromAsync(listFiles(registry, "large")),
  "load text": (registry) => registry.load("plain@1"),
  "load JSON": (registry) => registry.load("plain@live"),
  "load a member": (registry) => registry.load("serving@1/model"),
  "load a large file": async (registry) => {
    const content = await registry.load("large") as Uint8Array;
    return createHash("sha256").update(content).digest("hex");
  },
  "load a draft": async (registry) => (await registry.open("drafted")).file("a.txt").text(),
  "describe": (registry) => registry.info("plain@1"),
  "read notes": (registry, { readAnnotations }) => readAnnotations(registry, "plain@1"),
  "read members": (registry, { resolveRelease }) => resolveRelease(registry, "serving"),
  "read rules": (registry, { readRules }) => readRules(registry),
  "read lineage": (registry, { readLineage }) => readLineage(registry, "large"),
  "read the log": (registry, { readLog }) => Array.fromAsync(readLog(registry, "plain")),
  "compare": (registry, { diffVersions }) =>
    diffVersions(registry, { before: "plain@1", after: "plain@2" }),
  "load what is missing": (registry) => failed(registry.load("plain@9")),
  "load what was deleted": (registry) => failed(registry.load("plain@3")),
  "delete a member": (registry) => failed(registry.delete("plain@1")),
  "delete what is protected": (registry) => failed(registry.delete("large@1")),
  "save an existing version": (registry) => failed(registry.save("plain", 1, { version: "1" })),
};

/** A request, and what the service answered. Bodies of answers are text, or base64. */
export interface Exchange {
  method: string;
  /** With the query. */
  path: string;
  status: number;
  headers: [name: string, value: string][];
  text?: string;
  base64?: string;
}

/** The answers of a service, and the results of its client. */
export interface Answers {
  exchanges: Exchange[];
  results: Record<string, unknown>;
}

export const ADDRESS = "http://127.0.0.1";

/** Calls all functions one after the other. A result is as JSON has it. */
export async function callAll(
  client: Client,
  fetch: (request: Request) => Promise<Response>,
): Promise<Record<string, unknown>> {
  const registry = await client.openHttpRegistry(ADDRESS, { fetch, retryForMs: 0 });
  const results: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(CALLS)) {
    results[name] = JSON.parse(JSON.stringify(await call(registry, client) ?? null));
  }
  await registry[Symbol.asyncDispose]();
  return results;
}

const isText = (type: string) => /^text\/|json/.test(type);

/** A route that no service has. */
export const UNKNOWN = "/tomorrow";

/** Writes `answers.json`, `tokens.json` and `token` to a folder. */
export async function writeServed(source: string, folder: string): Promise<void> {
  const { openRegistry, createHandler, createToken } = await serverAt(source);
  const registry = await openRegistry("memory:"), handler = createHandler(registry);
  const exchanges: Exchange[] = [];
  const send = async (request: Request) => {
    const { method } = request, { pathname, search } = new URL(request.url);
    const response = await handler(request);
    const { status } = response, headers = [...response.headers] as [string, string][];
    const body = Buffer.from(await response.arrayBuffer());
    const content = isText(response.headers.get("content-type") ?? "")
      ? { text: body.toString() }
      : { base64: body.toString("base64") };
    exchanges.push({ method, path: pathname + search, status, headers, ...content });
    return new Response(status === 204 ? null : body, response);
  };
  const results = await callAll(await clientAt(source), send);
  await send(new Request(ADDRESS + UNKNOWN));
  await handler.close();
  await registry[Symbol.asyncDispose]();
  await writeFile(join(folder, "answers.json"), JSON.stringify({ exchanges, results }));

  const scopes = ["read:*", "save:team/*"];
  const { token } = await createToken(join(folder, "tokens.json"), { scopes, note: "ann" });
  await writeFile(join(folder, "token"), token);
}

/** The versions of the registry `main` that are in the site. */
export const SITE = ["plain@1", "plain@2", "serving@1"];

/** Writes the files of a site to `site`, but the scripts of its page. */
export async function writeSite(source: string, folder: string): Promise<void> {
  const { openRegistry, siteFiles } = await serverAt(source);
  const main = await openRegistry(`${folder}/main`, { create: false, cache: false });
  for await (const { path, content } of siteFiles(main, SITE)) {
    if (path.startsWith("explore/") && !path.endsWith(".html")) continue;
    const target = join(folder, "site", path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, new Uint8Array(await new Response(content as BodyInit).arrayBuffer()));
  }
  await main[Symbol.asyncDispose]();
}
