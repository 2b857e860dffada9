import { assertEquals, assertStringIncludes } from "@std/assert";
import { tempRoot } from "../../../support/temp_root.ts";
import { holdfast, succeeds } from "../../captured_io.ts";

Deno.test("a row says what of its folder is saved, in JSON lines and in CSV, and its report what is left out", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  await Deno.mkdir(root.join("tree"));
  for (const name of ["a.csv", "b.log", "c.csv"]) {
    await Deno.writeTextFile(root.join("tree", name), name);
  }
  await Deno.symlink("a.csv", root.join("tree/link"));
  await Deno.utime(root.join("tree/a.csv"), 5, 5);
  const rows = [
    { name: "one", path: "tree", exclude: ["*.log"], links: "skip", preserve: "times" },
    { name: "two", path: "tree", include: "*.csv", links: "follow" },
    { name: "bad", path: "tree", exclude: [1] },
    { name: "bad", path: "tree", gitignore: "yes" },
    { name: "bad", value: 1, links: "skip" },
    { name: "bad", path: "tree/a.csv", as: "text", all: true },
  ];
  await Deno.writeTextFile(root.join("m.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"));
  const { code, err } = await holdfast("batch save m.jsonl --report r.jsonl", { cwd });
  assertEquals(code, 1);
  for (
    const text of [
      "a list of texts",
      "true or false",
      "links says how a folder is taken",
      "all says",
      "r.jsonl",
    ]
  ) {
    assertStringIncludes(err, text);
  }
  const paths = async (ref: string) =>
    JSON.parse(await succeeds(`info ${ref} --json`, { cwd })).files.map((
      { path }: { path: string },
    ) => path);
  assertEquals(await paths("one"), ["a.csv", "c.csv"]);
  assertEquals(await paths("two"), ["a.csv", "c.csv"]);
  const { files } = JSON.parse(await succeeds("info one --json", { cwd }));
  assertEquals(files[0].modifiedAt, "1970-01-01T00:00:05.000Z");
  const report = (await Deno.readTextFile(root.join("r.jsonl"))).trim().split("\n").map((line) =>
    JSON.parse(line)
  );
  const one = report.find(({ name, ok }) => ok && name === "one");
  assertEquals(one.leftOut.map(({ path }: { path: string }) => path).sort(), ["b.log", "link"]);

  const csv =
    `name,path,exclude,include,all\nthree,tree,*.log,,\nfour,tree,,"[""/a.csv"",""/link""]",true\n`;
  await Deno.writeTextFile(root.join("m.csv"), csv);
  assertEquals((await holdfast("batch save m.csv", { cwd })).code, 0);
  assertEquals(await paths("three"), ["a.csv", "c.csv", "link"]);
  assertEquals(await paths("four"), ["a.csv", "link"]);
});
