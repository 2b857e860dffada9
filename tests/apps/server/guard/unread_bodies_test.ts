// Requests that no route answers: their bodies are neither read nor limited.
import { assertEquals } from "@std/assert";
import { createHandler } from "../../../../apps/server.ts";
import { dav } from "../../../../extensions/gateways/dav/dav.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";
import { createS3Gateway } from "../../../../extensions/gateways/s3/s3_gateway.ts";
import { openRegistry } from "../../../../mod.ts";

function sent(method: string, path: string, headers: Record<string, string>): Request {
  const body = new Blob(["eleven byte"]).stream();
  return new Request(`http://localhost${path}`, { method, body, headers });
}

Deno.test("a request that no route answers is 404 or 405, whatever its body", async () => {
  await using registry = await openRegistry("memory:");
  const gateways = [hub, dav, createS3Gateway()];
  await using handler = createHandler(registry, { gateways, limits: { maxBodyBytes: 10 } });
  const calls = [
    ...[["PUT", "/names"], ["DELETE", "/names"], ["PATCH", "/api/models/a"], ["POST", "/none"]],
    ...[["PUT", "/holdfast/a/@1.0.0/b"], ["POST", "/holdfast?delete"], ["PUT", "/dav/a@1.0.0/b"]],
  ];
  const bodies: Record<string, string>[] = [
    {}, // chunks
    { "content-length": "11" },
    { "content-encoding": "aws-chunked", "content-length": "11" },
  ];
  for (const [method = "", path = ""] of calls) {
    for (const headers of bodies) {
      const { status } = await handler(sent(method, path, headers));
      assertEquals(status, path === "/none" ? 404 : 405, `${method} ${path}`);
    }
  }
  const json = { "content-type": "application/json", "content-length": "11" };
  assertEquals((await handler(sent("POST", "/artifacts/a/versions", json))).status, 413);
});
