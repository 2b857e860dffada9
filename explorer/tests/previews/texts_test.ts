import { assert, assertEquals } from "@std/assert";
import { kindByHead, kindOf } from "../../src/previews/kind.ts";
import { catCommand } from "../../src/previews/parts.ts";
import { ExactNumber, parseJson, readJson } from "../../src/previews/text/json_value.ts";
import { parseDocument } from "../../src/previews/text/markdown.ts";
import { documentNodes, linkTarget } from "../../src/previews/text/markdown_view.ts";
import { decodePart, hexRows } from "../../src/previews/text/text_part.ts";
import { fakeFile } from "../support/fake_file.ts";
import { sampleFiles } from "../support/samples.ts";

const encoder = new TextEncoder();

Deno.test("the name decides the kind of a preview, else the first bytes", async () => {
  const samples = await sampleFiles(1);
  const expected = {
    "config.json": "json",
    "README.md": "markdown",
    "picture.png": "image",
    "cube.npy": "array",
    "heights.tif": "array",
    "scores.csv": "table",
    "scores.parquet": "table",
    "plates.zip": "archive",
    "plates.tar": "archive",
    "hostile/page.html": "text",
    "hostile/drawing.svg": "text",
    "weights.bin": "bytes",
  };
  for (const [path, kind] of Object.entries(expected)) {
    const bytes = samples.get(path)!;
    assertEquals<unknown>(await kindOf(fakeFile(path, bytes)), kind, path);
    const unnamed = fakeFile("data", bytes);
    const bare = await kindOf(unnamed);
    const plain = ["json", "markdown", "text"].includes(kind) || path.endsWith(".csv");
    assertEquals<unknown>(bare, plain ? "text" : kind, `${path} without a name`);
    assert(unnamed.bytesRead() <= 4096);
  }
  assertEquals(kindByHead(encoder.encode("half of a é").subarray(0, -1)), "text");
  assertEquals(kindByHead(Uint8Array.of(0x61, 0, 0x62)), "bytes");
});

Deno.test("text that is cut anywhere shows no halves of characters", () => {
  const bytes = encoder.encode("aé漢😀z");
  for (let from = 0; from <= bytes.length; from++) {
    for (let to = from; to <= bytes.length; to++) {
      const part = decodePart(bytes.subarray(from, to), {
        isStart: from === 0,
        isEnd: to === bytes.length,
      });
      assert(!part.includes("\ufffd"), `${from} to ${to}`);
    }
  }
  const rows = hexRows(encoder.encode("0123456789abcdef\n!"), 0x20).split("\n");
  assertEquals(rows[0]!.slice(0, 16), "00000020  30 31 ");
  assertEquals(rows[1]!.trim().split(/ {2,}/), ["00000030", "0a 21", ".!"]);
});

Deno.test("NaN and infinities, as Python writes them in JSON, are numbers", async () => {
  const text =
    '{"NaN": NaN, "a": [-Infinity, Infinity], "b": ": NaN \\" Infinity", "n": 12345678901234567890}';
  const value = {
    NaN: new ExactNumber("NaN"),
    a: [new ExactNumber("-Infinity"), new ExactNumber("Infinity")],
    b: ': NaN " Infinity',
    n: new ExactNumber("12345678901234567890"),
  };
  assertEquals(parseJson(text), value);
  const lines = fakeFile("a.jsonl", encoder.encode('{"loss": NaN}\n{"loss": 1}\n'));
  assertEquals(await readJson(lines), { value: [{ loss: new ExactNumber("NaN") }, { loss: 1 }] });
  const unterminated = `{"a": NaN, "b": "${"b".repeat(100_000)}`;
  const others = ['{"a": NaNa}', '{"a": - Infinity}', "NaN NaN", '{"a": nan}'];
  for (const broken of [unterminated, ...others]) {
    assert("problem" in await readJson(fakeFile("a.json", encoder.encode(broken))), broken);
  }
});

