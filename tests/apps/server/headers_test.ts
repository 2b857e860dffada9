// Headers of the answers of a service without gateways.
import { assert } from "@std/assert";
import { checkHeaders } from "../../conformance/gateway/headers.ts";
import { openTestService } from "../../conformance/gateway/service.ts";

Deno.test("headers of answers of the service are ASCII", async () => {
  const none = { name: "none", addRoutes: () => {} };
  const service = await openTestService(none, { isWhole: true });
  try {
    assert(service.routes.length > 40);
    await checkHeaders(service, {});
  } finally {
    await service[Symbol.asyncDispose]();
  }
});
