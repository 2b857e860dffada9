// An error has a reason, and each interface makes its own hint of it.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { openHttpRegistry } from "../../apps/client.ts";
import { EXTENSIONS } from "../../apps/extensions.ts";
import { OWN_GATEWAYS } from "../../apps/server/gateways/own_gateways.ts";
import { CLI_HINTS, cliHint } from "../../apps/cli/terminal/hint_words.ts";
import { MCP_HINTS } from "../../extensions/gateways/mcp/hint_words.ts";
import { explained } from "../../extensions/gateways/mcp/tool.ts";
import { createHandler } from "../../apps/server.ts";
import { HTTP_HINTS } from "../../apps/server/hint_words.ts";
import { fault, hintFor, isRegistryError, type RegistryError } from "../../core/errors.ts";
import type { Hints, Reason, Reasons } from "../../core/hints/reasons.ts";
import { LOCAL_REASONS, readReason, SERVICE_REASONS } from "../../core/hints/reasons.ts";
import { openRegistry } from "../../mod.ts";
import { openAllGateways } from "../extensions/gateways/all_gateways.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "../support/source_files.ts";

type Names = Readonly<Record<string, readonly string[]>>;
type Samples = { kind: string; reason: Reason }[];

function samplesOf(reasons: Names): Samples {
  return Object.entries(reasons).map(([kind, names]) => {
    const details = Object.fromEntries(names.map((name) => [name, `the-${name}`]));
    return { kind, reason: { kind, ...details } as Reason };
  });
}

/** Returns the reasons that extensions define, with the names in their hints. */
async function reasonsOfExtensions(): Promise<Names> {
  const found: Record<string, readonly string[]> = {};
  for (const path of await sourceFiles(PRODUCT_FOLDERS)) {
    if (!path.endsWith("/reasons.ts") || path.startsWith("core/")) continue;
    const exported: Record<string, unknown> = await import(join(REPOSITORY, path));
    for (const value of Object.values(exported)) {
      if (typeof (value as Reasons<Names>).of !== "function") continue;
      Object.assign(found, (value as Reasons<Names>).names);
    }
  }
  return found;
}

const OF_EXTENSIONS = await reasonsOfExtensions();
const KERNEL = { ...SERVICE_REASONS, ...LOCAL_REASONS } as Names;

/** Hints of extensions. */
const CLI = EXTENSIONS.flatMap(({ hints }) => hints === undefined ? [] : [hints]);
const HTTP = await hintsOfGateways();

async function hintsOfGateways(): Promise<readonly Hints[]> {
  await using all = await openAllGateways();
  return [...OWN_GATEWAYS, ...all.gateways].flatMap(({ hints }) =>
    hints === undefined ? [] : [hints]
  );
}

/** The library's own hint, for interfaces without another. */
const OWN = "Try again.";

