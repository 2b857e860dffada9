// Commands in hints are copied and pasted: a name in them is one word, and runs nothing.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { shellWord } from "../../../../core/text/shell_word.ts";
import { type CliTest, cliTest } from "../../captured_io.ts";

const EVIL = "team:$(touch PWNED)";

/** Command lines that fail, with the name in their hints. */
const LINES: readonly (readonly string[])[] = [
  ["info", `${EVIL}@9`],
  ["info", `${EVIL}@nothing`],
  ["info", EVIL.slice(0, -1)],
  ["load", EVIL],
  ["rm", EVIL],
  ["versions", `${EVIL}x`],
  ["alias", EVIL, "nothing", "--history"],
  ["alias", EVIL, "production", "9.9.9"],
  ["cat", EVIL, "nothing"],
  ["download", `${EVIL}@`, "there"],
  ["pipeline", "status", `${EVIL}@3`],
  ["token", "ls", "--tokens", `./${EVIL}`],
  ["token", "rm", "0123456789ab", "--tokens", `./${EVIL}`],
];

cliTest("a name in a hint is quoted for a shell", async (it: CliTest) => {
  await Deno.mkdir(it.root.join("folder"));
  for (const name of ["a", "b"]) await Deno.writeTextFile(it.root.join("folder", name), name);
  await it.succeeds("init");
  await it.succeeds(["save", EVIL, "folder"]);
  let hints = 0;
  for (const line of LINES) {
    const { code, err } = await it.holdfast([...line]);
    assert(code !== 0, `holdfast ${line.join(" ")} succeeded`);
    const [, hint = ""] = /^hint: (.*)$/m.exec(err) ?? [];
    for (const { index } of hint.matchAll(/\$\(/g)) {
      hints++;
      const before = hint.slice(0, index);
      assertEquals(before.split("'").length % 2, 0, `unquoted after ${line.join(" ")}: ${hint}`);
    }
  }
  assert(hints >= 8, `only ${hints} hints have the name`);
});

Deno.test("a word of a shell is quoted if the shell would change it", async () => {
  const words = ["a", "team:model@1.0.0", "", "=ls", "~root", "it's", "a b", "!x", "*", "$(x)"];
  const hidden = ["\x1b[31m", "a\nb", "\u202egnp.\u2066", "it's\\\x9b9a"];
  assertEquals(words.slice(0, 2).map(shellWord), words.slice(0, 2));
  for (const word of hidden) assertMatch(shellWord(word), /^[\x20-\x7e]+$/);
  const script = [...words, ...hidden].map((word) => `printf '%s\\0' ${shellWord(word)}`).join(
    "\n",
  );
  const bash = new Deno.Command("bash", { args: ["--norc", "-c", script] });
  const { stdout } = await bash.output();
  const read = new TextDecoder().decode(stdout).split("\0").slice(0, -1);
  assertEquals(read, [...words, ...hidden]);
});
