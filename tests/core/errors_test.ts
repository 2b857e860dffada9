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
  joinHints,
  messageOf,
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

Deno.test("hints for each kind of reader survive joining and suggestions", () => {
  const hints = { cli: "Add --force." };
  const error = fault({ code: "Conflict", action: "x", state: "y", hint: "Pass force.", hints });
  const readers = ["library", "cli", "http"] as const;
  const told = (error: Parameters<typeof hintFor>[0]) =>
    readers.map((reader) => hintFor(error, reader));
  assertEquals(told(error), ["Pass force.", "Add --force.", "Pass force."]);
  const joined = joinHints({ hint: "First." }, error, {});
  assertEquals(told(joined), told(error).map((hint) => `First. ${hint}`));
  assertEquals(joinHints({ hint: "a" }, { hint: "b" }), { hint: "a b" });
  assertEquals(joinHints({}, {}), { hint: undefined });
  const meant = withSuggestion(error, "a@1");
  assertEquals(told(meant), told(error).map((hint) => `Did you mean "a@1"? ${hint}`));
  assertEquals([meant.hint, meant.suggestion], ['Did you mean "a@1"? Pass force.', "a@1"]);
  assertEquals(told(retold(error, { hint: "New." })), ["New.", "New.", "New."]);
  assertEquals(told(retold(error, { state: "z" })), told(error));
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