Deno.test("numbers of JSON keep all digits", () => {
  assertEquals(parseJson('{"a": 12345678901234567890, "b": 1.5}'), {
    a: new ExactNumber("12345678901234567890"),
    b: 1.5,
  });
  const changed = ["9007199254740993", "-9223372036854775808", "1e400", "-1e-400", "-0", "-0.0"]
    .concat("0.12345678901234567890", "-0e3");
  for (const text of changed) {
    assertEquals(parseJson(`{"a":[${text}]}`), { a: [new ExactNumber(text)] }, text);
    assertEquals(parseJson(text), new ExactNumber(text), text);
  }
  for (const text of ["9007199254740992", "1e21", "-5", "0", "0.1", "0.30000000000000004", "1E5"]) {
    assertEquals(parseJson(`[${text}]`), [Number(text)], text);
  }
});

Deno.test("large and damaged JSON is shown as text, and lines as a list", async () => {
  const large = fakeFile("a.json", { size: 2 ** 31, byteAt: () => 0x5b });
  assert("problem" in await readJson(large));
  assertEquals(large.bytesRead(), 0);
  assert("problem" in await readJson(fakeFile("a.json", encoder.encode("{"))));
  const lines = fakeFile("a.jsonl", encoder.encode('{"a":1}\n\n2\n'));
  assertEquals(await readJson(lines), { value: [{ a: 1 }, 2] });
  const line = "1234567\n";
  const many = fakeFile("a.jsonl", { size: 2 ** 31, byteAt: (at) => line.charCodeAt(at % 8) });
  assertEquals((await readJson(many) as { note: string }).note, "Shown up to line 65536.");
  assert(many.bytesRead() <= 1024 * 1024);
});

Deno.test("links of Markdown lead to the web or to files of the version, and nowhere else", () => {
  const files = new Set(["docs/a b.md", "scores.csv", "lert(1)", "ext/html,x"]);
  const target = (address: string) =>
    linkTarget(address, "docs/readme.md", files, (path) => `#${path}`);
  assertEquals(target("https://example.org/"), { href: "https://example.org/", isOutside: true });
  assertEquals(target("a%20b.md"), { href: "#docs/a b.md", isOutside: false, path: "docs/a b.md" });
  assertEquals(target("../scores.csv#top"), {
    href: "#scores.csv",
    isOutside: false,
    path: "scores.csv",
  });
  const nowhere = [
    "javascript:alert(1)",
    "JavaScript:x",
    "data:text/html,x",
    "//example.org",
    "\\\\host",
  ];
  for (const address of [...nowhere, "missing.md", "%", "vbscript:x", "file:///etc/passwd", ""]) {
    assertEquals(target(address), undefined, address);
  }
});

/** Tags, text and addresses of nodes. */
function flat(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(flat);
  if (typeof node !== "object" || node === null) return node;
  const { type, props } = node as { type: string; props: Record<string, unknown> };
  return [type, ...props.href === undefined ? [] : [props.href], flat(props.children)];
}

Deno.test("Markdown makes elements of a fixed list; its HTML and images stay text", () => {
  const text =
    "# Hi\n\n<b onclick=x>bold</b> [x](javascript:a) ![pic](https://example.org/p.png) &amp;";
  const nodes = documentNodes(parseDocument(text), (address) => {
    return linkTarget(address, "a.md", new Set(), (path) => path);
  });
  const json = JSON.stringify(nodes.map(flat));
  assert(json.startsWith('[["h1",["Hi"]]') || json.startsWith('[["h1"'), json);
  assert(json.includes("<b onclick=x>bold</b>") && json.includes("[x](javascript:a)"), json);
  assert(!/"(img|a|b|script)"/.test(json) && json.includes("pic"), json);
});

Deno.test("the command that gets all of a file is quoted", () => {
  const file = { ref: "demo@1.0.0", path: "it's $(rm) <b>.txt" };
  assertEquals(catCommand(file), "holdfast cat demo@1.0.0 'it'\\''s $(rm) <b>.txt'");
});
