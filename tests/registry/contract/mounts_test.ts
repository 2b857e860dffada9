import { assertEquals } from "@std/assert";
import {
  asMap,
  lineageOf,
  loadMany,
  logOf,
  mountRegistries,
  openRegistry,
  publish,
  resolveRelease,
} from "../../../mod.ts";
import { annotate, annotationsOf } from "../../../registry/mod.ts";
import { collectGarbage } from "../../../registry/maintenance.ts";
import { testRegistry } from "../../conformance/registry.ts";
import { rejected } from "../rejected.ts";

testRegistry((name, run) => Deno.test(name, run), async (settings) => {
  const own = await openRegistry("memory:", settings);
  const shared = await openRegistry("memory:", settings);
  const mount = (readOnly = false) =>
    readOnly
      ? openRegistry(own.backend, { readOnly }).then((own) =>
        mountRegistries({ "": own, "team:": shared })
      )
      : Promise.resolve(mountRegistries({ "": own, "team:": shared }));
  return { registry: await mount(), reopen: ({ readOnly }) => mount(readOnly) };
}, { name: "mounts" });

async function mounted() {
  const own = await openRegistry("memory:"), shared = await openRegistry("memory:");
  const deep = await openRegistry("memory:");
  const all = mountRegistries({ "": own, "team:": shared, "team:deep:": deep });
  return { own, shared, deep, all };
}

Deno.test("each name is in the mount with the longest prefix", async () => {
  const { own, shared, deep, all } = await mounted();
  for (const name of ["b", "team:a", "team:deep:x", "z"]) await all.save(name, name);
  await shared.save("deep:hidden", 1);
  assertEquals(await Array.fromAsync(own), ["b", "z"]);
  assertEquals(await deep.load("x"), "team:deep:x");
  assertEquals(await Array.fromAsync(all), ["b", "team:a", "team:deep:x", "z"]);
  const names = (options: object) => Array.fromAsync(all.names(options));
  assertEquals(await names({ prefix: "team:" }), ["team:a", "team:deep:x"]);
  assertEquals(await names({ after: "b", limit: 2 }), ["team:a", "team:deep:x"]);
  await all.setAlias("team:a", "live", "1");
  assertEquals(await all.load("team:a@live"), "team:a");
  assertEquals((await all.info("team:a")).name, "team:a");
  assertEquals((await all.copy("team:a", "mine@2")).name, "mine");
  assertEquals((await own.info("mine@2")).digest, (await shared.info("a")).digest);
  assertEquals(await asMap(all).get("team:a"), "team:a");
  const { results } = await loadMany(all, ["b", "team:a", "team:none"]);
  assertEquals(results.map(({ ok }) => ok), [true, true, false]);
  await rejected("Unsupported", collectGarbage(all));
});

Deno.test("inputs, releases and notes stay within their mount", async () => {
  const { shared, all } = await mounted();
  await all.save("mine", 1);
  await all.save("team:data", 1);
  await all.save("team:model", 2, { inputs: ["team:data@1"] });
  assertEquals((await shared.info("model")).inputs, ["data@1"]);
  assertEquals((await all.info("team:model")).inputs, ["team:data@1"]);
  await rejected("Invalid", all.save("team:other", 1, { inputs: ["mine@1"] }), /another mount/);
  const { nodes } = await lineageOf(all, "team:model");
  assertEquals(nodes.map(({ ref }) => ref), ["team:model@1.0.0", "team:data@1.0.0"]);
  await publish(all, "team:serving", { model: "team:model" });
  assertEquals((await resolveRelease(all, "team:serving")).members.model?.ref, "team:model@1.0.0");
  assertEquals(await all.load("team:serving@1/model"), 2);
  await rejected("Invalid", publish(all, "team:serving", { mine: "mine" }));
  await annotate(all, "team:model@1", { labels: { stage: "checked" } });
  assertEquals((await annotationsOf(all, "team:model@1"))?.labels, { stage: "checked" });
  const events = (await Array.fromAsync(logOf(all, "team:model"))).map(({ event }) => event);
  assertEquals(events.sort(), ["annotated", "saved"]);
});

Deno.test("a name without a mount is NotFound, and unequal mounts are Invalid", async () => {
  const own = await openRegistry("memory:"),
    single = await openRegistry("memory:", { versioned: false });
  await rejected("NotFound", mountRegistries({ "a:": own }).load("b"), /no mount/);
  await rejected("NotFound", mountRegistries({ "a:": own }).save("a:", 1));
  await rejected("Invalid", Promise.try(() => mountRegistries({})));
  await rejected("Invalid", Promise.try(() => mountRegistries({ "": own, "s:": single })));
});
