// Files of variables: `.env` and `s3_aksk.env`.
import { assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import { parseVariables } from "../../../core/text/variables_file.ts";

const PATH = "/project/s3_aksk.env";

/** A text, and the value of `A` in it. */
const VALUES: readonly (readonly [string, string | undefined])[] = [
  ["A=ab$cd", "ab$cd"],
  ["A=$A", "$A"],
  ["A=$", "$"],
  ['A="ab$cd"', "ab$cd"],
  ["A='ab$cd'", "ab$cd"],
  ["B=1\nA=x${B}y", "x1y"],
  ['B=1\nA="x${B}y"', "x1y"],
  ["B=1\nA='x${B}y'", "x1y"],
  ["A=1\nA=${A}2", "12"],
  ["A=${B:-x:$y}", "x:$y"],
  ["B=\nA=${B:-x}", ""],
  ["A=ab#cd", "ab#cd"],
  ["A=ab #cd", "ab"],
  ['A="ab #cd" # none', "ab #cd"],
  ["  export A = b c  \n", "b c"],
  ["A=\r\nB=2", ""],
  ["# A=1", undefined],
  ["A", undefined],
  ["A=b=c==", "b=c=="],
  ["A=it's", "it's"],
  ['A={"b":1}', '{"b":1}'],
  ['A="a\\nb\\$"', "a\nb\\$"],
  ["A='a\\nb\\\\'", "a\\nb\\"],
  ["A='it\\'s'", "it's"],
  ['A="a\\\\b"', "a\\b"],
  ['A="a\\tb\\"\\v"', 'a\tb"\v'],
  ["A='\na\n'", "\na\n"],
  ["A=a'b\"c", "a'b\"c"],
  ["A= #1", ""],
  ["'A'=1", "1"],
  ["A=1\nexport =2", "1"],
  ["A=1\nA", undefined],
  ["B='\nA=1\n' x\nC=2", undefined],
  ["B=1\nA=${C:${B}", "${C:1"],
  ["A=#1", "#1"],
  ['A="a\nb"\nB=2', "a\nb"],
  ["A=a\\nb", "a\\nb"],
  ["A=`b`", "`b`"],
  ["A=1\rB=2", "1"],
  ["B='open\nA=1", "1"],
];

for (const [text, value] of VALUES) {
  Deno.test(`the file ${JSON.stringify(text)} has A=${JSON.stringify(value)}`, () => {
    assertEquals(parseVariables(text, PATH).valueOf("A"), value);
  });
}

Deno.test("a variable named __proto__ or constructor is one like others", () => {
  const file = parseVariables("__proto__=1\nB=${constructor:-none}", PATH);
  assertEquals(["__proto__", "B", "constructor"].map(file.valueOf), ["1", "none", undefined]);
  assertEquals(file.names, ["__proto__", "B"]);
});

Deno.test("a line that cannot be read fails when its value is wanted, and says where", () => {
  const file = parseVariables("B='x'y\nC=${HOME}\nD=${B}\nE=1\nA='open", PATH);
  assertEquals(file.valueOf("E"), "1");
  const quotes = "its quotes are not closed at the end of the line";
  const states = {
    A: quotes,
    B: quotes,
    C: "no line above it sets HOME",
    D: quotes,
  };
  for (const [name, state] of Object.entries(states)) {
    const error = assertThrows(() => file.valueOf(name), RegistryError);
    assertEquals([error.code, error.message], [
      "Invalid",
      `Cannot read ${name} from "${PATH}": ${state}`,
    ]);
    assertEquals(/environment/.test(error.hint!), true, name);
  }
});

Deno.test("a long line takes no longer than its length", () => {
  for (const piece of ["\\'", " ", "A='", "export ", "${", "${A:-", "\n#", "a'\\"]) {
    parseVariables("A='" + piece.repeat(200_000), PATH);
    parseVariables("A=" + piece.repeat(200_000) + "x'", PATH);
    parseVariables('A="' + piece.repeat(20_000) + '"', PATH);
    parseVariables("A='b'" + piece.repeat(200_000) + "x'", PATH);
  }
});

Deno.test("lines that repeat those above do not fill memory", () => {
  const lines = ["A0=0123456789"];
  for (let at = 1; at <= 12; at++) lines.push(`A${at}=${`\${A${at - 1}}`.repeat(10)}`);
  const file = parseVariables(lines.join("\n"), PATH);
  assertEquals(file.valueOf("A2")?.length, 1000);
  const error = assertThrows(() => file.valueOf("A12"), RegistryError);
  assertEquals([error.code, error.message.includes("65536 characters")], ["Invalid", true]);
});
