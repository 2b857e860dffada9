import { loadMany } from "../../registry/contract/many.ts";
import { assertEquals } from "@std/assert";
import { RegistryError } from "../../core/errors.ts";
import { diffVersions, openRegistry } from "../../mod.ts";
import { listFiles, openFile } from "../../registry/mod.ts";
import { testProtocol } from "./protocol_world.ts";
import { testInMemory, testOnEach } from "./registries.ts";
import { rejected } from "./rejected.ts";
import { createScriptedBackend } from "./scripted_backend.ts";

testOnEach("a mistyped name gets a suggestion", async ({ open }) => {
  const registry = await open();
  for (const name of ["model", "models", "team:data"]) {
    await registry.save(name, name, { version: "1.0.0" });
  }
  await registry.setAlias("model", "production", "1.0.0");
  await registry.setAlias("model", "staging", "1.0.0");
  await registry.deleteAlias("model", "staging");
  const meant: [ref: string, suggestion: string | undefined][] = [
    ["modle", "model"],
    ["data", "team:data"],
    ["modle@production", "model"],
    ["modle@7", "model"],
    ["model@prodution", "model@production"],
    ["model@prod", "model@production"],
    ["model@lastest", "model@latest"],
    ["model@stagin", undefined],
    ["model@canary", undefined],
    ["team:data/train.csv", "team:data"],
    ["models/train.csv", "models"],
    ["team:data/sub/train.csv@2", "team:data"],
    ["model@1.0.1", undefined],
    ["something-else", undefined],
    ["model@^9", undefined],
  ];
  for (const [ref, suggestion] of meant) {
    const asked = await open(); // each looks up only a few
    const error = await rejected("NotFound", asked.load(ref));
    assertEquals([ref, error.suggestion], [ref, suggestion]);
    assertEquals(
      error.hint!.startsWith(`Did you mean "${suggestion}"? `),
      suggestion !== undefined,
      error.hint,
    );
  }
});

testInMemory("every method and function with a ref suggests one", async (world) => {
  const { registry, open } = world;
  await registry.save("model", "value");
  const verbs: ((asked: typeof registry) => Promise<unknown>)[] = [
    (asked) => asked.open("modle"),
    (asked) => asked.info("modle", { version: "latest" }),
    (asked) => asked.download("modle", { to: "unused" }),
    (asked) => asked.copy("modle", "other"),
    (asked) => asked.setAlias("modle", "production", "latest"),
    (asked) => openFile(asked, "modle", { path: "value.txt" }),
    (asked) => Array.fromAsync(listFiles(asked, "modle")),
    (asked) => diffVersions(asked, { before: "model", after: "modle" }),
  ];
  for (const verb of verbs) {
    const { suggestion } = await rejected("NotFound", verb(await open()));
    assertEquals(suggestion, "model");
  }
  const { results } = await loadMany(registry, ["modle"]);
  assertEquals(results.map((result) => result.ok || (result.error as RegistryError).suggestion), [
    "model",
  ]);
});

testProtocol("suggestions take few requests, a few times", async ({ store, system }) => {
  const backend = createScriptedBackend(store);
  const registry = await openRegistry(backend, { system });
  for (let n = 0; n < 20; n++) await registry.save(`model-${n}`, "value");
  const looked: number[] = [];
  for (let n = 0; n < 8; n++) {
    backend.forget();
    await rejected("NotFound", registry.load("modle-3"));
    looked.push(backend.calls.length);
  }
  backend.forget();
  assertEquals([await registry.has("modle-3"), await registry.get("modle-3")], [false, undefined]);
  const usual = backend.calls.length / 2;
  assertEquals(looked.map((calls) => calls > usual), [
    true,
    true,
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
  assertEquals(looked[0] - usual <= 2, true, `${looked}`);
});

testProtocol("a failing search keeps the error", async ({ store, system }) => {
  const listing = store.list.bind(store);
  const backend = Object.assign(Object.create(store), {
    list(...[prefix, options]: Parameters<typeof listing>) {
      if (options?.delimiter !== undefined) {
        throw new RegistryError({ code: "Denied", message: "Cannot list: no" });
      }
      return listing(prefix, options);
    },
  });
  const registry = await openRegistry(backend, { system });
  await registry.save("model", "value");
  const error = await rejected("NotFound", registry.load("modle"));
  assertEquals([error.suggestion, error.hint?.includes("Did you mean")], [undefined, false]);
});
