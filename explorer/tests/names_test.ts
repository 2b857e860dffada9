import { assertEquals } from "@std/assert";
import { execFileSync } from "node:child_process";
import { oneTimeToken } from "../src/api/one_time.ts";
import { mayChange } from "../src/api/service.ts";
import { formatAgo, formatBytes, formatCount, numberText } from "../src/format/format.ts";
import { jsonText, shortNumber } from "../src/format/short_number.ts";
import { metadataValues } from "../src/views/versions/experiments.ts";
import { shellWord } from "../src/components/copy_box.ts";
import type { TreeNode } from "../src/components/tree.ts";
import { hrefOf, parsePlace } from "../src/framework/router.ts";
import { partOf } from "../src/views/lineage/lineage_part.ts";
import { namesWith, nameTree, sortNames } from "../src/views/names/name_tree.ts";
import { codeOf, commandOf } from "../src/views/names/search_commands.ts";
import { searchText } from "../src/views/names/search_form.ts";
import { withoutCommonFolder } from "../src/views/upload/chosen_files.ts";
import { createHandler } from "../../apps/server.ts";
import { sitePath } from "../../apps/server/explorer/site_path.ts";
import { openRegistry } from "../../mod.ts";

function outline(nodes: readonly TreeNode<{ label: string; count: number }>[]): unknown[] {
  return nodes.map(({ value: { label, count }, children }) =>
    children === undefined ? label : [label, count, ...outline(children())]
  );
}

Deno.test("names become a tree by : and /, and lonely folders are joined", () => {
  const names = sortNames(["a", "a:b", "a:c/d", "a:c/e", "x:y/z/1", "x:y/z/2", "end:", "q/"]);
  assertEquals(outline(nameTree(names)), [
    "a",
    ["a:", 3, "b", ["c/", 2, "d", "e"]],
    "end:",
    "q/",
    ["x:y/z/", 2, "1", "2"],
  ]);
});

Deno.test("names have all words of a search, and those that begin with it come first", () => {
  const names = ["data:large", "large:data", "other"];
  assertEquals(namesWith(names, "LARGE"), ["large:data", "data:large"]);
  assertEquals(namesWith(names, "data lar"), ["data:large", "large:data"]);
  assertEquals(namesWith(names, "none"), []);
});

Deno.test("filters become conditions of a search", () => {
  const query = { q: " bert ", kind: "json", metadata: "epochs>3 lr<1", after: "2026-01-01" };
  const expected = "bert kind=json metadata.epochs>3 metadata.lr<1 created>=2026-01-01";
  assertEquals(searchText(query), expected);
  assertEquals(searchText({ alias: "a b" }), 'alias="a b"');
});

Deno.test("every name has an address that leads back to it", () => {
  for (const name of ["my:model", "a/b?c#d", "<b>x</b>", "100%", "..", "a b", "ü"]) {
    const { path, query } = parsePlace(hrefOf(["artifacts", name], { path: name, none: "" }));
    assertEquals([path, query], [["artifacts", name], { path: name }]);
  }
  assertEquals(parsePlace("#/a/%E0%A4%A"), { path: ["a", "%E0%A4%A"], query: {} });
});

Deno.test("paths of a site are safe on every disk, and differ for different names", () => {
  const at = (name: string) => sitePath(`artifacts/${encodeURIComponent(name)}/versions`);
  assertEquals(at("my:model"), "artifacts/my~3amodel/versions/index.json");
  assertEquals(at("a/../b"), "artifacts/a~2f..~2fb/versions/index.json");
  const names = ["a:b", "a~3ab", "..", ".", "~2e~2e", "a/b", "a~2fb", "ü"];
  assertEquals(new Set(names.map(at)).size, names.length);
  for (const name of names) assertEquals(at(name).split("/").length, 4, name);
  const file = "artifacts/a/versions/1.0.0/files/x/index.json";
  assertEquals(sitePath(file), file);
  assertEquals(sitePath("lineage", { ref: "a@1" }), "lineage/a~401/index.json");
});

Deno.test("a part of a lineage follows one direction, and is never larger than asked", () => {
  const refs = ["raw", "train", "model", "report"];
  const nodes = refs.map((ref) => ({ ref, state: "present" as const }));
  const edges = [["raw", "train"], ["train", "model"], ["model", "report"], ["raw", "model"]]
    .map(([from, to]) => ({ from: from!, to: to! }));
  const lineage = { root: "model", nodes, edges, cut: false };
  const part = (direction: "up" | "down" | "both", depth: number, most = 99) => {
    const { nodes, edges, cut } = partOf(lineage, { direction, depth, most });
    return [nodes.map(({ ref }) => ref), edges.length, cut];
  };
  assertEquals(part("up", 9), [["raw", "train", "model"], 3, false]);
  assertEquals(part("down", 9), [["model", "report"], 1, false]);
  assertEquals(part("both", 9), [refs, 4, false]);
  assertEquals(part("both", 9, 2), [["train", "model"], 1, true]);
});

Deno.test("the folder that all chosen files share is left out", () => {
  const without = (...paths: string[]) =>
    withoutCommonFolder(paths.map((path) => ({ path }))).map(({ path }) => path);
  assertEquals(without("a/b", "a/c/d"), ["b", "c/d"]);
  assertEquals(without("a/b", "c"), ["a/b", "c"]);
  assertEquals(without("a"), ["a"]);
});

