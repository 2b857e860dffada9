import { assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { Buffer } from "node:buffer";
import { inspect } from "node:util";
import { createMask } from "../../../operators/process/secret_forms.ts";
import { casesOfRun, slowTest } from "../../support/seeds.ts";

const SECRET = "pä<s>&\"w'o/r d+\\~!*(1)";

/** The secret as encoders print it. */
const PRINTED: Record<string, string> = {
  "nothing": SECRET,
  "Python json.dumps": String.raw`"p\u00e4<s>&\"w'o/r d+\\~!*(1)"`,
  "Python json.dumps, ensure_ascii=False": String.raw`"pä<s>&\"w'o/r d+\\~!*(1)"`,
  "Python quote": "p%C3%A4%3Cs%3E%26%22w%27o/r%20d%2B%5C~%21%2A%281%29",
  "Python quote, safe=''": "p%C3%A4%3Cs%3E%26%22w%27o%2Fr%20d%2B%5C~%21%2A%281%29",
  "Python quote_plus": "p%C3%A4%3Cs%3E%26%22w%27o%2Fr+d%2B%5C~%21%2A%281%29",
  "Python repr": String.raw`'pä<s>&"w\'o/r d+\\~!*(1)'`,
  "Python shlex.quote": `'pä<s>&"w'"'"'o/r d+\\~!*(1)'`,
  "Go json.Marshal": String.raw`"pä\u003cs\u003e\u0026\"w'o/r d+\\~!*(1)"`,
  "Go url.QueryEscape": "p%C3%A4%3Cs%3E%26%22w%27o%2Fr+d%2B%5C~%21%2A%281%29",
  "Go url.PathEscape": "p%C3%A4%3Cs%3E&%22w%27o%2Fr%20d+%5C~%21%2A%281%29",
  "Go url.UserPassword": "p%C3%A4%3Cs%3E&%22w%27o%2Fr%20d+%5C~%21%2A%281%29",
  "PHP json_encode": String.raw`"p\u00e4<s>&\"w'o\/r d+\\~!*(1)"`,
  "PHP json_encode, JSON_UNESCAPED_SLASHES": String.raw`"p\u00e4<s>&\"w'o/r d+\\~!*(1)"`,
  "PHP json_encode, JSON_UNESCAPED_UNICODE": String.raw`"pä<s>&\"w'o\/r d+\\~!*(1)"`,
  "PHP urlencode": "p%C3%A4%3Cs%3E%26%22w%27o%2Fr+d%2B%5C%7E%21%2A%281%29",
  "PHP rawurlencode": "p%C3%A4%3Cs%3E%26%22w%27o%2Fr%20d%2B%5C~%21%2A%281%29",
  "C# JsonSerializer": String.raw`"p\u00E4\u003Cs\u003E\u0026\"w'o/r d+\\~!*(1)"`,
  "URLs in lower case": "p%c3%a4%3cs%3e%26%22w%27o%2fr%20d%2b%5c~%21%2a%281%29",
  "encodeURI": "p%C3%A4%3Cs%3E&%22w'o/r%20d+%5C~!*(1)",
  "encodeURIComponent": "p%C3%A4%3Cs%3E%26%22w'o%2Fr%20d%2B%5C~!*(1)",
  "URLSearchParams": "p%C3%A4%3Cs%3E%26%22w%27o%2Fr+d%2B%5C%7E%21*%281%29",
  "set -x": `'pä<s>&"w'\\''o/r d+\\~!*(1)'`,
  "Python json.dumps of JSON": String.raw`"\"p\\u00e4<s>&\\\"w'o/r d+\\\\~!*(1)\""`,
  "Python ascii": String.raw`'p\xe4<s>&"w\'o/r d+\\~!*(1)'`,
  "Python repr of JSON": String.raw`'"p\\u00e4<s>&\\"w\'o/r d+\\\\~!*(1)"'`,
  "Python repr of bytes": String.raw`'p\xc3\xa4<s>&"w\'o/r d+\\~!*(1)'`,
  "Python html.escape": "pä&lt;s&gt;&amp;&quot;w&#x27;o/r d+\\~!*(1)",
  "Python html.escape twice": "pä&amp;lt;s&amp;gt;&amp;amp;&amp;quot;w&amp;#x27;o/r d+\\~!*(1)",
  "Python html.escape, three times":
    "pä&amp;amp;lt;s&amp;amp;gt;&amp;amp;amp;&amp;amp;quot;w&amp;amp;#x27;o/r d+\\~!*(1)",
  "PHP htmlspecialchars, ENT_XML1": "pä&lt;s&gt;&amp;&quot;w&apos;o/r d+\\~!*(1)",
  "PHP htmlspecialchars, ENT_XML1, three times":
    "pä&amp;amp;lt;s&amp;amp;gt;&amp;amp;amp;&amp;amp;quot;w&amp;amp;apos;o/r d+\\~!*(1)",
  "Python xmlcharrefreplace": "p&#228;<s>&\"w'o/r d+\\~!*(1)",
  "Python csv": `"pä<s>&""w'o/r d+\\~!*(1)"`,
  "Python quote twice":
    "p%25C3%25A4%253Cs%253E%2526%2522w%2527o/r%2520d%252B%255C~%2521%252A%25281%2529",
  "Go strconv.QuoteToASCII": String.raw`"p\u00e4<s>&\"w'o/r d+\\~!*(1)"`,
  "Go html.EscapeString": "pä&lt;s&gt;&amp;&#34;w&#39;o/r d+\\~!*(1)",
  "PHP htmlspecialchars": "pä&lt;s&gt;&amp;&quot;w&#039;o/r d+\\~!*(1)",
  "PHP var_export": String.raw`'pä<s>&"w\'o/r d+\\~!*(1)'`,
  "Perl Data::Dumper": String.raw`"p\x{e4}<s>&\"w'o/r d+\\~!*(1)"`,
  "bash printf %q": String.raw`$'p\303\244<s>&"w\'o/r d+\\~!*(1)'`.slice(1),
  "bash printf %q, UTF-8": String.raw`pä\<s\>\&\"w\'o/r\ d+\\~\!\*\(1\)`,
  "base64": "cMOkPHM+JiJ3J28vciBkK1x+ISooMSk=",
  "base64 for URLs": "cMOkPHM-JiJ3J28vciBkK1x-ISooMSk=",
};

const masked = (text: string, secrets = [SECRET]) => createMask(secrets)(text);

for (const [encoder, text] of Object.entries(PRINTED)) {
  Deno.test(`a secret is masked as printed by ${encoder}`, () => {
    assertEquals(masked(`before ${text} after`).replace(/["'=\\]/g, ""), "before *** after");
  });
}

Deno.test("quotes of SQL, control characters and long codes are masked", () => {
  for (
    const [secret, printed] of [
      ["it's me", "it''s me"],
      ["a\tb\rc\nd", String.raw`a\tb\rc\nd`],
      ["a😀bc", String.raw`a\U0001f600bc`],
    ] as const
  ) assertEquals(masked(printed, [secret]), "***");
});

Deno.test("a secret is masked in the base64 of a longer text", () => {
  const secret = "hunter2-hunter2";
  for (const before of ["", "u:", "me:", "you:"]) {
    for (const after of ["", "@", "@h", "@ho"]) {
      const line = masked(btoa(`${before}${secret}${after}`), [secret]);
      assertEquals(line.includes("***"), true, line);
      // One digit on each side may hold up to four bits of the secret.
      const left = line.replace(/=+$/, "").length - "***".length;
      assertEquals(left <= Math.ceil((before.length + after.length) * 8 / 6) + 1, true, line);
    }
  }
});

const replaced = (pattern: RegExp, form: (char: string) => string) => (text: string) =>
  text.replace(pattern, form);
const code = (char: string) => char.codePointAt(0)!;

/** Encoders that write a character as another sequence of characters, whatever is around it. */
const CODERS: readonly ((text: string) => string)[] = [
  JSON.stringify,
  encodeURIComponent,
  replaced(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
];
const IN_HTML = [
  replaced(/[&<>"'\x80-\u{10ffff}]/gu, (char) => `&#${code(char)};`),
  replaced(/[&<>"']/g, (char) => `&#x${code(char).toString(16).toUpperCase()};`),
];
const QUOTES = [
  (text: string) => inspect(text, { breakLength: Infinity }),
  (text: string) => `'${text.replaceAll("'", "'\\''")}'`,
  (text: string) => `"${text.replaceAll('"', '""')}"`,
];

slowTest("a secret is masked however it is encoded, also twice", () => {
  const unit = fc.oneof(
    fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 1 }),
    fc.constantFrom(..."\"'\\/&<>+% é中😀"),
  );
  const secret = fc.string({ unit, minLength: 4, maxLength: 20 });
  const coders = fc.constantFrom(...CODERS);
  const lasts = fc.constantFrom(...CODERS, ...IN_HTML);
  fc.assert(
    fc.property(secret, coders, lasts, fc.constantFrom(...QUOTES), (secret, first, last, quote) => {
      const quoted = quote(secret);
      for (const text of [secret, last(first(secret)), quoted, JSON.stringify(quoted)]) {
        const line = masked(`before ${text} after`, [secret]);
        assertMatch(line, /^before .{0,14}\*\*\*.{0,14} after$/, text);
      }
    }),
    { numRuns: casesOfRun(300) },
  );
});

Deno.test("many backslashes take no exponential time", () => {
  for (const form of ["u00e9", "é", "303\\251", '"']) {
    const secret = `${form === '"' ? '"' : "é"}a`.repeat(40);
    const almost = `${"\\".repeat(8)}${form}a`.repeat(39) + "b";
    assertEquals(masked(almost.repeat(10), [`${secret}c`]), almost.repeat(10));
  }
});

Deno.test("text that is not the secret is not masked", () => {
  for (const text of ["pä<s>&", "a-b", "a\\-b", "hunter", "hunter3", "un\\ter2"]) {
    assertEquals(masked(text, ["hunter2", SECRET]), text);
  }
});

Deno.test("a long secret is masked, and not in an error about a pattern", () => {
  const secret = Array.from({ length: 1500 }, (_, i) => `ab-${i}`).join(" ");
  assertEquals(masked(secret, [secret]), "***");
  assertEquals(masked(JSON.stringify({ secret }), [secret]), '{"secret":"***"}');
  assertEquals(masked("ab-1 ab-2", [secret]), "ab-1 ab-2");
});

Deno.test("a private key in a secret of JSON, or beside others, is masked line by line", () => {
  const digits = (count: number) =>
    Buffer.from(Uint8Array.from({ length: count }, (_, i) => i * 7 ^ i >> 3));
  const linesOf = (bytes: Buffer) => bytes.toString("base64").match(/.{1,64}/g)!;
  const [first, second] = [linesOf(digits(403)), linesOf(digits(200).reverse())];
  const pem = [first, second].map((lines) =>
    `-----BEGIN PRIVATE KEY-----\n${lines.join("\n")}\n-----END PRIVATE KEY-----\n`
  ).join("");
  for (const secret of [pem, JSON.stringify({ private_key: pem, type: "service_account" })]) {
    for (const width of [64, 76, 48]) {
      const rows = [first, second].flatMap((lines) =>
        lines.join("").match(new RegExp(`.{1,${width}}`, "g"))!
      ).filter((row) => row.length >= 16);
      for (const row of rows) assertMatch(masked(row, [secret]), /^.?\*\*\*=*.?$/);
    }
  }
});
