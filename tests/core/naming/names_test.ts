import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import {
  checkName,
  decodeName,
  encodeName,
  encodeNamePrefix,
  MAX_SEGMENT_BYTES,
  shown,
} from "../../../core/naming/names.ts";
import { thrown } from "../thrown.ts";
import { CODE_POINT } from "../../support/strings/code_point.ts";
import { casesOfRun } from "../../support/seeds.ts";

const WINDOWS_DEVICES = [
  ..."con prn aux nul".split(" "),
  ...Array.from({ length: 10 }, (_, i) => [`com${i}`, `lpt${i}`]).flat(),
];

/** Unusual names. */
const HOSTILE = [
  ...".. . ../../etc/passwd /absolute a/../b a//b trailing/".split(" "),
  "C:\\Windows",
  "\\\\server\\share",
  ..."file:///etc/passwd CON con Con.txt nul. COM¹ %2e%2e%2f %00 =2e=2e = con=".split(" "),
  ..."*?[a-z]{b,c}! ~root".split(" "),
  "$HOME `id` $(id)",
  "a\u202Eb",
  "-rf",
  "a b",
  "e\u0301",
  "\u00e9",
  ..."ＡＢ ß ı K 🦊 name. .hidden __proto__ constructor".split(" "),
  "<b>&\"'",
  "final",
  "_",
  "🦊".repeat(16),
];

const anyName = fc.oneof(
  fc.string({ unit: CODE_POINT, maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(..."abcz019_-=.%/\\AZé@ "), maxLength: 40 }),
  fc.constantFrom(...HOSTILE, ...WINDOWS_DEVICES),
);
const name = anyName.filter(isName);

function isName(text: string): boolean {
  try {
    checkName(text);
    return true;
  } catch {
    return false;
  }
}

Deno.test("encodeName() is unique, even if only case or Unicode form differ", () => {
  const check = fc.property(name, name, (a, b) => (encodeName(a) === encodeName(b)) === (a === b));
  fc.assert(check, { numRuns: casesOfRun(2_000) });
  const alike = "model Model MODEL m\u043edel \u00e9 e\u0301 E\u0301 K \u212a ﬁ fi ß ss".split(" ");
  const fold = (text: string) => text.normalize("NFKC").toLowerCase().toUpperCase();
  assertEquals(new Set(alike.map((text) => fold(encodeName(text)))).size, alike.length);
});

Deno.test("decodeName() is the inverse of encodeName()", () => {
  fc.assert(fc.property(name, (text) => decodeName(encodeName(text)) === text), {
    numRuns: casesOfRun(2_000),
  });
});

Deno.test("decodeName() accepts only what encodeName() writes", () => {
  const segment = fc.oneof(
    fc.string({ unit: fc.constantFrom(..."abcf0129=_-.A%é/"), maxLength: 12 }),
    fc.string({ unit: CODE_POINT, maxLength: 12 }),
    name.map((text) => encodeName(text)).chain((text) =>
      fc.constantFrom(`${text}=`, text.slice(0, -1), text.toUpperCase())
    ),
  );
  const check = fc.property(segment, (text) => {
    const decoded = decodeName(text);
    return decoded === undefined || (encodeName(decoded) === text && isName(decoded));
  });
  fc.assert(check, { numRuns: casesOfRun(5_000) });
});

Deno.test("decodeName() returns undefined for invalid segments", () => {
  const none = ["", ..."= =4 =4g =zz =61 =2E a= con nul con== =c3 =ff =ed=a0=80 é A".split(" ")];
  for (const segment of [...none, "=00", "a=40b", "=20a", "a=0a", "..", "a/b", "=ef=bb=bfa"]) {
    assertEquals(decodeName(segment), undefined, segment);
  }
});

