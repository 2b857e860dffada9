import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import vm from "node:vm";
import { type ErrorCode, isRegistryError, RegistryError, retold } from "../../core/errors.ts";

Deno.test("an error carries what it was given and nothing else", () => {
  const cause = new Error("below");
  const fields = {
    code: "Unavailable" as const,
    message: 'Cannot put "a": no reply',
    hint: "Try again.",
    key: "names/a",
    backend: "memory:1",
    retry: "never" as const,
    maybeWritten: true,
    commit: "c",
  };
  const error = new RegistryError({ ...fields, cause });
  assertEquals({ ...error, message: error.message }, { ...fields, name: "RegistryError" });
  assertStrictEquals(error.cause, cause);
  assertInstanceOf(error, Error);
  assertStringIncludes(String(error), "RegistryError: Cannot put");
  const bare = new RegistryError({ code: "Invalid", message: "Cannot x: y" });
  assertEquals(Object.keys(bare).sort(), ["code", "name", "retry"]);
  assertFalse("cause" in bare);
});

Deno.test("an error that is told in another way keeps all that is not told anew", () => {
  const fields = {
    code: "Unknown" as const,
    message: 'Cannot put "a": no reply',
    hint: "Try again.",
    suggestion: "b",
    key: "names/a",
    backend: "memory:1",
    retry: "never" as const,
    maybeWritten: true,
    commit: "c",
  };
  const error = new RegistryError({ ...fields, cause: "below" });
  const told = retold(error, { message: "Cannot save", hint: undefined });
  const { hint: _, ...kept } = fields;
  assertEquals({ ...told, message: told.message }, {
    ...kept,
    message: "Cannot save",
    name: "RegistryError",
  });
  assertEquals([told.cause, error.message], ["below", fields.message]);
});

Deno.test("each code says whether the same call may succeed later", () => {
  const advice = (code: ErrorCode) => new RegistryError({ code, message: "Cannot x: y" }).retry;
  assertEquals(advice("Unavailable"), "later");
  assertEquals(advice("Unknown"), "unknown");
  for (
    const code of [
      "NotFound",
      "AlreadyExists",
      "Conflict",
      "Invalid",
      "Unsupported",
      "Corrupt",
      "Denied",
      "TaskFailed",
    ] as const
  ) {
    assertEquals(advice(code), "never");
  }
});

Deno.test("isRegistryError() knows the error, and the codes that are asked for", () => {
  const error = new RegistryError({ code: "NotFound", message: 'Cannot load "a": no such name' });
  assert(isRegistryError(error));
  assert(isRegistryError(error, "Conflict", "NotFound"));
  assertFalse(isRegistryError(error, "Conflict"));
});

Deno.test("isRegistryError() is false for everything else", () => {
  const named = Object.assign(new Error("x"), { name: "RegistryError" });
  for (
    const other of [
      undefined,
      null,
      0,
      "RegistryError",
      {},
      new Error("x"),
      new TypeError("x"),
      named,
      {
        name: "RegistryError",
        code: "NotFound",
      },
    ]
  ) {
    assertFalse(isRegistryError(other));
  }
});

Deno.test("isRegistryError() knows an error of another copy of the module or another realm", () => {
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
