import { assertEquals } from "@std/assert";
import { anyForm, secretForms } from "../../../operators/process/secret_forms.ts";

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
  "base64": "cMOkPHM+JiJ3J28vciBkK1x+ISooMSk=",
  "base64 for URLs": "cMOkPHM-JiJ3J28vciBkK1x-ISooMSk=",
};

const masked = (text: string, secrets = [SECRET]) =>
  text.replace(anyForm(secretForms(secrets)), "***");

for (const [encoder, text] of Object.entries(PRINTED)) {
  Deno.test(`a secret is masked as printed by ${encoder}`, () => {
    assertEquals(masked(`before ${text} after`).replace(/["'=]/g, ""), "before *** after");
  });
}

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

Deno.test("a secret without special characters has few forms", () => {
  assertEquals(secretForms(["hunter2-hunter2"]).length <= 12, true);
});
