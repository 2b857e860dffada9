import { assert, assertEquals } from "@std/assert";
import { openRegistry, type Registry } from "../../../mod.ts";
import { linesOf, wantsLines } from "../../../apps/server/listing.ts";
import { createCheckedHandler } from "./checked_handler.ts";
import { problemOf } from "../../../apps/server/problem.ts";
import { problemOf as readProblem } from "../../../apps/client/problem.ts";
import { diskError } from "../../../backends/local/errors.ts";
import { type Fault, fault, hintFor, RegistryError, withSuggestion } from "../../../core/errors.ts";
import { everything } from "../../../apps/server/access/access.ts";

Deno.test("lines are read no faster than somebody takes them, and no longer", async () => {
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
    assert(
      value!.byteLength < 20_000 && count < chunk * 2_000,
      `${count} names for ${chunk} chunks`,
    );
  }
  await reader.cancel();
  assertEquals(ended, true);
});

Deno.test("a listing that fails in its middle is no whole answer", async () => {
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

Deno.test("lines are for who asks for them", () => {
  for (
    const accept of [
      "application/x-ndjson",
      "text/html, application/ndjson;q=0.5",
      "Application/JSONL",
    ]
  ) {
    assert(wantsLines(accept), accept);
  }
  for (const accept of [undefined, "*/*", "application/json", "x/application/x-ndjson-not"]) {
    assert(!wantsLines(accept), accept);
  }
});

Deno.test("what an error says crosses: its code, hint, advice, commit and key; its cause and stack do not", async () => {
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
  const answer = problemOf(error);
  assertEquals((await answer.clone().text()).includes("secret"), false);
  const { code, message, hint, retry, commit, key, maybeWritten } = await readProblem(answer, {
    action: "save",
    location: "http://localhost",
    writes: true,
  });
  const { name: _name, backend: _backend, ...said } = { ...error, message: error.message };
  assertEquals({ code, message, hint, retry, commit, key, maybeWritten } as unknown, said);
});

Deno.test("an answer does not say where the store of the service is", async () => {
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
    ...[
      'bucket "secret" at secret.com:9000 (region secret)',
      'bucket "secret" at [fd00::secret]:9000',
      'bucket "secret" at secret.com',
    ].map((place): [Omit<Fault, "code">, string] => [
      { action: "reach", subject: place, state: "nothing answers", place },
      "Cannot reach the store: nothing answers",
    ]),
  ];
  for (const [words, detail] of cases) {
    const answer = problemOf(fault({ code: "Unavailable", ...words, backend: "s3://secret" }));
    const text = await answer.text();
    assertEquals([JSON.parse(text).detail, text.includes("secret")], [detail, false]);
  }
  for (
    const [backend, subject] of [["file:///srv/my%20secret", "/srv/my secret"], [
      "gs://secret",
      "gs://secret",
    ]]
  ) {
    const words = { action: "list", subject, state: "it is gone" };
    const { message } = fault({ code: "Unavailable", ...words });
    for (
      const error of [
        fault({ code: "Unavailable", ...words, backend }),
        new RegistryError({ code: "Unavailable", message, backend }), // of a driver that gives a message only
      ]
    ) {
      const { detail } = await problemOf(error).json();
      assertEquals(detail, "Cannot list the store: it is gone");
    }
  }
});

Deno.test("a hint names routes, and crosses in the words of the library and the command line", async () => {
  const error = fault({
    code: "NotFound",
    action: "find",
    subject: '"a@2"',
    state: "there is no such version",
    hint: "registry.versions(name)",
    hints: { cli: "holdfast versions", http: "GET /artifacts/a/versions" },
  });
  for (
    const [sent, begins] of [[error, ""], [
      withSuggestion(error, "a@1"),
      'Did you mean "a@1"? ',
    ]] as const
  ) {
    const answer = problemOf(sent, everything);
    assertEquals((await answer.clone().json()).hint, `${begins}GET /artifacts/a/versions`);
    const asked = { action: "load", location: "http://localhost", writes: false };
    const read = await readProblem(answer, asked);
    assertEquals(
      [read.hint, hintFor(read, "cli"), read.message, read.action, read.subject, read.state],
      [
        `${begins}registry.versions(name)`,
        `${begins}holdfast versions`,
        ...[error.message, error.action, error.subject, error.state],
      ],
    );
  }
  const { hint, hints } = await problemOf(withSuggestion(error, "secret@1")).json();
  assertEquals([hint, hints], ["GET /artifacts/a/versions", {
    library: "registry.versions(name)",
    cli: "holdfast versions",
  }]);
});

Deno.test("nor does its hint, where a permission of the service is missing", async () => {
  const key = "objects/a/0";
  const error = diskError(
    Object.assign(new Error('Requires write access to "/srv/my secret/objects/a/0", run again'), {
      name: "NotCapable",
    }),
    { action: "put", key, backend: "file:///srv/my%20secret" },
  );
  const { detail, hint } = await problemOf(error).json();
  assertEquals([detail, hint], [
    `Cannot put "${key}": this program lacks the permission`,
    'Requires write access to "the store/objects/a/0", run again.',
  ]);
});