const FLAG = /(^|\s)--[a-z]|\bholdfast [a-z]/;
const ROUTE = /\b(GET|PUT|POST|DELETE) \//;
const OF_LIBRARY =
  /registry\.\w|(?<!")\b(onConflict|idempotencyKey|repairFrom|readOnly|graceMs)\b|: true/;

function checkCli(hints: Hints, { kind, reason }: Samples[number]): void {
  const hint = hintFor({ hint: OWN, reason }, hints)!;
  assertMatch(hint, /^\S.*\S$/, kind);
  assert(!OF_LIBRARY.test(hint) && !ROUTE.test(hint), `${kind}: ${hint}`);
}

Deno.test("every reason has a hint for the command line, with commands and flags", () => {
  assertEquals(Object.keys(CLI_HINTS).sort(), Object.keys(KERNEL).sort());
  for (const sample of samplesOf(KERNEL)) checkCli(CLI_HINTS, sample);
});

Deno.test("extensions bring the hints of their reasons, and others for those of the kernel", () => {
  const brought = [...new Set(CLI.flatMap((hints) => Object.keys(hints)))];
  const own = brought.filter((kind) => !Object.hasOwn(KERNEL, kind));
  assertEquals(own.sort(), Object.keys(OF_EXTENSIONS).sort());
  for (const hints of CLI) {
    for (const sample of samplesOf({ ...KERNEL, ...OF_EXTENSIONS })) {
      if (Object.hasOwn(hints, sample.kind)) checkCli(hints, sample);
    }
  }
});

Deno.test("a hint of an extension is left out if a service sent too few names", () => {
  const told = (reason: unknown) => hintFor({ hint: OWN, reason: readReason(reason) }, ...CLI);
  assertMatch(told({ kind: "run_missing", pipeline: "p" })!, /holdfast pipeline status p/);
  assertEquals(told({ kind: "run_missing" }), OWN);
  assertEquals(told({ kind: "run_missing", pipeline: 7 }), OWN);
});

Deno.test("every reason of a service has a hint for HTTP and for models", () => {
  const kinds = Object.keys(SERVICE_REASONS);
  for (const table of [HTTP_HINTS, MCP_HINTS]) {
    assertEquals(Object.keys(table).sort(), kinds.sort());
  }
  for (const table of [HTTP_HINTS, MCP_HINTS, ...HTTP]) {
    for (const { kind, reason } of samplesOf({ ...SERVICE_REASONS, ...OF_EXTENSIONS })) {
      const hint = hintFor({ hint: OWN, reason }, table)!;
      assert(!FLAG.test(hint) && !OF_LIBRARY.test(hint), `${kind}: ${hint}`);
      if (table === MCP_HINTS) assert(!ROUTE.test(hint), `${kind}: ${hint}`);
    }
  }
});

Deno.test("every reason of a service has a hint for Python", async () => {
  const source = await Deno.readTextFile(join(REPOSITORY, "python/holdfast/client/reasons.py"));
  const rows = [...source.matchAll(/^ {4}"(\w+)": (.+),$/gm)];
  const sent = [...Object.keys(SERVICE_REASONS), ...HTTP.flatMap((hints) => Object.keys(hints))];
  assertEquals(rows.map(([, kind]) => kind).sort(), sent.sort());
  for (const [, kind = "", hint = ""] of rows) {
    assert(!FLAG.test(hint) && !ROUTE.test(hint) && !OF_LIBRARY.test(hint), `${kind}: ${hint}`);
    const used = [...hint.matchAll(/\{(\w+)(?:!r)?\}/g)].map(([, name]) => name!);
    const names = KERNEL[kind] ?? OF_EXTENSIONS[kind] ?? [];
    assertEquals(used.filter((name) => name !== "FORCE" && !names.includes(name)), [], kind);
  }
});

Deno.test("a program reads options, a user flags, and a model neither", () => {
  const error = fault({
    code: "Conflict",
    action: "delete",
    subject: '"a@1"',
    state: "the alias live points to it",
    hint: "Point the alias to another version first, or pass force: true.",
    reason: { kind: "held_by_alias" },
  });
  assertStringIncludes(error.hint!, "force: true");
  assertStringIncludes(cliHint(error)!, "--force");
  assertStringIncludes(hintFor(error, HTTP_HINTS)!, "?force=true");
  assertMatch(explained(error), /Hint: Call set_alias/);
});

Deno.test("a reason reaches the clients of a service", async () => {
  const registry = await openRegistry("memory:");
  await registry.save("a b", 1);
  const handler = createHandler(registry);
  const fetch = (input: RequestInfo | URL, init?: RequestInit) =>
    Promise.resolve(handler(new Request(input, init)));
  const remote = await openHttpRegistry("http://localhost", { fetch });
  const thrown = async (call: Promise<unknown>): Promise<RegistryError> => {
    const error = await call.catch((error) => error);
    assert(isRegistryError(error));
    return error;
  };
  for (const ref of ["a b@9", "none", "a b@none", "a b@^7"]) {
    const [here, there] = [await thrown(registry.load(ref)), await thrown(remote.load(ref))];
    assertEquals(there.reason, here.reason, ref);
    assertEquals([there.hint, cliHint(there)], [here.hint, cliHint(here)], ref);
    assert(here.reason !== undefined, ref);
  }
  const { reason, hint } = await (await fetch("http://localhost/artifacts/a%20b/versions/9"))
    .json();
  assertEquals(reason, { kind: "version_missing", name: "a b" });
  assertStringIncludes(hint, "GET /artifacts/");
});

Deno.test("reasons of extensions and later releases are data, and forged ones are left out", () => {
  assertEquals(readReason({ kind: "version_missing", name: "a", more: "b" }), {
    kind: "version_missing",
    name: "a",
  });
  const later = { kind: "of_a_later_release", name: "a" };
  assertEquals(readReason(later) as unknown, later);
  const others = [
    undefined,
    null,
    "version_missing",
    { kind: "of_a_later_release", name: 1 },
    { kind: "Of a later release" },
    { kind: "__proto__" },
    { kind: "version_missing" },
    { kind: "version_missing", name: 1 },
    { kind: "registry_around", folder: "/", grants: "" }, // no service can know
  ];
  for (const other of others) assertEquals(readReason(other), undefined);
});
