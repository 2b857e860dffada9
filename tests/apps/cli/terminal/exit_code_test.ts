import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  errorJson,
  errorStack,
  EXIT_CODE_HELP,
  exitCodeOf,
  Interruption,
  toReportable,
} from "../../../../apps/cli/terminal/exit_code.ts";
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
  for (const [name, exitCode] of Object.entries(codes)) {
    const code = name as ErrorCode;
    assertEquals(exitCodeOf(new RegistryError({ code, message: "x" })), exitCode);
    assertStringIncludes(EXIT_CODE_HELP, `\n  ${exitCode} `);
  }
  assertEquals(exitCodeOf(new Interruption("SIGINT")), 130);
  assertEquals(exitCodeOf(new Interruption("SIGTERM")), 143);
});

Deno.test("errors of the system get a code, a message and a hint", () => {
  const reported = (fields: { name?: string; code?: string; path?: string }) =>
    toReportable(Object.assign(new Error("raw"), fields)) as RegistryError;
  const cases: [code: string, expected: ErrorCode][] = [
    ["ENOENT", "NotFound"],
    ["ENOSPC", "Unavailable"],
    ["EOTHER", "TaskFailed"],
    ["EACCES", "Denied"],
    ["EPERM", "Denied"],
    ["EROFS", "Denied"],
  ];
  for (const [code, expected] of cases) {
    const error = reported({ code });
    assertEquals([error.code, error.hint?.includes("--allow")], [expected, false], code);
  }
  const denied = reported({ name: "NotCapable" });
  assertEquals([denied.code, denied.hint?.includes("--allow-write")], ["Denied", true]);
  assertEquals((toReportable("thrown text") as RegistryError).message, "thrown text");
  const { message } = reported({ code: "EACCES", path: "a/b" });
  assertEquals(message, 'Cannot use "a/b": permission denied');
  assertEquals(reported({ code: "ENOSPC" }).message, "Cannot write: the disk is full");
  const loop = reported({ code: "ELOOP", path: "a" });
  assertEquals([loop.code, loop.message], [
    "Invalid",
    'Cannot use "a": too many symbolic links',
  ]);
  const long = reported({ code: "ENAMETOOLONG", path: "x".repeat(300) });
  assertStringIncludes(long.message, `Cannot use "${"x".repeat(120)}…": path or name too long`);
  assertEquals(reported({ code: "EOTHER", path: "a/b" }).message, "raw");
});

Deno.test("an error as JSON has its fields, its stack has the causes", () => {
  const cause = new Error("underneath");
  const fields = { code: "Unknown" as const, message: "x", commit: "c1", maybeWritten: true };
  const error = new RegistryError({ ...fields, cause });
  assertEquals(JSON.parse(errorJson(error)).error, { ...fields, retry: "unknown" });
  assertStringIncludes(errorStack(error), "caused by: Error: underneath");
  const answer = { name: "AccessDenied", status: 403, message: "no", requestId: "r1" };
  const refused = new RegistryError({ code: "Denied", message: "x", cause: answer });
  assertStringIncludes(errorStack(refused), `caused by: ${JSON.stringify(answer)}`);
  assertEquals(JSON.parse(errorJson(new Interruption("SIGINT"))).error.code, "Interrupted");
});
