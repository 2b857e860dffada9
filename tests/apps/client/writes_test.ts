import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { SendRequest } from "../../../apps/client.ts";
import { localPath, RegistryError } from "../../../mod.ts";
import { noise } from "../../conformance/registry/registry_case.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { startService } from "./service.ts";

const MIB = 1024 * 1024;

/** Requests of a method to a path are done, and their answers lost, as often as is said. */
function losing(
  send: SendRequest,
  asked: { method: string; path: RegExp; times: number },
): SendRequest {
  let left = asked.times;
  return async (request) => {
    const { method, url } = request;
    const response = await send(request);
    if (method !== asked.method || !asked.path.test(new URL(url).pathname) || left-- <= 0) {
      return response;
    }
    await response.body?.cancel();
    throw new TypeError("the connection is gone");
  };
}

Deno.test("a save whose answer is lost is sent again, and gives the one version that it made", async () => {
  const service = await startService();
  const lossy = losing(service.handler, { method: "POST", path: /versions$/, times: 3 });
  await using registry = await service.open({ fetch: lossy, system: createScriptedSystem() });
  const saved = await registry.save("a", { depth: 12 });
  assertEquals(saved.version, "1.0.0");
  const versions = await Array.fromAsync(service.behind.versions("a"));
  assertEquals(versions.map(({ version }) => version), ["1.0.0"]);
  assertEquals((await service.behind.info("a")).commit, saved.commit);
  await service.close();
});

Deno.test("files and folders of a disk are Unsupported by the materializers that need none", async () => {
  const service = await startService();
  await service.behind.save("f", localPath("deno.json"));
  await using registry = await service.open({ materializers: undefined });
  const error = await assertRejects(() => registry.load("f"), RegistryError);
  assertEquals(error.code, "Unsupported");
  const unsaved = await assertRejects(
    () => registry.save("g", localPath("deno.json")),
    RegistryError,
  );
  assertEquals(unsaved.code, "Unsupported");
  await service.close();
});

Deno.test("a save that gets no answer at all is Unknown, and a repeat with its key finds it", async () => {
  const service = await startService();
  const mute = losing(service.handler, { method: "POST", path: /versions$/, times: Infinity });
  await using registry = await service.open({
    fetch: mute,
    system: createScriptedSystem(),
    retryForMs: 2_000,
  });
  const idempotencyKey = "run 7";
  const error = await assertRejects(() => registry.save("a", 1, { idempotencyKey }), RegistryError);
  assertEquals([error.code, error.retry, error.maybeWritten], ["Unknown", "unknown", true]);
  await using again = await service.open();
  const { version, skipped } = await again.save("a", 1, { idempotencyKey });
  assertEquals([version, skipped], ["1.0.0", true]);
  await service.close();
});

Deno.test("a save that may have been done before the service went is Unknown, though later requests were refused", async () => {
  const service = await startService();
  let sent = 0;
  const going: SendRequest = async (request) => {
    if (request.method !== "POST") return await service.handler(request);
    if (++sent > 1) return new Response("going", { status: 503 });
    await (await service.handler(request)).body?.cancel();
    throw new TypeError("the connection is gone");
  };
  await using registry = await service.open({
    fetch: going,
    system: createScriptedSystem(),
    retryForMs: 500,
  });
  const error = await assertRejects(() => registry.save("a", 1), RegistryError);
  assertEquals(error.code, "Unknown");
  assert(sent > 1);
  await service.close();
});

Deno.test("what cannot be repeated, and whose answer is lost, is Unknown and was sent once", async () => {
  const service = await startService();
  await service.behind.save("a", 1);
  let sent = 0;
  const mute: SendRequest = async (request) => {
    const response = await service.handler(request);
    if (request.method !== "DELETE") return response;
    sent++;
    await response.body?.cancel();
    throw new TypeError("the connection is gone");
  };
  await using registry = await service.open({ fetch: mute, system: createScriptedSystem() });
  const error = await assertRejects(() => registry.delete("a@1"), RegistryError);
  assertEquals([error.code, sent], ["Unknown", 1]);
  assertEquals(await service.behind.has("a"), false);
  await service.close();
});

Deno.test("a write to a service that is not there was not done: Unavailable", async () => {
  const service = await startService();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  let gone = false;
  const send: SendRequest = (request) =>
    gone
      ? fetch(new Request(`http://127.0.0.1:${port}/`, { method: request.method }))
      : service.handler(request);
  await using registry = await service.open({
    fetch: send,
    system: createScriptedSystem(),
    retryForMs: 100,
  });
  gone = true;
  const error = await assertRejects(
    () => registry.delete("a", { allVersions: true }),
    RegistryError,
  );
  assertEquals(error.code, "Unavailable");
  await service.close();
});

