import { assertEquals, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { lookUp, shellWord, withHints, withRegistry } from "../../../../apps/cli/terminal/hints.ts";
import { RegistryError } from "../../../../core/errors.ts";
import { nearest, nearestName } from "../../../../core/text/nearest.ts";
import { filledTest } from "../../captured_io.ts";

Deno.test("withHints replaces the hint of one code, and nothing else", async () => {
  const fields = { code: "NotFound" as const, message: "m", key: "k" };
  const original = new RegistryError({ ...fields, hint: "old", backend: "b" });
  const failing = (error: Error) =>
    withHints(Promise.reject(error), lookUp("a")).catch((error) => error);
  const { code, message, hint, key, cause } = await failing(original);
  const expected = ["NotFound", "m", "See what exists: holdfast ls", "k"];
  assertEquals([code, message, hint, key], expected);
  assertStrictEquals(cause, original);
  const others = [new RegistryError({ code: "Corrupt", message: "m" }), new TypeError("x")];
  for (const other of others) assertStrictEquals(await failing(other), other);
  assertEquals(await withHints(Promise.resolve(1), lookUp("a")), 1);
});

Deno.test("shellWord quotes what a shell would split", () => {
  const words = ["a:b@^1", "my model", "it's"].map(shellWord);
  assertEquals(words, ["'a:b@^1'", "'my model'", `'it'\\''s'`]);
});

Deno.test("withRegistry adds the registry to commands that name none", () => {
  const named: [text: string, hint: string][] = [
    [
      "See holdfast ls, or holdfast batch load FILE",
      "See holdfast ls -r 'my reg', or holdfast batch load -r 'my reg' FILE",
    ],
    ["holdfast save NAME DIR -r other", "holdfast save NAME DIR -r other"],
    ["holdfast ls @team/ first, then holdfast gc", "holdfast ls @team/ first, then holdfast gc"],
    ["holdfast init, then holdfast mirror A B", "holdfast init, then holdfast mirror A B"],
    ["holdfast ls --help", "holdfast ls --help"],
  ];
  for (const [text, hint] of named) assertEquals(withRegistry(text, "my reg"), hint);
  assertEquals(withRegistry("holdfast ls", undefined), "holdfast ls");
});

filledTest("hints name flags and commands, not library options", async (it) => {
  await Deno.mkdir(it.root.join("links"));
  await Deno.symlink("../data", it.root.join("links/out"));
  await Deno.mkdir(it.root.join("odd"));
  await Deno.writeTextFile(it.root.join("odd/a\\b"), "");
  await Deno.writeTextFile(it.root.join("file"), "{}");
  const cases: [line: string | string[], hint: string][] = [
    ["save x links --links refuse", "Add --links keep, follow or skip"],
    ["save x odd", "with --exclude"],
    ["save x gone", "Check the path"],
    ["ls -r file/below", "A registry is a folder"],
    ["load config@", "holdfast versions config"],
    ["load config@@", "Write config for the latest version"],
    ["serve --port x", "0 for any free port"],
    ["ls -r file://", "file:///data/models"],
    ["init file:models", "file:///data/models"],
    ["save config@ file", "holdfast versions config"],
    ["copy config other@", "holdfast versions other"],
    ["save x file --input config@", "holdfast versions config"],
    [["alias", "config", "my prod", "1"], "An alias is one word: my-prod"],
    [["save", "x", "file", "-a", "my prod"], "An alias is one word: my-prod"],
    ["alias config@1", "holdfast alias config"],
    ["prune config@1 --keep-last 1", "holdfast prune config"],
    ["load nothing", "See what exists: holdfast ls"],
    ["load config@9", "holdfast versions config"],
    ["load config@none", "holdfast alias config"],
    ["verify nothing", "holdfast ls"],
    ["save config file --version 1", "leave the version out"],
    ["save config file --version 1 --on-conflict overwrite", "holdfast init FOLDER --mutable"],
    ["rm config@2 --yes", "--force"],
    ["ls -r minio://models/team", "or write them into that file"],
    ["cat data:raw nothing", "a.csv"],
  ];
  for (const [line, hint] of cases) {
    const { code, err } = await it.holdfast(line);
    assertEquals(code === 0, false, `${line}`);
    assertStringIncludes(err.split("\n")[1], hint, `${line}: ${err}`);
    assertEquals(
      /registry\.|localPath|onConflict|readOnly|graceMs|base:|: true/.test(err),
      false,
      err,
    );
  }
});

Deno.test("nearestName finds typos and parts of names", () => {
  assertEquals(nearestName("modle", ["other", "model"]), "model");
  assertEquals(nearestName("Model", ["model", "modal"]), "model");
  assertEquals(nearestName("raw", ["data:raw", "other"]), "data:raw");
  assertEquals(nearestName("prod", ["canary", "production"]), "production");
  assertEquals(nearestName("ab", ["xy", "abcdef"]), undefined);
  assertEquals(nearestName("produktion", ["production", "canary"]), "production");
  assertEquals(nearestName("same", ["same"]), undefined);
  assertEquals(nearest("x", ["y", "lr"]), undefined);
  assertEquals(nearest("x", ["yx"]), "yx");
});

filledTest("mistyped names get a suggestion", async (it) => {
  await it.succeeds("init other");
  for (
    const [line, meant] of [
      ["load confg", "config"],
      ["info raw", "data:raw"],
      ["download Config@2 out", "config"],
      ["versions confg", "config"],
      ["log nott", "note"],
      ["diff config@1 cnofig@2", "config"],
      ["alias confg", "config"],
      ["rm confg --all --yes", "config"],
      ["rm confg@1 --yes", "config"],
      ["cat config@producton", "config@production"],
      ["alias config prodution --history", "config@production"],
    ]
  ) {
    const { code, err } = await it.holdfast(line);
    assertEquals(code, 3, `${line}\n${err}`);
    assertStringIncludes(err, `Did you mean ${meant}? See what exists: holdfast`, line);
    assertEquals(err.split("Did you mean").length, 2, line);
  }
  for (
    const [line, list] of [
      ["info config@2.0.1", "versions"],
      ["cat config@canary", "alias"],
      ["alias config canary --history", "alias"],
    ]
  ) {
    const { err } = await it.holdfast(line);
    assertStringIncludes(err, `hint: See what exists: holdfast ${list} config, or holdfast ls\n`);
  }
  const strange = await it.holdfast("load something-else");
  assertEquals([strange.code, strange.err.includes("Did you mean")], [3, false]);
});

filledTest("mistyped files and refs of other kinds get a suggestion", async (it) => {
  for (
    const [line, meant] of [
      ["cat config data.jsn", "Did you mean data.json? Its files: "],
      ["ls config@1", "Write: holdfast versions config. For one version: holdfast info config@1"],
      ["du config@1", "Write: holdfast du config. "],
      ["rules set config@1 --protect", "Write: holdfast rules set config. "],
      ["rules test config@1", "Write: holdfast rules test config. "],
      ["cat data:raw/a.csv", "write: holdfast cat data:raw a.csv"],
      ["load data:raw/inner/b.bin", "write: holdfast cat data:raw inner/b.bin"],
      ["cat data:raw@1/a.csv", "write: holdfast cat data:raw@1 a.csv"],
      ["rules set tmp:*", "Pass --protect alone, or what to keep, as in --keep-last 30"],
      ["rules set tmp:* --protect --keep-last 2", "Pass --protect alone, "],
      [
        "download config data.json out",
        "holdfast download REF FOLDER --include PATH, or holdfast cat",
      ],
      ["info config:latest", "Did you mean config@latest? "],
      ["load config:v2", "Did you mean config@2? "],
      ["load config:1.0", "Did you mean config@1.0? "],
      ["load config@v2", "Write it as 2."],
      ["save x data --version 2026-11-25", "Write it as 2026.11.25."],
      ["load config@2026-11-25", "holdfast load NAME --as-of 2026-11-25"],
      ["info config@2026-11-25T10:00:00Z", "holdfast load NAME --as-of 2026-11-25"],
    ]
  ) assertStringIncludes((await it.holdfast(line)).err, meant, line);
  const { err } = await it.holdfast("du --as-of 2d");
  assertEquals(err.includes("Did you mean"), false, err);
});

filledTest("NAME@x is not a wildcard", async (it) => {
  for (const ref of ["config@x", "config@X"]) {
    await it.fails(`info ${ref}`, 3);
  }
});
