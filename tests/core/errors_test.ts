import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import vm from "node:vm";
import {
  type ErrorCode,
  fault,
  hintFor,
  isRegistryError,
  messageOf,
  plainHint,
  RegistryError,
  retold,
  withSuggestion,
} from "../../core/errors.ts";

const FIELDS = {
  code: "Unavailable" as const,
  message: 'Cannot put "a": no reply',
  hint: "Try again.",
  suggestion: "b",
  key: "names/a",
  backend: "memory:1",
  retry: "never" as const,
  maybeWritten: true,
  commit: "c",
};

Deno.test("an error has exactly the given fields", () => {
  const cause = new Error("below");
  const error = new RegistryError({ ...FIELDS, cause });
  assertEquals({ ...error, message: error.message }, { ...FIELDS, name: "RegistryError" });
  assertStrictEquals(error.cause, cause);
  assertInstanceOf(error, Error);
  assertStringIncludes(String(error), "RegistryError: Cannot put");
  const bare = new RegistryError({ code: "Invalid", message: "Cannot x: y" });
  assertEquals(Object.keys(bare).sort(), ["code", "name", "retry"]);
  assertFalse("cause" in bare);
});

Deno.test("retold() keeps all fields that are not changed", () => {
  const error = new RegistryError({ ...FIELDS, cause: "below" });
  const told = retold(error, { action: "save", subject: '"b"', hint: undefined });
  const { hint: _, ...kept } = FIELDS;
  const message = `Cannot save "b": ${FIELDS.message}`; // a plain message becomes the state
  assertEquals({ ...told, message: told.message }, { ...kept, message, name: "RegistryError" });
  assertEquals([told.cause, error.message], ["below", FIELDS.message]);
});

Deno.test("an error keeps the fields that its message is made of", () => {
  const words = { action: "put", subject: '"a"', state: "the disk is full", place: "in /data" };
  const error = new RegistryError({ code: "Unavailable", ...words });
  assertEquals(error.message, 'Cannot put "a": the disk is full (in /data)');
  assertEquals(Object.keys(error).sort(), ["code", "name", "retry"]);
  const told = retold(error, { action: "save", subject: '"model"' });
  const { action, subject, state, place, message } = told;
  assertEquals({ action, subject, state, place }, { ...words, action: "save", subject: '"model"' });
  assertEquals(message, 'Cannot save "model": the disk is full (in /data)');
  const at = retold(error, { action: "reach", subject: "in /data" });
  assertEquals(at.message, "Cannot reach in /data: the disk is full");
  const one = new RegistryError({ code: "Denied", message: "no" });
  assertEquals(retold(one, { place: "in /data" }).message, "no (in /data)");
});

Deno.test("a reason gives each interface its own hint, also with a suggestion", () => {
  const reason = { kind: "version_missing", name: "a" } as const;
  const hint = "Call versions().";
  const error = fault({ code: "NotFound", action: "x", state: "y", hint, reason });
  const table = { version_missing: ({ name }: { name: string }) => `Run versions ${name}.` };
  assertEquals([error.hint, hintFor(error, table), hintFor(error, {})], [
    hint,
    "Run versions a.",
    hint,
  ]);
  assertEquals(hintFor(error, { version_missing: null }), hint);
  const longer = { version_missing: (_: unknown, hint: string) => `${hint} Or not.` };
  assertEquals(hintFor(error, longer), `${hint} Or not.`);
  const meant = withSuggestion(error, "a@1");
  const lead = 'Did you mean "a@1"? ';
  assertEquals([meant.hint, meant.suggestion], [`${lead}${hint}`, "a@1"]);
  assertEquals([plainHint(meant), plainHint(error)], [hint, hint]);
  assertEquals(hintFor(meant, table), `${lead}Run versions a.`);
  assertEquals(hintFor(meant, longer), `${lead}${hint} Or not.`);
  const alone = withSuggestion(retold(error, { hint: undefined }), "a@1");
  assertEquals([alone.hint, plainHint(alone)], [lead.trim(), undefined]);
  assertEquals(hintFor(retold(error, { hint: "New." }), table), "New."); // of another failure
  assertEquals(hintFor(retold(error, { state: "z" }), table), "Run versions a.");
});

Deno.test("each code has a default retry advice", () => {
  const advice = (code: ErrorCode) => new RegistryError({ code, message: "Cannot x: y" }).retry;
  assertEquals([advice("Unavailable"), advice("Unknown")], ["later", "unknown"]);
  for (const code of ["NotFound", "AlreadyExists", "Conflict", "Invalid", "Unsupported"] as const) {
    assertEquals(advice(code), "never");
  }
  for (const code of ["Corrupt", "Denied", "TaskFailed"] as const) {
    assertEquals(advice(code), "never");
  }
});

Deno.test("isRegistryError() is true for errors with one of the codes, and nothing else", () => {
  const error = new RegistryError({ code: "NotFound", message: 'Cannot load "a": no such name' });
  assert(isRegistryError(error));
  assert(isRegistryError(error, "Conflict", "NotFound"));
  assertFalse(isRegistryError(error, "Conflict"));
  const named = Object.assign(new Error("x"), { name: "RegistryError" });
  const shaped = { name: "RegistryError", code: "NotFound" };
  const others = [undefined, null, 0, "RegistryError", {}, new Error("x"), named, shaped];
  for (const other of others) assertFalse(isRegistryError(other));
});

Deno.test("isRegistryError() works across copies of the module and realms", () => {
  class RegistryErrorOfAnotherCopy extends Error {
    override name = "RegistryError";
    code = "Conflict";
  }
  assert(isRegistryError(new RegistryErrorOfAnotherCopy(), "Conflict"));
  const foreign = vm.runInNewContext(
    `Object.assign(new Error("x"), { name: "RegistryError", code: "NotFound" })`,
  );
  assertFalse(foreign instanceof Error);
  assert(isRegistryError(foreign, "NotFound"));
});

Deno.test("a thrown value of any kind has a message", () => {
  const unreadable = Object.defineProperty(new Error("x"), "message", {
    get() {
      throw new Error("unreadable");
    },
  });
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const values: [value: unknown, message: string][] = [
    [new Error("disk is full"), "disk is full"],
    ["disk is full", "disk is full"],
    [{ message: "disk is full", code: 7 }, "disk is full"],
    [{ code: 7 }, '{"code":7}'],
    [undefined, "undefined"],
    [null, "null"],
    [42, "42"],
    [Symbol("odd"), "Symbol(odd)"],
    [[1, 2], "1,2"],
    [Object.create(null), "object"],
    [unreadable, "object"],
    [proxy, "object"],
  ];
  for (const [value, message] of values) assertEquals(messageOf(value), message);
});
