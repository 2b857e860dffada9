import { assert, assertEquals } from "@std/assert";
import { tempRoot } from "../../../support/temp_root.ts";
import { holdfast, succeeds } from "../../captured_io.ts";

/** The words in a text that match, in the order in which they stand there. */
function found(text: string, words: RegExp): string[] {
  return [...text.matchAll(words)].map(([word]) => word);
}

Deno.test("what people read is in the order that people expect, what programs read in that of bytes", async () => {
  await using root = await tempRoot();
  const env = { XDG_CONFIG_HOME: root.join("config") };
  const at = { cwd: root.path, env };
  const [people, programs] = [["run-2", "run-10"], ["run-10", "run-2"]];
  await succeeds("init", at);
  await Deno.mkdir(root.join("data"));
  for (const name of programs) {
    await Deno.writeTextFile(root.join(`data/${name}`), name);
    await succeeds(`save ${name} -`, at);
    await succeeds(`save ${name} -`, at);
    await succeeds(`remote add ${name} .holdfast`, at);
  }
  await succeeds("save data data", at);
  const lists = ["ls run-", "du run-", "info data", "remote ls", "prune --keep-last 1 --dry-run"];
  for (const line of lists) {
    assertEquals(found(await succeeds(line, at), /\brun-\d+\b/g), people, line);
    assertEquals(
      found(await succeeds(`${line} --json`, at), /(?<=name":"|path":")run-\d+/g),
      programs,
      line,
    );
  }
  for (const name of people) await Deno.writeTextFile(root.join(`data/${name}`), "other");
  const { out } = await holdfast("diff data ./data --stat", at);
  assertEquals(found(out, /\brun-\d+\b/g), people);
  const asked = await holdfast("prune --keep-last 1", {
    ...at,
    stdin: "n\n",
    terminals: ["stdin", "stderr"],
  });
  assertEquals(found(asked.err, /\brun-\d+(?=@)/g), people);
});

Deno.test("gc --verbose names what waits in the order in which it may go", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  for (const name of ["run-10", "run-2"]) {
    await succeeds(`save ${name} -`, { cwd });
    await succeeds(`rm ${name} --all --yes`, { cwd });
  }
  const { err } = await holdfast("gc --verbose --dry-run", { cwd });
  const times = found(err, /(?<=waits until )\S+ \S+(?=:)/g);
  assert(times.length >= 2);
  assertEquals(times, times.toSorted());
});
