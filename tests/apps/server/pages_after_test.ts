import { assertEquals } from "@std/assert";
import { createHandler } from "../../../apps/server.ts";
import { createMemoryBackend, defineRegistry, openRegistry } from "../../../mod.ts";
import { hub } from "../../../extensions/gateways/hub/hub.ts";

Deno.test("pages of a registry whose lists ignore `after` end with an error", async () => {
  await using all = await openRegistry(createMemoryBackend());
  for (const name of ["a", "b", "c"]) {
    for (let value = 0; value < 4; value++) await all.save(name, value);
  }
  for (const version of ["1", "2", "3", "4"]) await all.setAlias("a", "prod", version);
  const { location, id, settings, materializers } = all;
  const registry = defineRegistry({
    location,
    id,
    settings,
    materializers,
    open: (ref, options) => all.open(ref, options),
    names: ({ limit } = {}) => all.names({ limit }),
    history: (name, alias, { limit } = {}) => all.history(name, alias, { limit }),
    versions: (name, { details, limit } = {}) => all.versions(name, { details, limit }),
  });
  await using handler = createHandler(registry, { gateways: [hub] });
  const walk = async (path: string) => {
    let next: string | undefined = "", pages = 0, text = "";
    for (; next !== undefined && pages < 20; pages++) {
      const after: string = next === "" ? "" : `&after=${encodeURIComponent(next)}`;
      const url = `http://localhost${path}?limit=2${after}`;
      const response: Response = await handler(new Request(url));
      text = await response.text();
      next = JSON.parse(text).next;
    }
    return [pages, text.includes("ignores `after`")];
  };
  assertEquals(await walk("/names"), [2, true]);
  assertEquals(await walk("/artifacts/a/versions"), [2, true]);
  assertEquals(await walk("/artifacts/a/aliases/prod/history"), [2, true]);
  let url = "http://localhost/api/models/a/commits/main?limit=2", pages = 0, status = 200;
  for (; url !== "" && pages < 20; pages++) {
    const response = await handler(new Request(url));
    status = response.status;
    url = /<([^>]+)>/.exec(response.headers.get("link") ?? "")?.[1] ?? "";
    await response.text();
  }
  assertEquals([pages, status], [2, 500]);
});
