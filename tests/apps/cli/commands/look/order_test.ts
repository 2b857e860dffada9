import { assertEquals } from "@std/assert";
import { cliTest } from "../../../captured_io.ts";

/** Returns the words of a string that match, in order. */
function found(text: string, words: RegExp): string[] {
  return [...text.matchAll(words)].map(([word]) => word);
}

cliTest("people get natural order, programs byte order", async (it) => {
  const env = { XDG_CONFIG_HOME: it.root.join("config") };
  const at = { cwd: it.root.path, env };
  const [people, programs] = [["run-2", "run-10"], ["run-10", "run-2"]];
  await it.succeeds("init", at);
  await Deno.mkdir(it.root.join("data"));
  for (const name of programs) {
    await Deno.writeTextFile(it.root.join(`data/${name}`), name);
    await it.succeeds(`save ${name} -`, at);
    await it.succeeds(`save ${name} -`, at);
    await it.succeeds(`remote add ${name} .holdfast`, at);
  }
  await it.succeeds("save data data", at);
  const lists = ["ls run-", "du run-", "info data", "remote ls", "prune --keep-last 1 --dry-run"];
  for (const line of lists) {
    assertEquals(found(await it.succeeds(line, at), /\brun-\d+\b/g), people, line);
    assertEquals(
      found(await it.succeeds(`${line} --json`, at), /(?<=name":"|path":")run-\d+/g),
      programs,
      line,
    );
  }
  for (const name of people) await Deno.writeTextFile(it.root.join(`data/${name}`), "other");
  const { out } = await it.holdfast("diff data ./data --stat", at);
  assertEquals(found(out, /\brun-\d+\b/g), people);
  const asked = await it.holdfast("prune --keep-last 1", {
    ...at,
    stdin: "n\n",
    terminals: ["stdin", "stderr"],
  });
  assertEquals(found(asked.err, /\brun-\d+(?=@)/g), people);
});
