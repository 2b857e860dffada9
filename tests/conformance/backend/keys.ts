// Unusual keys: the store keeps each exactly, or refuses it.
import { deepStrictEqual } from "node:assert/strict";
import { given } from "../given.ts";
import type { BackendCase } from "./backend_case.ts";
import { assertHolds, isAccepted, listed, putAll, text } from "./samples.ts";

const STRANGE = [
  "a b",
  " a",
  "a ",
  "a%2fb",
  "a%",
  "a+b&c=d?e#f",
  "a'b\"c`d$(e);f|g<h>i",
  "a*b[c]{d}!",
  "a:b@c,d~e",
  "é/ü",
  "日本語/😀",
  "a\tb",
  "a\nb",
  "a\u007fb",
  "a\u0000b",
  "a\u0000/../b",
  "a\\b",
  "a\\..\\b",
  "CON",
  "nul.txt",
  "com1/a",
  "a.",
  "a/.b",
  ".a/b",
  ".stage/a",
  ".stage",
  ".lock",
  "-rf",
  "~",
  "x/" + "n".repeat(250),
  "n".repeat(3000),
  `${"d/".repeat(400)}x`,
];

const ESCAPING = [
  "..",
  ".",
  "../a",
  "../../etc/a",
  "a/../b",
  "a/..",
  "a/./b",
  "./a",
  "/a",
  "/",
  "a//b",
  "a/",
  "//a",
  "..\\a",
  "C:\\a",
  "\ud800",
  "a/\udfff",
];

export const keyCases: readonly BackendCase[] = [
  given("keys up to 900 bytes of a-z 0-9 _ - = . are stored", async ({ backend }) => {
    const keys = [
      "abcdefghijklmnopqrstuvwxyz0123456789_-=.",
      `${["a", "b", "c", "d"].map((char) => char.repeat(200)).join("/")}/${"e".repeat(96)}`,
      Array.from({ length: 100 }, () => "abcdefg").join("/"),
      "a/.alive",
    ].sort();
    await putAll(backend, keys);
    for (const key of keys) await assertHolds(backend, key, text(key));
    deepStrictEqual(await listed(backend, ""), keys);
  }),
  given("a strange key is stored as itself, or is Invalid", async ({ backend }) => {
    await putAll(backend, ["witness", "x/witness"]);
    for (const key of [...STRANGE, ...ESCAPING]) {
      const before = await listed(backend, "");
      if (await isAccepted(backend, key, text(`of ${key}`))) {
        await assertHolds(backend, key, text(`of ${key}`));
        deepStrictEqual((await listed(backend, "")).filter((other) => !before.includes(other)), [
          key,
        ]);
        await backend.delete(key);
      }
      deepStrictEqual(await listed(backend, ""), before, `after ${JSON.stringify(key)}`);
    }
    await assertHolds(backend, "witness", text("witness"));
    await assertHolds(backend, "x/witness", text("x/witness"));
  }),
  given("a strange key is missing, or is Invalid", async ({ backend }) => {
    await putAll(backend, ["a/b", "b"]);
    for (const key of [...STRANGE, ...ESCAPING]) {
      for (
        const look of [() => backend.head(key), () => backend.get(key), () => backend.delete(key)]
      ) {
        try {
          deepStrictEqual(await look(), undefined, JSON.stringify(key));
        } catch (error) {
          deepStrictEqual(
            (error as { code?: string }).code,
            "Invalid",
            `${JSON.stringify(key)}: ${error}`,
          );
        }
      }
    }
    deepStrictEqual(await listed(backend, ""), ["a/b", "b"]);
  }),
  given("a strange prefix lists its keys, or is Invalid", async ({ backend }) => {
    await putAll(backend, ["a/b", "b"]);
    for (
      const prefix of [
        "..",
        "../",
        "/",
        "a/../",
        "a//",
        "./",
        ".",
        ".stage/",
        "a\0",
        "a\\",
        "*",
        "%",
      ]
    ) {
      try {
        deepStrictEqual(await listed(backend, prefix), [], JSON.stringify(prefix));
      } catch (error) {
        deepStrictEqual(
          (error as { code?: string }).code,
          "Invalid",
          `${JSON.stringify(prefix)}: ${error}`,
        );
      }
    }
  }),
  given("a key below another key is Invalid, or both are kept", async ({ backend }) => {
    for (const [first, second] of [["p/a", "p/a/b"], ["q/a/b/c", "q/a"]]) {
      for (const mode of ["create", "overwrite"] as const) {
        await backend.put(first, text(first));
        try {
          await backend.put(second, text(second), { mode });
          await assertHolds(backend, second, text(second));
        } catch (error) {
          deepStrictEqual((error as { code?: string }).code, "Invalid", String(error));
        }
        await assertHolds(backend, first, text(first));
        await backend.delete(second);
        await assertHolds(backend, first, text(first));
      }
    }
  }),
];
