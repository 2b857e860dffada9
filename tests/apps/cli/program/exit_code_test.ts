import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  errorJson,
  errorStack,
  EXIT_CODE_HELP,
  exitCodeOf,
  Interruption,
  toReportable,
} from "../../../../apps/cli/program/exit_code.ts";
import { type ErrorCode, RegistryError } from "../../../../core/errors.ts";

Deno.test("every error code has its documented exit code", () => {
  const codes: Record<ErrorCode, number> = {
    TaskFailed: 1,
    Unsupported: 1,
    Invalid: 2,
    NotFound: 3,
    AlreadyExists: 4,
    Conflict: 4,
    Corrupt: 5,
    Denied: 6,
    Unavailable: 7,
    Unknown: 8,
  };
  for (const [code, exitCode] of Object.entries(codes)) {
    assertEquals(
      exitCodeOf(new RegistryError({ code: code as ErrorCode, message: "x" })),
      exitCode,
    );
    assertStringIncludes(EXIT_CODE_HELP, `\n  ${exitCode} `);
  }
  assertEquals(exitCodeOf(new Interruption("SIGINT")), 130);
  assertEquals(exitCodeOf(new Interruption("SIGTERM")), 143);
});

Deno.test("failures of the system get a code that says what to do", () => {
  const codeOf = (fields: { name?: string; code?: string }) => {
    const reportable = toReportable(Object.assign(new Error("x"), fields));
    return reportable instanceof RegistryError ? reportable.code : undefined;
  };
  assertEquals(codeOf({ code: "ENOENT" }), "NotFound");
  assertEquals(codeOf({ code: "EACCES" }), "Denied");
  assertEquals(codeOf({ name: "NotCapable" }), "Denied");
  assertEquals(codeOf({ code: "ENOSPC" }), "Unavailable");
  assertEquals(codeOf({}), "TaskFailed");
  assertEquals((toReportable("thrown text") as RegistryError).message, "thrown text");
});

Deno.test("only what Deno did not allow is said to need a flag", () => {
  const hintOf = (error: object) =>
    (toReportable(Object.assign(new Error("no"), error)) as RegistryError).hint ?? "";
  assertEquals(hintOf({ name: "NotCapable" }).includes("--allow-write"), true);
  for (const code of ["EACCES", "EPERM", "EROFS"]) {
    assertEquals(hintOf({ code }).includes("--allow"), false, code);
  }
});

Deno.test("an error as JSON has what a program needs, its stack has the causes", () => {
  const cause = new Error("underneath");
  const error = new RegistryError({
    code: "Unknown",
    message: "x",
    commit: "c1",
    maybeWritten: true,
    cause,
  });
  assertEquals(JSON.parse(errorJson(error)).error, {
    code: "Unknown",
    message: "x",
    retry: "unknown",
    maybeWritten: true,
    commit: "c1",
  });
  assertStringIncludes(errorStack(error), "caused by: Error: underneath");
  assertEquals(JSON.parse(errorJson(new Interruption("SIGINT"))).error.code, "Interrupted");
});

Deno.test("what the system says of a file is told in words, with the file", () => {
  const told = (code: string, path: string) => {
    const raw = Object.assign(new Error(`${code}: raw`), { code, path });
    const { message, hint } = toReportable(raw) as RegistryError;
    return `${message} ${hint}`;
  };
  assertStringIncludes(told("EACCES", "a/b"), 'Cannot use "a/b": permission denied');
  const long = told("ENAMETOOLONG", "x".repeat(300));
  assertStringIncludes(long, `Cannot use "${"x".repeat(120)}…": path or name too long`);
  assertStringIncludes(told("EOTHER", "a/b"), "EOTHER: raw");
});
