// Tests of the extension, for Deno and Node: `deno test -A`, or `node --test extension_test.ts`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { openRegistry } from "@holdfast/holdfast";
import { changeRules } from "@holdfast/holdfast/maintenance";
import { createHandler } from "@holdfast/holdfast/server";
import { testGateway } from "@holdfast/holdfast/testing";
import "./extension.ts";
import { cards } from "./gateway.ts";

test("an alias moves only to versions with a card", async () => {
  const registry = await openRegistry("memory:");
  await registry.save("m", 1, { metadata: { license: "MIT" } });
  await registry.save("m", 2, { metadata: { license: "MIT", contact: "ann@acme.example" } });
  await changeRules(registry, {
    set: {
      pattern: "m",
      protectAliases: ["production"],
      promote: { card: ["license", "contact"] },
    },
  });
  const promote = (version: string) =>
    registry.setAlias("m", "production", version, { force: true });
  await assert.rejects(promote("1.0.0"), /refuses version 1\.0\.0: its metadata has no contact/);
  await promote("2.0.0");
});

test("the service has a card of each version", async () => {
  const registry = await openRegistry("memory:");
  await registry.save("m", 1, { metadata: { license: "MIT" } });
  const handler = createHandler(registry, { gateways: [cards] });
  const answer = await handler(new Request("http://localhost/cards/m?version=1"));
  assert.deepEqual(await answer.json(), {
    ...{ name: "m", version: "1.0.0", missing: ["contact"] },
    card: { license: "MIT" },
  });
  await handler.close();
});

// Rights, limits and hostile requests, from the schemas of the route.
testGateway(test, () => cards, {
  name: "cards",
  values: ({ name, version }) => ({ name, version }),
});