Deno.test("a large file goes in pieces, and on where the connection broke, with what had arrived", async () => {
  const service = await startService();
  const large = noise(20 * MIB);
  let pieces = 0, sent = 0;
  const breaking: SendRequest = async (request) => {
    if (request.method !== "PATCH") return await service.handler(request);
    pieces++;
    const bytes = await request.bytes();
    const arrives = pieces === 2 ? bytes.subarray(0, 3 * MIB) : bytes;
    sent += arrives.byteLength;
    const { url, headers, method } = request;
    const response = await service.handler(new Request(url, { headers, method, body: arrives }));
    if (pieces > 3) return response;
    await response.body?.cancel(); // the second and the third piece arrive in part and in full, unheard of
    if (pieces === 1) return response;
    throw new TypeError("the connection is gone");
  };
  await using registry = await service.open({ fetch: breaking, system: createScriptedSystem() });
  const told: number[] = [];
  await registry.save("large", large, { onProgress: ({ bytes }) => void told.push(bytes) });
  assertEquals(sent, large.byteLength, "no byte is sent twice");
  assertEquals(told.at(-1), large.byteLength);
  assertEquals(await service.behind.load("large"), large);
  await service.close();
});

Deno.test("an upload of which the service has lost something fails, and saves nothing", async () => {
  const service = await startService();
  const forgetful: SendRequest = async (request) => {
    if (request.method === "PATCH") throw new TypeError("the connection is gone");
    const response = await service.handler(request);
    if (request.method !== "HEAD") return response;
    return new Response(null, { headers: { "upload-offset": "-1", "tus-resumable": "1.0.0" } });
  };
  await using registry = await service.open({ fetch: forgetful, system: createScriptedSystem() });
  await assertRejects(() => registry.save("large", noise(9 * MIB)), RegistryError);
  assertEquals(await service.behind.has("large"), false);
  await service.close();
});

Deno.test("bytes that were altered on their way are Corrupt, and nothing is saved", async () => {
  const service = await startService();
  const altering: SendRequest = async (request) => {
    if (!request.url.endsWith("/contents")) return await service.handler(request);
    const bytes = await request.bytes();
    bytes[7] ^= 1;
    return await service.handler(
      new Request(request.url, { method: "POST", headers: request.headers, body: bytes }),
    );
  };
  await using registry = await service.open({ fetch: altering });
  const error = await assertRejects(() => registry.save("a", noise(MIB)), RegistryError);
  assertEquals(error.code, "Corrupt");
  assertEquals(await service.behind.has("a"), false);
  await service.close();
});

Deno.test("a stream goes as it comes; where it fails the save fails with what it says, and saves nothing", async () => {
  const service = await startService();
  await using registry = await service.open();
  const stream = (failure?: Error) => {
    let given = 0;
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        if (++given <= 20) controller.enqueue(noise(100_000, given));
        else if (failure === undefined) controller.close();
        else controller.error(failure);
      },
    });
  };
  const { size } = await registry.save("a", stream());
  assertEquals(size, 2_000_000);
  const error = await assertRejects(
    () => registry.save("b", stream(new Error("the disk is gone"))),
    RegistryError,
  );
  assertEquals(error.code, "TaskFailed");
  assertStringIncludes(error.message, "the disk is gone");
  assertEquals(await service.behind.has("b"), false);
  await service.close();
});

Deno.test("a save that is aborted before it is sent throws the reason, one that was sent is Unknown", async () => {
  const service = await startService();
  const controller = new AbortController();
  const reason = new Error("enough");
  const late: SendRequest = async (request) => {
    if (request.method !== "POST") return await service.handler(request);
    controller.abort(reason);
    return await service.handler(request);
  };
  await using registry = await service.open({ fetch: late });
  const aborted = AbortSignal.abort(reason);
  assertEquals(await assertRejects(() => registry.save("a", 1, { signal: aborted })), reason);
  const error = await assertRejects(
    () => registry.save("b", 1, { signal: controller.signal }),
    RegistryError,
  );
  assertEquals([error.code, error.cause], ["Unknown", reason]);
  assert(!await service.behind.has("a"));
  await service.close();
});

Deno.test("what is said of files goes over the wire and back: modes, and times where they are kept", async () => {
  const service = await startService();
  await using registry = await service.open();
  const modifiedAt = "2023-11-14T22:13:20.000Z";
  const materializer = {
    ...registry.materializers.get("folder"),
    save: () => [
      { path: "a", content: new Uint8Array(1), modifiedAt },
      { path: "b", content: new TextEncoder().encode("/etc/hostname"), mode: "link" as const },
      { path: "c", content: new Uint8Array(100_000), mode: "executable" as const, modifiedAt },
    ],
  };
  const { digest } = await registry.save("a", null, { materializer });
  for (const each of [registry, service.behind]) {
    const { files, digest: told } = await each.info("a");
    assertEquals(files.map(({ mode }) => mode), [undefined, "link", "executable"]);
    assertEquals(files.map((file) => file.modifiedAt), [modifiedAt, undefined, modifiedAt]);
    assertEquals(told, digest);
  }
  assertEquals((await service.behind.save("b", null, { materializer })).digest, digest);
  await service.close();
});
