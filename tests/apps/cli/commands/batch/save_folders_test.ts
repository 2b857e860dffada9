import { assertEquals, assertStringIncludes } from "@std/assert";
import { cliTest } from "../../../captured_io.ts";

cliTest("a row selects the files of its folder", async (it) => {
  await it.succeeds("init");
  await Deno.mkdir(it.root.join("tree"));
  for (const name of ["a.csv", "b.log", "c.csv"]) {
    await Deno.writeTextFile(it.root.join("tree", name), name);
  }
  await Deno.symlink("a.csv", it.root.join("tree/link"));
  await Deno.utime(it.root.join("tree/a.csv"), 5, 5);
  const rows = [
    { name: "one", path: "tree", exclude: ["*.log"], links: "skip", preserve: "times" },
    { name: "two", path: "tree", include: "*.csv", links: "follow" },
    { name: "bad", path: "tree", exclude: [1] },
    { name: "bad", path: "tree", gitignore: "yes" },
    { name: "bad", value: 1, links: "skip" },
    { name: "bad", path: "tree/a.csv", as: "text", all: true },
  ];
  await Deno.writeTextFile(
    it.root.join("m.jsonl"),
    rows.map((row) => JSON.stringify(row)).join("\n"),
  );
  const { code, err } = await it.holdfast("batch save m.jsonl");
  assertEquals(code, 1);
  for (
    const text of [
      "a list of strings",
      "true or false",
      "`links` needs the path of a folder",
      "`all` needs",
      "--json lists them",
    ]
  ) {
    assertStringIncludes(err, text);
  }
  const paths = async (ref: string) =>
    (await it.json(`info ${ref} --json`)).files.map(({ path }: { path: string }) => path);
  assertEquals(await paths("one"), ["a.csv", "c.csv"]);
  assertEquals(await paths("two"), ["a.csv", "c.csv"]);
  const { files } = await it.json("info one --json");
  assertEquals(files[0].modifiedAt, "1970-01-01T00:00:05.000Z");
  const { out } = await it.holdfast("batch save m.jsonl --json --run-id again");
  const printed = out.trim().split("\n").map((line) => JSON.parse(line));
  const one = printed.find(({ name, ok }) => ok && name === "one");
  assertEquals(one.leftOut.map(({ path }: { path: string }) => path).sort(), ["b.log", "link"]);

  const csv =
    `name,path,exclude,include,all\nthree,tree,*.log,,\nfour,tree,,"[""/a.csv"",""/link""]",true\n`;
  await Deno.writeTextFile(it.root.join("m.csv"), csv);
  await it.fails("batch save m.csv", 0);
  assertEquals(await paths("three"), ["a.csv", "c.csv", "link"]);
  assertEquals(await paths("four"), ["a.csv", "link"]);
});
