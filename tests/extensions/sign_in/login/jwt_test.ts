import { assertEquals } from "@std/assert";
import { claimsOf, isOwnAudience } from "../../../../extensions/sign_in/login/jwt.ts";

const AUDIENCES: [audience: string, location: string, isOwn: boolean][] = [
  ["https://h", "https://h", true],
  ["https://h/", "https://h", true],
  ["HTTPS://H:443", "https://h", true],
  ["https://h", "https://h/a/b", true],
  ["https://h/a", "https://h/a/b", true],
  ["https://h/a/", "https://h/a", true],
  ["https://h/a", "https://h/ab", false],
  ["https://h/a/b", "https://h/a", false],
  ["https://h/a/../b", "https://h/a", false],
  ["http://h", "https://h", false],
  ["https://h:444", "https://h", false],
  ["https://h.evil.example", "https://h", false],
  ["https://h@evil.example", "https://h", false],
  ["https://evil.example/https://h", "https://h", false],
  ["https://h?a", "https://h", false],
  ["https://h#a", "https://h", false],
  ["api://h", "https://h", false],
  ["h", "https://h", false],
  ["", "https://h", false],
];

Deno.test("an audience is that of a service only if it is its URL, or one above it", () => {
  for (const [audience, location, isOwn] of AUDIENCES) {
    assertEquals(isOwnAudience(audience, location), isOwn, `${audience} at ${location}`);
  }
});

Deno.test("only a JSON Web Token with issuer and end has claims", () => {
  const tokenOf = (claims: unknown) => `e30.${btoa(JSON.stringify(claims)).replace(/=+$/, "")}.c`;
  const claims = { issuer: "i", audience: ["a", "b"], expiresAtMs: 5000 };
  assertEquals(claimsOf(tokenOf({ iss: "i", aud: ["a", 1, "b"], exp: 5 })), claims);
  assertEquals(claimsOf(tokenOf({ iss: "i", aud: "a", exp: 5 }))?.audience, ["a"]);
  assertEquals(claimsOf(tokenOf({ iss: "i", exp: 5 }))?.audience, []);
  for (const text of ["", "opaque", "a.b", "a.b.c.d", "a.e30=.c", "a.%.c", "a.YQ.c"]) {
    assertEquals(claimsOf(text), undefined, text);
  }
  const ends = [undefined, null, "5", [5], true, 1e300, 8.65e12];
  const others = [null, [], "x", { iss: 1, exp: 5 }, ...ends.map((exp) => ({ iss: "i", exp }))];
  for (const other of others) {
    assertEquals(claimsOf(tokenOf(other)), undefined, JSON.stringify(other));
  }
});
