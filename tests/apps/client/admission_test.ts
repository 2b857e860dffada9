// Refusals before any byte is sent.
import { assertEquals, assertRejects } from "@std/assert";
import { createHandler } from "../../../apps/server.ts";
import { openHttpRegistry, type SendRequest } from "../../../apps/client.ts";
import { createAccess, parseScope } from "../../../apps/server/access/access.ts";
import { createMaterializers } from "../../../materializers/mod.ts";
import { openRegistry, type Registry, RegistryError } from "../../../mod.ts";
import type { ErrorCode } from "../../../core/errors.ts";
import { noise } from "../../conformance/registry/registry_case.ts";
import { ADDRESS } from "./service.ts";

const LARGE = noise(9 * 1024 * 1024);
const SCOPES = ["write:mine", "read:mine", "write:other"].map(parseScope);

/** Opens a registry with a version and an ended draft, and collects the requests of its client. */
async function openNarrow() {
  const behind = await openRegistry("memory:");
  await behind.save("mine", "before");
  const draft = await behind.openDraft("mine", { id: "ended" });
  await draft.addFile("x", LARGE.subarray(0, 9));
  await draft.commit();
  const tokens = { find: () => Promise.resolve(createAccess("narrow", SCOPES)) };
  const handler = createHandler(behind, { tokens });
  const asked: string[] = [];
  const fetch: SendRequest = async (request) => {
    const answer = await handler(request);
    asked.push(`${request.method} ${new URL(request.url).pathname} ${answer.status}`);
    return answer;
  };
  const materializers = createMaterializers();
  const registry = await openHttpRegistry(ADDRESS, { fetch, materializers, token: "t" });
  asked.length = 0;
  return { behind, registry, handler, asked };
}

const REFUSED: Record<string, [ErrorCode, (registry: Registry) => Promise<unknown>]> = {
  "a name": ["Denied", (registry) => registry.save("foreign", LARGE)],
  "an input": ["Denied", (registry) => registry.save("mine", LARGE, { inputs: ["foreign@1"] })],
  "a base": ["Denied", (registry) => registry.save("other", LARGE, { base: "foreign" })],
  "a version": ["AlreadyExists", (registry) => registry.save("mine", LARGE, { version: "1" })],
  "an option": ["Invalid", (registry) => registry.save("mine", LARGE, { version: "one" })],
  "a part": ["Denied", async (registry) => {
    await (await registry.openDraft("foreign", { id: "d" })).addFile("x", LARGE);
  }],
  "an ended draft": ["Conflict", async (registry) => {
    await (await registry.openDraft("mine", { id: "ended" })).addFile("y", LARGE);
  }],
};

for (const [title, [code, save]] of Object.entries(REFUSED)) {
  Deno.test(`${title} that a service refuses is refused before bytes are sent`, async () => {
    const { behind, registry, handler, asked } = await openNarrow();
    const error = await assertRejects(() => save(registry), RegistryError);
    assertEquals(error.code, code);
    assertEquals(asked.filter((each) => /contents|uploads/.test(each)), []);
    await registry.close();
    await handler.close();
    await behind.close();
  });
}

Deno.test("a request without files saves nothing and is answered with 204", async () => {
  const { behind, registry, handler, asked } = await openNarrow();
  await registry.save("mine", LARGE);
  assertEquals(asked[0], "POST /artifacts/mine/versions 204");
  const send = async (method: string, path: string, json: unknown) => {
    const headers = { authorization: "t", "content-type": "application/json" };
    const init = { method, headers, body: JSON.stringify(json) };
    return (await handler(new Request(`${ADDRESS}/artifacts/other/${path}`, init))).status;
  };
  const materializer = { id: "bytes", formatVersion: 1 };
  assertEquals(await send("POST", "versions", { materializer }), 204);
  assertEquals(
    await send("POST", "versions", { materializer, idempotencyKey: "k", version: "1.0.0" }),
    204,
  );
  assertEquals(await Array.fromAsync(behind.backend!.list("names/other/")), []);
  assertEquals(await send("PUT", "drafts/d/parts/p", {}), 204);
  assertEquals(await behind.has("other"), false);
  assertEquals((await (await behind.openDraft("other", { id: "d" })).info()).parts, []);
  await registry.close();
  await handler.close();
  await behind.close();
});
