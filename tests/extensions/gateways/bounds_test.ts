// Every route of the service and of all gateways bounds what a request may contain.
import { assertEquals } from "@std/assert";
import { createApp } from "../../../apps/server/app.ts";
import { openRegistry } from "../../../mod.ts";
import { unboundedIn } from "../../conformance/gateway/bounds.ts";
import { openAllGateways } from "./all_gateways.ts";

Deno.test("each list, string and number of a request has a maximum", async () => {
  await using registry = await openRegistry("memory:");
  await using all = await openAllGateways();
  await using app = createApp(registry, { gateways: all.gateways });
  const found = app.routes.flatMap((route) =>
    unboundedIn(route).map((what) => `${route.method} ${route.path} ${what}`)
  );
  assertEquals(found, []);
});
