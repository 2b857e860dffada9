// Releases that Python publishes and reads.
import { assertEquals } from "@std/assert";
import { openRegistry, publishRelease } from "../../mod.ts";
import { orCode, pythonTest, runProgram, served, startReader, withoutMessages } from "./reader.ts";

const PUBLISH = `
import sys
import holdfast
registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
members = {"model": "model@latest", "data/train": "data@^1"}
print(registry.publish("app", members, alias="production").ref)
print(registry.load("app@production/model"), registry.load("app@1.0.0/data/train"))
registry.annotate("model@1.0.0", notes="good", labels={"reviewed": True, "n": 1})
print(registry.annotate("model@1.0.0", labels={"n": None})["labels"], registry.annotations("model"))
print(registry.annotations("model@latest")["notes"])
`;

pythonTest("Python publishes releases, and reads their members", async (root) => {
  const path = root.join("registry");
  await using registry = await openRegistry(path, { mutable: true, cache: false });
  await registry.save("model", { depth: 12 });
  await registry.save("data", "rows");
  await using service = served(registry, ["read:*", "write:*"]);
  const args = [service.location, service.token!];
  assertEquals(await runProgram(PUBLISH, { args }), [
    ...["app@1.0.0", "{'depth': 12} rows", "{'reviewed': True} {}", "good"],
  ]);
  const own = await publishRelease(registry, "own", {
    model: "model@latest",
    "data/train": "data@^1",
  });
  assertEquals((await registry.info("app")).digest, own.digest, "as the product publishes it");
  await registry.save("model", { depth: 24 }, { version: "1.0.0", onConflict: "overwrite" });
  const refs = [
    "app@1/data/train",
    "app@latest/model",
    "app@1/none",
    "model@1/x",
    "app@production/model",
  ];
  const expected = refs.map((ref) =>
    orCode(async () => {
      const { name, version } = await registry.info(ref);
      return `${name}@${version}`;
    })
  );
  await using reader = startReader();
  for (const place of [{ location: path }, { location: service.location, token: service.token }]) {
    const found = await reader.ask({ ask: "resolve", refs, ...place });
    assertEquals(withoutMessages(found), await Promise.all(expected));
  }
});

const SHOWN = `
import sys
import holdfast
registry = holdfast.open_registry(sys.argv[1])
for shown in (registry, registry.open("<b>"), registry.artifacts("<b>"), registry.search("x")):
    html = shown._repr_html_()
    assert "<table>" in html and "<b>" not in html and "<script" not in html, html
print("escaped")
`;

pythonTest("tables in notebooks are escaped, and the command saves", async (root) => {
  const path = root.join("registry");
  await using registry = await openRegistry(path, { cache: false });
  await registry.save("<b>", "x", { metadata: { "<script>": "<script>x" } });
  assertEquals(await runProgram(SHOWN, { args: [path] }), ["escaped"]);
  await using service = served(registry, ["read:*", "write:*"]);
  await Deno.writeTextFile(root.join("rows.csv"), "a,b\n");
  const save = ["save", "rows", root.join("rows.csv"), "--alias", "now", "--metadata", "n:=1"];
  const args = ["-r", service.location, ...save, "--metadata", "commit=1e400"];
  const env = { HOLDFAST_TOKEN: service.token! };
  const run = "import sys; from holdfast.own_commands import main; sys.exit(main())";
  assertEquals(await runProgram(run, { args, env }), ["rows@1.0.0"]);
  const { metadata, files } = await registry.info("rows@now");
  assertEquals<unknown>([metadata, files[0]!.path], [{ n: 1, commit: "1e400" }, "rows.csv"]);
});
