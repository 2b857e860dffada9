import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend, openRegistry, type Registry } from "../../../mod.ts";
import { withHooks } from "../../registry/with_hooks.ts";
import { firstOfPage, linesOf, wantsLines } from "../../../apps/server/listing.ts";
import { createCheckedHandler } from "./checked_handler.ts";
import { problemOf } from "../../../apps/server/problem.ts";
import { problemOf as readProblem } from "../../../apps/client/problem.ts";
import { diskError } from "../../../backends/local/errors.ts";
import { cliHint } from "../../../apps/cli/terminal/hint_words.ts";
import { type Fault, fault, RegistryError, withSuggestion } from "../../../core/errors.ts";
import { everything } from "../../../apps/server/access/access.ts";

Deno.test("lines are read only on demand", async () => {
  let count = 0;
  let ended = false;
  async function* endless() {
    try {
      for (;;) yield await Promise.resolve(`name-${count++}`);
    } finally {
      ended = true;
    }
  }
  const reader = linesOf(endless()).getReader();
  assertEquals(count, 0);
  for (let chunk = 1; chunk <= 3; chunk++) {
    const { value } = await reader.read();
    assert(value!.byteLength < 20_000 && count < chunk * 2_000, `${count} names`);
  }
  await reader.cancel();
  assertEquals(ended, true);
});

Deno.test("a walk over pages reads each record once", async () => {
  const reads: string[] = [];
  const backend = withHooks(createMemoryBackend(), {
    before: ({ verb, key }) => void (verb === "get" && reads.push(key)),
  });
  await using registry = await openRegistry(backend);
  for (let i = 1; i <= 20; i++) {
    await registry.save("a", i);
    await registry.setAlias("a", "prod", `${i}`);
    await registry.setAlias("a", `other-${i}`, `${i}`);
  }
  await using handler = createCheckedHandler(registry);
  const ask = async (path: string) =>
    await (await handler(new Request(`http://localhost${path}`))).json();
  const walk = async (path: string) => {
    const items: unknown[] = [];
    reads.length = 0;
    for (let after = ""; after !== undefined;) {
      const page = await ask(`${path}&limit=2${after && `&after=${after}`}`);
      items.push(...page.items);
      after = page.next;
    }
    return items.length;
  };
  // Each page also reads the first record of the next one.
  assertEquals(await walk("/artifacts/a/aliases/prod/history?"), 20);
  assert(reads.length <= 30, `${reads.length} reads`);
  assertEquals(await walk("/artifacts/a/versions?details=true"), 20);
  assert(reads.length <= 30, `${reads.length} reads`);
  reads.length = 0;
  assertEquals(await ask("/artifacts/a/aliases/prod"), { alias: "prod", version: "20.0.0" });
  assert(reads.length <= 1, `${reads.length} reads`);
});

Deno.test("a listing that fails in the middle is not a complete answer", async () => {
  await using registry = await openRegistry("memory:");
  let names = 0;
  const failing: Registry = {
    ...registry,
    async *names() {
      for (let count = 0; count < names; count++) yield await Promise.resolve("a".repeat(100));
      throw new TypeError("the store is gone");
    },
  };
  await using handler = createCheckedHandler(failing);
  const ask = (accept: string) =>
    handler(new Request("http://localhost/names", { headers: { accept } }));
  for (const accept of ["application/json", "application/x-ndjson"]) {
    assertEquals((await ask(accept)).status, 500);
  }
  names = 500;
  const lines = await ask("application/x-ndjson");
  assertEquals(await lines.text().catch((error) => error.message), "the store is gone");
});

Deno.test("pages have at most 256 KiB, in any language", async () => {
  await using registry = await openRegistry("memory:");
  const text = "模".repeat(100);
  const names = async function* () {
    for (let count = 0; count < 3000; count++) yield await Promise.resolve(`${text}${count}`);
  };
  await using handler = createCheckedHandler({ ...registry, names });
  const page = await (await handler(new Request("http://localhost/names?limit=3000"))).text();
  const bytes = new TextEncoder().encode(page).byteLength;
  assert(bytes > 250 * 1024 && bytes < 260 * 1024, `${bytes} bytes`);
  const found = firstOfPage(Array.from({ length: 3000 }, () => text));
  assertEquals(found.length, Math.floor(256 * 1024 / 302));
});

Deno.test("lines need an Accept header", () => {
  const lines = [
    "application/x-ndjson",
    "text/html, application/ndjson;q=0.5",
    "Application/JSONL",
  ];
  for (const accept of lines) assert(wantsLines(accept), accept);
  for (const accept of [undefined, "*/*", "application/json", "x/application/x-ndjson-not"]) {
    assert(!wantsLines(accept), accept);
  }
});

