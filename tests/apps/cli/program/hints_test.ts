import { assertEquals, assertRejects, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { lookUp, shellWord, withHints, withRegistry } from "../../../../apps/cli/program/hints.ts";
import { RegistryError } from "../../../../core/errors.ts";
import { filledTest } from "../../captured_io.ts";

Deno.test("a failure keeps everything but its hint, and is the cause", async () => {
  const original = new RegistryError({
    code: "NotFound",
    message: "m",
    hint: "old",
    key: "k",
    backend: "b",
  });
  const error = await assertRejects(
    () => withHints(Promise.reject(original), lookUp("a")),
    RegistryError,
  );
  assertEquals([error.code, error.message, error.hint, error.key], [
    "NotFound",
    "m",
    "See what exists: holdfast ls",
    "k",
  ]);
  assertStrictEquals(error.cause, original);
});

Deno.test("a failure with another code, and any other error, pass unchanged", async () => {
  for (
    const original of [new RegistryError({ code: "Corrupt", message: "m" }), new TypeError("x")]
  ) {
    assertStrictEquals(
      await withHints(Promise.reject(original), lookUp("a")).catch((error) => error),
      original,
    );
  }
  assertEquals(await withHints(Promise.resolve(1), lookUp("a")), 1);
});

Deno.test("a word that a shell would take apart is quoted", () => {
  assertEquals(["a:b@^1", "my model", "it's"].map(shellWord), [
    "'a:b@^1'",
    "'my model'",
    `'it'\\''s'`,
  ]);
});

Deno.test("commands in a hint name the registry of the run, but where one is named, or they work on none", () => {
  const named: [text: string, hint: string][] = [
    [
      "See holdfast ls, or holdfast batch verify FILE",
      "See holdfast ls -r 'my reg', or holdfast batch verify -r 'my reg' FILE",
    ],
    ["holdfast save NAME DIR -r other", "holdfast save NAME DIR -r other"],
    ["holdfast ls @team/ first, then holdfast gc", "holdfast ls @team/ first, then holdfast gc"],
    ["holdfast init, then holdfast mirror A B", "holdfast init, then holdfast mirror A B"],
    ["holdfast ls --help", "holdfast ls --help"],
  ];
  for (const [text, hint] of named) assertEquals(withRegistry(text, "my reg"), hint);
  assertEquals(withRegistry("holdfast ls", undefined), "holdfast ls");
});

filledTest(
  "hints name flags and commands, never options and functions of the library",
  async (it) => {
    await Deno.mkdir(it.root.join("links"));
    await Deno.symlink("../data", it.root.join("links/out"));
    await Deno.mkdir(it.root.join("odd"));
    await Deno.writeTextFile(it.root.join("odd/a\\b"), "");
    await Deno.writeTextFile(it.root.join("file"), "{}");
    const cases: [line: string | string[], hint: string][] = [
      ["save x links --links refuse", "Add --links keep, follow or skip"],
      ["save x odd", "--exclude takes a pattern"],
      ["save x file --metadata-file data", "Check the path"],
      ["save x file --metadata-file gone", "Check the path"],
      ["ls -r file", "A registry is a folder"],
      ["ls -r file/below", "A registry is a folder"],
      ["load config@", "holdfast versions config"],
      ["load config@@", "Write config for the latest version"],
      ["diff ./links config", "holdfast diff REF ./links"],
      ["serve --port x", "0 for any free port"],
      ["ls -r file://", "file:///data/models"],
      ["init file:models", "file:///data/models"],
      ["save config@ file", "holdfast versions config"],
      ["copy config other@", "holdfast versions other"],
      ["save x file --input config@", "holdfast versions config"],
      [["alias", "config", "my prod", "1"], "An alias is one word: my-prod"],
      [["save", "x", "file", "-a", "my prod"], "An alias is one word: my-prod"],
      ["alias config@1", "holdfast alias config"],
      ["verify config@1", "holdfast verify config"],
      ["prune config@1 --keep-last 1", "holdfast prune config"],
      ["load nothing", "See what exists: holdfast ls"],
      ["load config@9", "holdfast versions config"],
      ["load config@none", "holdfast alias config"],
      ["verify nothing", "holdfast ls"],
      ["save config file --version 1", "leave the version out"],
      ["save config file --version 1 --on-conflict overwrite", "holdfast init FOLDER --mutable"],
      ["rm config@2 --yes", "--force"],
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
  },
);