Deno.test("rights follow the scopes of the token", () => {
  const rights = { known: true, admin: false, writable: true, scopes: ["read:*", "write:team/*"] };
  assertEquals([
    mayChange(rights, "save"),
    mayChange(rights, "save", "team/a"),
    mayChange(rights, "save", "other"),
  ], [
    true,
    true,
    false,
  ]);
  assertEquals(mayChange({ ...rights, writable: false }, "save"), false);
  assertEquals(mayChange({ ...rights, admin: true }, "delete", "other"), true);
  const of = (scope: string) =>
    (["save", "move", "promote", "delete"] as const)
      .filter((right) => mayChange({ ...rights, scopes: [scope] }, right, "m"));
  assertEquals(of("write:m"), ["save", "move", "delete"]);
  assertEquals(of("promote:*"), ["move", "promote"]);
  assertEquals([of("delete:m"), of("read:m"), of("save:n")], [["delete"], [], []]);
});

Deno.test("a one-time code leaves the address, and each page adds a secret of its own", () => {
  const addresses: unknown[] = [];
  const past = { replaceState: (...args: unknown[]) => void addresses.push(args[2]) };
  const at = { hash: "#code=abc-_1", pathname: "/explore/", search: "" };
  const [first, second] = [oneTimeToken(at, past), oneTimeToken(at, past)];
  assertEquals([first?.startsWith("abc-_1."), first === second], [true, false]);
  assertEquals(addresses, ["/explore/#/", "/explore/#/"]);
  assertEquals(oneTimeToken({ ...at, hash: "#/names" }, past), undefined);
});

Deno.test("numbers, dates and shell words are shown as people write them", () => {
  assertEquals([0, 1023, 1536, 2 ** 30].map(formatBytes), [
    "0 B",
    "1,023 B",
    "1.50 KiB",
    "1.00 GiB",
  ]);
  assertEquals([formatCount(1, "entry"), formatCount(2000, "entry")], ["1 entry", "2,000 entries"]);
  assertEquals(
    [4294967295, -(2 ** 53) + 1, 0.1234567, 1e-7, 1234567890.5, 2e300, NaN].map(numberText),
    [
      "4,294,967,295",
      "-9,007,199,254,740,991",
      "0.123457",
      "1e-7",
      "1.23457e+9",
      "2e+300",
      "NaN",
    ],
  );
  const now = Date.parse("2026-11-23T12:00:00Z");
  assertEquals(formatAgo("2026-11-20T12:00:00Z", now), "3 days ago");
  assertEquals([shellWord("a:b@1"), shellWord("it's <b>")], ["a:b@1", `'it'\\''s <b>'`]);
});

Deno.test("the command and the code of a search find what the page finds", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("models/bert", 1, { metadata: { by: "ann o'neill", epochs: 3 } });
  await registry.save("annotated", 1, { metadata: { epochs: 5 } });
  await registry.save("other", 1, { metadata: { "a b": "x" } });
  await using handler = createHandler(registry);
  const service = { base: "http://127.0.0.1/team/", hasToken: false };
  const ask = async (url: string) => await handler(new Request(url.replace("/team/", "/")));
  for (const query of ["ann", "metadata.epochs>3", `o'neill`, 'metadata."a b"=x', "none"]) {
    const url = `${service.base}search?${new URLSearchParams({ q: query })}`;
    const { items } = await (await ask(url)).json();
    const expected = items.map(({ name, version }: Record<string, string>) => `${name}@${version}`);

    const printed: string[] = [];
    const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
    const run = new AsyncFunction("fetch", "console", codeOf(query, service));
    await run(ask, { log: (text: string) => printed.push(text) });
    assertEquals(printed, expected, query);

    const script = `curl() { printf '%s\\n' "$@"; }; ${commandOf(query, service)}`;
    const words = execFileSync("sh", ["-c", script]).toString().trimEnd().split("\n");
    assertEquals(words, ["--get", `${service.base}search`, "--data-urlencode", `q=${query}`]);
  }
  const withToken = commandOf("x", { ...service, hasToken: true });
  assertEquals(withToken.includes('"Authorization: Bearer $HOLDFAST_TOKEN"'), true);
  assertEquals(commandOf("", service), "holdfast ls");
});

Deno.test("a number of 32 bits has the fewest digits that identify it", () => {
  const floats = [0.1, 0.3, 1e-7, 123456.789, 1 / 3, 16777217.5].map(Math.fround);
  assertEquals(floats.map((value) => shortNumber(value)), [
    0.1,
    0.3,
    1e-7,
    123456.79,
    0.33333334,
    16777218,
  ]);
  const others = [0.1, 1 / 3, 123456792, 2 ** -12, 0.5, NaN, -Infinity, 5e-324];
  assertEquals(others.map((value) => shortNumber(value)), others);
  const metadata = { rates: [0.1, 0.3].map(Math.fround) };
  assertEquals([...metadataValues(metadata)], [["metadata.rates", "[0.1,0.3]"]]);
  assertEquals(
    [2 ** 100, 0.1, 2 ** -149].map((value) => shortNumber(Math.fround(value), 32)),
    [1.2676506e30, 0.1, 1e-45],
  );
  assertEquals([0.1, 1 / 3, 65504].map((value) => shortNumber(Math.f16round(value), 16)), [
    0.1,
    0.3333,
    65500,
  ]);
  for (let i = 1; i < 2000; i++) {
    const value = Math.fround(Math.sin(i) * 10 ** (i % 60 - 30));
    assertEquals(Math.fround(shortNumber(value)), value);
  }
  assertEquals(
    jsonText({ rate: Math.fround(0.3), all: [Math.fround(0.7)] }),
    '{"rate":0.3,"all":[0.7]}',
  );
  assertEquals([jsonText("0.30000001192092896"), jsonText(undefined)], [
    "0.30000001192092896",
    undefined,
  ]);
});
