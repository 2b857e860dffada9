import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { checkAlias, parseRef, parseSelector } from "../../../core/naming/refs.ts";
import { isRange } from "../../../core/naming/versions.ts";
import { thrown } from "../thrown.ts";
import { CODE_POINT } from "../../support/strings/code_point.ts";
import { casesOfRun } from "../../support/seeds.ts";

Deno.test("parseRef() splits a ref into name and selector", () => {
  const kinds: [ref: string, name: string, kind: string][] = [
    ["my:model", "my:model", "latest"],
    ["my:model@latest", "my:model", "latest"],
    ["my:model@1.2.0", "my:model", "version"],
    ["my:model@1", "my:model", "version"],
    ["my:model@3.0.0-rc.1", "my:model", "version"],
    ["my:model@^1.2", "my:model", "range"],
    ["my:model@>=1 <3", "my:model", "range"],
    ["my:model@1.x", "my:model", "range"],
    ["my:model@*", "my:model", "range"],
    ["my:model@production", "my:model", "alias"],
    ["a/b/../c@canary-2", "a/b/../c", "alias"],
    ["1.0.0@2.0.0", "1.0.0", "version"],
    ["latest@latest", "latest", "latest"],
  ];
  for (const [ref, name, kind] of kinds) {
    const parsed = parseRef(ref);
    assertEquals([parsed.name, parsed.selector.kind], [name, kind], ref);
    assertEquals(parsed.bare, !ref.includes("@"));
  }
});

Deno.test("a version can be given beside the name, but not twice", () => {
  for (const version of ["1.2", "^1.2", "latest", "production", "2.0.0-rc.1+build"]) {
    assertEquals(parseRef("model", version), parseRef(`model@${version}`));
  }
  assertEquals(parseRef("model", undefined), parseRef("model"));
  thrown("Invalid", () => parseRef("model@1.0.0", "1.0.0"));
  thrown("Invalid", () => parseRef("model@latest", "latest"));
});

Deno.test("invalid refs and versions are refused", () => {
  const refs = ["", "@", "@1.0.0", "model@", "model@ ", "model@1@2", "model@a@b", " model"];
  for (const ref of [...refs, "mo\0del", "model@\n"]) thrown("Invalid", () => parseRef(ref));
  const others = [null, 1, {}, ["1.0.0"], Symbol("1"), Object.create(null), true];
  for (const other of others) {
    thrown("Invalid", () => parseRef(other as string));
    thrown("Invalid", () => parseRef("model", other as unknown as string));
  }
  thrown("Invalid", () => parseRef(undefined as unknown as string));
});

Deno.test("a malformed version is not taken for an alias", () => {
  const versions = "1_0 ٣ +4 -1 06 1.2.3.4 v1 V2.0 9007199254740992 .5 1-é ２".split(" ");
  for (const text of [...versions, " 2 "]) {
    const error = thrown("Invalid", () => parseRef(`model@${text}`));
    assertMatch(error.message, /version/, text);
  }
});

Deno.test("an alias must not look like a version, a range or latest", () => {
  const refused = "latest 1 1.0.0 v1 ^1 * 1.x a||b =a ٣ +4 a@b".split(" ");
  for (const alias of [...refused, "", " a", "a b", "a\0"]) {
    thrown("Invalid", () => checkAlias(alias));
  }
  const { message } = thrown("Invalid", () => checkAlias("my alias"));
  assertMatch(message, /it contains white space/);
});

Deno.test("every string is a selector or Invalid, and every parsed alias can be set", () => {
  const text = fc.oneof(
    fc.string({ unit: CODE_POINT, maxLength: 20 }),
    fc.string({ unit: fc.constantFrom(..."01.x^~<>=*| v-+aé"), maxLength: 12 }),
  );
  const check = fc.property(text, (text) => {
    let selector;
    try {
      selector = parseSelector(text);
    } catch {
      thrown("Invalid", () => parseSelector(text));
      return;
    }
    if (selector.kind === "alias") checkAlias(text);
    if (selector.kind === "range") assert(isRange(text));
  });
  fc.assert(check, { numRuns: casesOfRun(5_000) });
});