Deno.test("encodeNamePrefix() prefixes exactly the encodings of names with the prefix", () => {
  const check = fc.property(name, fc.nat(), (text, seed) => {
    const points = Array.from(text);
    const prefix = points.slice(0, seed % (points.length + 1)).join("");
    return encodeName(text).startsWith(encodeNamePrefix(prefix));
  });
  fc.assert(check, { numRuns: casesOfRun(2_000) });
  const text = fc.string({ unit: fc.constantFrom(..."abcon=.é"), minLength: 1, maxLength: 6 });
  const others = fc.property(
    text,
    text,
    (name, prefix) =>
      name.startsWith(prefix) || !encodeName(name).startsWith(encodeNamePrefix(prefix)),
  );
  fc.assert(others, { numRuns: casesOfRun(2_000) });
});

Deno.test("an encoded name is safe on object stores, POSIX and Windows", () => {
  const check = fc.property(name, (text) => {
    const segment = encodeName(text);
    assertMatch(segment, /^[a-z0-9_=-]+$/);
    assert(!WINDOWS_DEVICES.includes(segment), `${segment} is a device`);
    assert(segment.length <= MAX_SEGMENT_BYTES);
  });
  fc.assert(check, { numRuns: casesOfRun(2_000) });
});

Deno.test("plain names are stored as they are, Windows device names are escaped", () => {
  for (const plain of ["model", "my-model_2", "0", "console", "com10", "a".repeat(200)]) {
    assertEquals(encodeName(plain), plain);
  }
  for (const device of WINDOWS_DEVICES) {
    assertEquals(encodeName(device), `${device}=`);
    assertNotEquals(encodeName(device.toUpperCase()), encodeName(device));
    assertEquals(decodeName(encodeName(device)), device);
  }
});

Deno.test("hostile and longest names are kept exactly", () => {
  const longest = ["a".repeat(200), "A".repeat(66), "é".repeat(33), "🦊".repeat(16)];
  for (const text of [...HOSTILE, ...longest]) {
    checkName(text);
    assert(encodeName(text).length <= MAX_SEGMENT_BYTES);
    assertEquals(decodeName(encodeName(text)), text);
  }
});

Deno.test("checkName() refuses invalid names", () => {
  const refused: Record<string, unknown> = {
    empty: "",
    "a separator of versions": "a@b",
    NUL: "a\0b",
    newline: "a\nb",
    escape: "\x1b[31m",
    delete: "a\x7f",
    "a C1 control": "a\x85b",
    "a lone high surrogate": "a\ud83e",
    "a lone low surrogate": "\udd8aa",
    "swapped surrogates": "\udd8a\ud83e",
    "a leading space": " a",
    "a trailing tab": "a\t",
    "a trailing no-break space": "a\u00a0",
    "a byte order mark": "\ufeffa",
    "3,000 characters": "a".repeat(3_000),
    "201 plain characters": "a".repeat(201),
    "67 encoded bytes": "A".repeat(67),
    undefined: undefined,
    null: null,
    number: 7,
    "an object without a prototype": Object.create(null),
    symbol: Symbol("a"),
    array: ["a"],
  };
  for (const [what, text] of Object.entries(refused)) {
    const error = thrown("Invalid", () => checkName(text as string));
    assert(error.hint !== undefined, what);
  }
});

Deno.test("checkName() refuses ten million characters without encoding them", () => {
  const error = thrown("Invalid", () => checkName("é".repeat(10_000_000)));
  assertMatch(error.message, /too long \(10000000 characters\)/);
});

Deno.test("shown() quotes, escapes and cuts any value", () => {
  assertEquals(shown('a"b\n'), '"a\\"b\\n"');
  for (const text of ["x".repeat(1_000), "\0".repeat(1_000), "\0".repeat(20), '"'.repeat(79)]) {
    assert(shown(text).length <= 80, shown(text));
  }
  const path = `/data/${"inner/".repeat(20)}model.bin`;
  assertEquals(shown(path), `"/data/${"inner/".repeat(5)}i…${path.slice(-39)}"`);
  assertEquals(shown("x".repeat(78)), `"${"x".repeat(78)}"`);
  const anything = fc.anything({ withNullPrototype: true });
  fc.assert(fc.property(anything, (value) => typeof shown(value) === "string"));
});
