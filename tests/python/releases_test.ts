// Releases that Python publishes and reads.
import { assertEquals } from "@std/assert";
import { openRegistry, publish } from "../../mod.ts";
import { orCode, pythonTest, runProgram, served, startReader, withoutMessages } from "./reader.ts";

const PUBLISH = `
import sys
import holdfast
registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
members = {"model": "model@latest", "data/train": "data@^1"}
print(registry.publish("app", members, alias="production").ref)
print(registry.load("app@production/model"), registry.load("app@1.0.0/data/train"))
`;

pythonTest("Python publishes releases, and reads their members", async (root) => {
  const path = root.join("registry");
  await using registry = await openRegistry(path, { mutable: true, cache: false });
  await registry.save("model", { depth: 12 });
  await registry.save("data", "rows");
  await using service = served(registry, ["read:*", "write:*"]);
  const args = [service.location, service.token!];
  assertEquals(await runProgram(PUBLISH, { args }), ["app@1.0.0", "{'depth': 12} rows"]);
  const own = await publish(registry, "own", { model: "model@latest", "data/train": "data@^1" });
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