Deno.test("problems carry code, hint, advice, commit and key, but no cause", async () => {
  const error = new RegistryError({
    code: "Unknown",
    message: 'Cannot save "a@1.0.0": no reply',
    hint: "Repeat it with its key.",
    retry: "later",
    commit: "01a2cee6-7b7c-7dd6-b5ab-e8e9eacfcc74",
    key: "names/a/versions/final/p8p9p9/9007199254740990.rec",
    maybeWritten: true,
    cause: new Error("secret"),
  });
  const answer = problemOf(error).toResponse();
  assertEquals((await answer.clone().text()).includes("secret"), false);
  const { code, message, hint, retry, commit, key, maybeWritten } = await readProblem(answer, {
    action: "save",
    location: "http://localhost",
    writes: true,
  });
  const { name: _name, backend: _backend, ...said } = { ...error, message: error.message };
  assertEquals({ code, message, hint, retry, commit, key, maybeWritten } as unknown, said);
});

Deno.test("problems omit the location of the store", async () => {
  const [save, load] = [{ action: "save", subject: '"a"' }, { action: "load", subject: '"a"' }];
  const full = { ...save, state: "the disk is full" };
  const cases: [words: Omit<Fault, "code">, detail: string][] = [
    [{ ...full, place: "in /srv/secret (old)/registry" }, 'Cannot save "a": the disk is full'],
    [{ ...full, place: "in C:\\secret" }, 'Cannot save "a": the disk is full'],
    [
      { ...load, state: "the store denies it", place: 'bucket "secret" at secret.com:9000' },
      'Cannot load "a": the store denies it',
    ],
    [
      { ...load, state: "it has 3 bytes (4 were expected)" },
      'Cannot load "a": it has 3 bytes (4 were expected)',
    ],
    ...["secret.com:9000 (region secret)", "[fd00::secret]:9000", "secret.com"].map((host) => {
      const place = `bucket "secret" at ${host}`;
      const words = { action: "reach", subject: place, state: "nothing answers", place };
      return [words, "Cannot reach the store: nothing answers"] as [typeof words, string];
    }),
  ];
  for (const [words, detail] of cases) {
    const answer = problemOf(fault({ code: "Unavailable", ...words, backend: "s3://secret" }))
      .toResponse();
    const text = await answer.text();
    assertEquals([JSON.parse(text).detail, text.includes("secret")], [detail, false]);
  }
  const places = { "file:///srv/my%20secret": "/srv/my secret", "gs://secret": "gs://secret" };
  for (const [backend, subject] of Object.entries(places)) {
    const whole = fault({ code: "Unavailable", action: "list", subject, state: "gone", backend });
    const { code, message } = whole;
    for (const error of [whole, new RegistryError({ code, message, backend })]) {
      assertEquals(
        (await problemOf(error).toResponse().json()).detail,
        "Cannot list the store: gone",
      );
    }
  }
});

Deno.test("problems carry a reason, and hints for HTTP and for programs", async () => {
  const reason = { kind: "version_missing", name: "a" } as const;
  const error = fault({
    code: "NotFound",
    action: "find",
    subject: '"a@2"',
    state: "no such version",
    hint: "registry.versions(name)",
    reason,
  });
  const suggested = withSuggestion(error, "a@1");
  for (const [sent, begins] of [[error, ""], [suggested, 'Did you mean "a@1"? ']] as const) {
    const answer = problemOf(sent, everything).toResponse();
    const { hint, reason: told } = await answer.clone().json();
    assertEquals([hint, told], [`${begins}List the versions: GET /artifacts/a/versions`, reason]);
    const asked = { action: "load", location: "http://localhost", writes: false };
    const read = await readProblem(answer, asked);
    assertEquals([read.hint, read.reason], [`${begins}registry.versions(name)`, reason]);
    assertEquals(cliHint(read), `${begins}List the versions: holdfast versions a`);
    const words = (
      { message, action, subject, state }: RegistryError,
    ) => [message, action, subject, state];
    assertEquals(words(read), words(error));
  }
  const { hint, hints } = await problemOf(withSuggestion(error, "secret@1")).toResponse().json();
  assertEquals(hint, "List the versions: GET /artifacts/a/versions");
  assertEquals(hints, { library: "registry.versions(name)" });
});

Deno.test("reasons omit the location of the store", async () => {
  const reason = { kind: "damaged", finding: "It is not at gs://secret." } as const;
  const fields = { code: "Corrupt", action: "load", state: "gone", hint: "x", reason } as const;
  const text = await problemOf(fault({ ...fields, backend: "gs://secret" })).toResponse().text();
  assertEquals([text.includes("secret"), text.includes("the store")], [false, true]);
});

Deno.test("hints about missing permissions omit the location of the store", async () => {
  const key = "objects/a/0";
  const denied = new Error('Requires write access to "/srv/my secret/objects/a/0", run again');
  const cause = Object.assign(denied, { name: "NotCapable" });
  const error = diskError(cause, { action: "put", key, backend: "file:///srv/my%20secret" });
  const { hint } = await problemOf(error).toResponse().json();
  assertEquals(hint, 'Requires write access to "the store/objects/a/0", run again.');
});
