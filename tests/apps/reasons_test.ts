// An error has a reason, and each interface makes its own hint of it.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { openHttpRegistry } from "../../apps/client.ts";
import { CLI_HINTS, cliHint } from "../../apps/cli/terminal/hint_words.ts";
import { MCP_HINTS } from "../../extensions/gateways/mcp/hint_words.ts";
import { explained } from "../../extensions/gateways/mcp/tool.ts";
import { createHandler } from "../../apps/server.ts";
import { HTTP_HINTS } from "../../apps/server/hint_words.ts";
import { fault, hintFor, isRegistryError, type RegistryError } from "../../core/errors.ts";
import {
  LOCAL_REASONS,
  readReason,
  type Reason,
  type ReasonKind,
  SERVICE_REASONS,
} from "../../core/hints/reasons.ts";
import { openRegistry } from "../../mod.ts";
import { REPOSITORY } from "../support/run_deno.ts";

type Samples = { kind: ReasonKind; reason: Reason }[];

function samplesOf(reasons: Readonly<Record<string, readonly string[]>>): Samples {
  return Object.entries(reasons).map(([kind, names]) => {
    const details = Object.fromEntries(names.map((name) => [name, `the-${name}`]));
    return { kind: kind as ReasonKind, reason: { kind, ...details } as Reason };
  });
}

const OF_SERVICES = samplesOf(SERVICE_REASONS);
const ALL = [...OF_SERVICES, ...samplesOf(LOCAL_REASONS)];

/** The library's own hint, for interfaces without another. */
const OWN = "Try again.";

const FLAG = /(^|\s)--[a-z]|\bholdfast [a-z]/;
const ROUTE = /\b(GET|PUT|POST|DELETE) \//;
const OF_LIBRARY =
  /registry\.\w|(?<!")\b(onConflict|idempotencyKey|repairFrom|readOnly|graceMs)\b|: true/;

Deno.test("every reason has a hint for the command line, with commands and flags", () => {
  assertEquals(Object.keys(CLI_HINTS).sort(), ALL.map(({ kind }) => kind).sort());
  for (const { kind, reason } of ALL) {
    const hint = hintFor({ hint: OWN, reason }, CLI_HINTS)!;
    assertMatch(hint, /^\S.*\S$/, kind);
    assert(!OF_LIBRARY.test(hint) && !ROUTE.test(hint), `${kind}: ${hint}`);
  }
});

Deno.test("every reason of a service has a hint for HTTP and for models", () => {
  const kinds = Object.keys(SERVICE_REASONS);
  for (const table of [HTTP_HINTS, MCP_HINTS]) {
    assertEquals(Object.keys(table).sort(), kinds.toSorted());
    for (const { kind, reason } of OF_SERVICES) {
      const hint = hintFor({ hint: OWN, reason }, table)!;
      assert(!FLAG.test(hint) && !OF_LIBRARY.test(hint), `${kind}: ${hint}`);
      if (table === MCP_HINTS) assert(!ROUTE.test(hint), `${kind}: ${hint}`);
    }
  }
});

Deno.test("every reason of a service has a hint for Python", async () => {
  const source = await Deno.readTextFile(join(REPOSITORY, "python/holdfast/client/reasons.py"));
  const rows = [...source.matchAll(/^ {4}"(\w+)": (.+),$/gm)];
  assertEquals(rows.map(([, kind]) => kind).sort(), Object.keys(SERVICE_REASONS).sort());
  for (const [, kind = "", hint = ""] of rows) {
    assert(!FLAG.test(hint) && !ROUTE.test(hint) && !OF_LIBRARY.test(hint), `${kind}: ${hint}`);
    const used = [...hint.matchAll(/\{(\w+)(?:!r)?\}/g)].map(([, name]) => name!);
    const names: readonly string[] = SERVICE_REASONS[kind as keyof typeof SERVICE_REASONS];
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

Deno.test("reasons of later releases and forged ones are left out", () => {
  assertEquals(readReason({ kind: "version_missing", name: "a", more: "b" }), {
    kind: "version_missing",
    name: "a",
  });
  const others = [
    undefined,
    null,
    "version_missing",
    { kind: "of_a_later_release" },
    { kind: "constructor" },
    { kind: "version_missing" },
    { kind: "version_missing", name: 1 },
    { kind: "registry_around", folder: "/", grants: "" }, // no service can know
  ];
  for (const other of others) assertEquals(readReason(other), undefined);
});
