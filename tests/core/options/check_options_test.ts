import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import { checkOptions } from "../../../core/options/check_options.ts";

const KNOWN = { version: true, verify: true, signal: true } as const;

function refusal(options: unknown): RegistryError {
  return assertThrows(() => checkOptions('load "a"', options, KNOWN), RegistryError);
}

Deno.test("known, undefined and missing options are accepted", () => {
  const given = [undefined, {}, { version: "1" }, { verify: "full", signal: undefined }];
  for (const options of [...given, { other: undefined }]) checkOptions('load "a"', options, KNOWN);
});

Deno.test("an unknown option is Invalid, and the nearest one is suggested", () => {
  const { code, message, hint } = refusal({ versoin: "1" });
  assertEquals(code, "Invalid");
  assertEquals(message, 'Cannot load "a": unknown option versoin: did you mean version?');
  assertMatch(hint!, /version, verify, signal/);
  assertEquals(refusal({ depth: 1 }).message, 'Cannot load "a": unknown option depth');
  for (
    const [name, options] of [["constructor", { constructor: 1 }], [
      "__proto__",
      JSON.parse('{"__proto__": 1}'),
    ]]
  ) {
    assertEquals(refusal(options).message, `Cannot load "a": unknown option ${name}`);
  }
});

Deno.test("options must be an object", () => {
  for (const options of ["1.0.0", null, ["1.0.0"]]) {
    assertMatch(refusal(options).message, /options must be an object/);
  }
});

Deno.test("an option under the name of another program is refused with ours", () => {
  const hintOf = (name: string, known: string[]) => {
    const options = Object.fromEntries(known.map((name) => [name, true as const]));
    const error = assertThrows(
      () => checkOptions("open", { [name]: 1 }, options),
      RegistryError,
      `unknown option ${name}`,
    );
    return error.hint;
  };
  const s3 = ["bucket", "endpoint", "credentials", "requestTimeoutMs"];
  assertEquals(hintOf("bucket_name", s3), "Write bucket instead.");
  assertEquals(hintOf("bucketName", s3), "Write bucket instead.");
  const keys = "Write credentials: { accessKeyId, secretAccessKey } instead.";
  for (const name of ["access_key", "secretKey", "aws_access_key_id"]) {
    assertEquals(hintOf(name, s3), keys);
  }
  assertEquals(hintOf("request_timeout_ms", s3), "Write requestTimeoutMs instead.");
  assertEquals(hintOf("version_objects", ["versioned"]), "Write versioned instead.");
  assertEquals(
    hintOf("version_objects", s3),
    "Use bucket, endpoint, credentials, requestTimeoutMs.",
  );
});
