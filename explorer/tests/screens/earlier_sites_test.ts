// The page of today on sites that earlier commits exported.
import { assert, assertEquals } from "@std/assert";
import { readFile } from "node:fs/promises";
import { SERVED } from "../../../tests/registry/earlier/commits.ts";
import { VALUES } from "../../../tests/registry/earlier/content.ts";
import { unpackFixture } from "../../../tests/registry/earlier/fixtures.ts";
import { TOMORROW } from "../../../tests/registry/tomorrow/with_members.ts";
import { testInRoot } from "../../../tests/support/temp_root.ts";
import { openVersion } from "../../src/api/artifacts.ts";
import { type LogEntry, readAliases, readName } from "../../src/api/names.ts";
import { Service } from "../../src/api/service.ts";

/** Serves the files of a site, and opens it as its page does. */
async function withSite(
  folder: string,
  change: (json: unknown) => unknown,
  use: (service: Service) => Promise<void>,
): Promise<void> {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const path = decodeURIComponent(new URL(request.url).pathname);
    const bytes = await readFile(folder + path).catch(() => undefined);
    if (bytes === undefined) return new Response("not found", { status: 404 });
    if (!path.endsWith("/index.json")) return new Response(Uint8Array.from(bytes));
    return Response.json(change(JSON.parse(bytes.toString())));
  });
  const service = new Service(`http://127.0.0.1:${server.addr.port}/`, { isSite: true });
  try {
    await use(service);
  } finally {
    await server.shutdown();
  }
}

const { signal } = new AbortController();

async function assertShows(service: Service): Promise<void> {
  const { settings } = await service.json<{ settings: { versioned: boolean } }>("registry");
  assertEquals(settings.versioned, true);
  const { items } = await service.json<{ items: string[] }>("names");
  assertEquals(items, ["packed", "plain", "serving"]);

  const plain = await readName(service, "plain");
  assertEquals(plain.versions.map(({ version }) => version), ["2.0.0", "1.0.0"]);
  assertEquals(plain.versions[1]?.info?.metadata, { score: 0.5, "a.b": { c: "ä" } });
  assertEquals(plain.aliases.map(({ alias }) => alias), ["production"]);
  const { byRef } = await readAliases(service, items, signal);
  assertEquals(byRef.get("plain@2.0.0"), ["production"]);
  const log = await service.list<LogEntry>("artifacts/plain/log");
  assert(log.some(({ event, version }) => event === "saved" && version === "1.0.0"));
  const history = await service.list<LogEntry>("artifacts/plain/aliases/production/history");
  assertEquals(history.map(({ version }) => version), ["2.0.0", "1.0.0"]);

  for (const version of ["1.0.0", "production", "latest"]) {
    const opened = await openVersion(service, { name: "plain", version }, signal);
    assertEquals(opened.version, version === "1.0.0" ? "1.0.0" : "2.0.0");
  }
  for (const version of ["1.0.0/model", "latest/model"]) {
    const { name, files: [file] } = await openVersion(service, { name: "serving", version });
    assertEquals([name, (await file!.text(100)).text], ["plain", VALUES["plain@1"]], version);
  }
  const tokens = await openVersion(service, { name: "serving", version: "1.0.0/tokens" });
  assertEquals(tokens.name, "packed");
  for (const file of tokens.files) {
    const bytes = await file.read(0, file.size);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    assertEquals(digest, file.digest, file.path);
  }
  const query = { ref: "serving@1.0.0" };
  const { edges } = await service.json<{ edges: { from: string }[] }>("lineage", { query });
  assertEquals(edges.map(({ from }) => from).sort(), ["packed@1.0.0", "plain@1.0.0"]);
}

function withMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withMembers);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([name, each]) => [
    name,
    name === "metadata" ? each : withMembers(each),
  ]);
  return { ...Object.fromEntries(members), ...TOMORROW };
}

for (const commit of SERVED) {
  testInRoot(`the page shows a site of an earlier commit (${commit.slice(0, 8)})`, async (root) => {
    await unpackFixture(commit, root.path);
    const site = root.join("site");
    await withSite(site, (json) => json, assertShows);
    await withSite(site, withMembers, assertShows); // of tomorrow
  });
}
