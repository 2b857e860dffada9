import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { SendRequest } from "../../../apps/client.ts";
import { localPath, RegistryError } from "../../../mod.ts";
import { noise } from "../../conformance/registry/registry_case.ts";
import { holdTimers } from "../../support/held_timers.ts";
import { withoutHanging } from "../../support/without_hanging.ts";
import { loseConnection, testService } from "./service.ts";

const MIB = 1024 * 1024;

/** Sends requests, and loses the answers to some of them. */
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
    loseConnection();
  };
}

testService(
  "a save with a lost answer is repeated and returns its one version",
  async (service) => {
    const lossy = losing(service.handler, { method: "POST", path: /versions$/, times: 3 });
    await using registry = await service.through(lossy);
    const saved = await registry.save("a", { depth: 12 });
    assertEquals(saved.version, "1.0.0");
    const versions = await Array.fromAsync(service.behind.versions("a"));
    assertEquals(versions.map(({ version }) => version), ["1.0.0"]);
    assertEquals((await service.behind.info("a")).commit, saved.commit);
  },
);

testService("a commit of a draft with a lost answer sets its alias once", async (service) => {
  const lossy = losing(service.handler, { method: "POST", path: /commit$/, times: 1 });
  let sent = 0;
  const moving: SendRequest = async (request) => {
    if (sent++ > 0) await service.behind.save("a", 2, { alias: "production" });
    return await lossy(request);
  };
  await using registry = await service.open();
  await (await registry.openDraft("a", { id: "1" })).addFile("a.txt", new Uint8Array(3));
  await using lossyRegistry = await service.through(moving);
  const draft = await lossyRegistry.openDraft("a", { id: "1" });
  sent = 0;
  const { version, skipped } = await draft.commit({ alias: ["production", "canary"] });
  assertEquals([version, skipped], ["1.0.0", true]);
  assertEquals(
    await Array.fromAsync(service.behind.aliases("a"), ({ alias, version }) => [alias, version]),
    [["canary", "1.0.0"], ["production", "2.0.0"]],
  );
});

testService("portable materializers do not support files on a disk", async (service) => {
  await service.behind.save("f", localPath("deno.json"));
  await using registry = await service.open({ materializers: undefined });
  const error = await assertRejects(() => registry.load("f"), RegistryError);
  assertEquals(error.code, "Unsupported");
  const saving = () => registry.save("g", localPath("deno.json"));
  assertEquals((await assertRejects(saving, RegistryError)).code, "Unsupported");
});

testService(
  "a save without any answer is Unknown, and a repeat with its key finds it",
  async (service) => {
    const mute = losing(service.handler, { method: "POST", path: /versions$/, times: Infinity });
    await using registry = await service.through(mute, 2_000);
    const idempotencyKey = "run 7";
    const error = await assertRejects(
      () => registry.save("a", 1, { idempotencyKey }),
      RegistryError,
    );
    assertEquals([error.code, error.retry, error.maybeWritten], ["Unknown", "unknown", true]);
    await using again = await service.open();
    const { version, skipped } = await again.save("a", 1, { idempotencyKey });
    assertEquals([version, skipped], ["1.0.0", true]);
  },
);

testService(
  "a save is Unknown if one request had no answer and later ones were refused",
  async (service) => {
    let sent = 0;
    const going: SendRequest = async (request) => {
      if (request.method !== "POST") return await service.handler(request);
      if (++sent > 1) return new Response("going", { status: 503 });
      await (await service.handler(request)).body?.cancel();
      loseConnection();
    };
    await using registry = await service.through(going, 500);
    const error = await assertRejects(() => registry.save("a", 1), RegistryError);
    assertEquals(error.code, "Unknown");
    assert(sent > 1);
  },
);

testService("a deletion with a lost answer is Unknown and not repeated", async (service) => {
  await service.behind.save("a", 1);
  const mute = losing(service.handler, { method: "DELETE", path: /./, times: 1 });
  await using registry = await service.through(mute);
  const error = await assertRejects(() => registry.delete("a@1"), RegistryError);
  assertEquals(error.code, "Unknown"); // a repeat would return false
  assertEquals(await service.behind.has("a"), false);
});

testService("a write that cannot connect is Unavailable", async (service) => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  let gone = false;
  const send: SendRequest = (request) =>
    gone
      ? fetch(new Request(`http://127.0.0.1:${port}/`, { method: request.method }))
      : service.handler(request);
  await using registry = await service.through(send, 100);
  gone = true;
  const deleting = () => registry.delete("a", { allVersions: true });
  assertEquals((await assertRejects(deleting, RegistryError)).code, "Unavailable");
});

testService(
  "a large file is sent in pieces, which resume after the bytes that arrived",
  async (service) => {
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
      await response.body?.cancel(); // the answers to the second and third piece are lost
      if (pieces === 1) return response;
      loseConnection();
    };
    await using registry = await service.through(breaking);
    const reported: number[] = [];
    await registry.save("large", large, { onProgress: ({ bytes }) => void reported.push(bytes) });
    assertEquals(sent, large.byteLength, "no byte is sent twice");
    assertEquals(reported.at(-1), large.byteLength);
    assertEquals(await service.behind.load("large"), large);
  },
);

testService("a piece whose answer never comes is sent again", async (service) => {
  using timers = holdTimers(17 * 997);
  let pieces = 0;
  const mute: SendRequest = async (request) => {
    if (request.method !== "PATCH" || pieces++ > 0) return await service.handler(request);
    queueMicrotask(timers.pass);
    return await new Promise(() => {});
  };
  await using registry = await service.open({ fetch: mute, timeoutMs: 997 });
  const value = noise(9 * MIB);
  await withoutHanging("the end of a save", registry.save("large", value));
  assertEquals([await service.behind.load("large"), pieces], [value, 3]);
});

testService("an upload fails if the service lost some of its bytes", async (service) => {
  const forgetful: SendRequest = async (request) => {
    if (request.method === "PATCH") loseConnection();
    const response = await service.handler(request);
    if (request.method !== "HEAD") return response;
    return new Response(null, { headers: { "upload-offset": "-1", "tus-resumable": "1.0.0" } });
  };
  await using registry = await service.through(forgetful);
  await assertRejects(() => registry.save("large", noise(9 * MIB)), RegistryError);
  assertEquals(await service.behind.has("large"), false);
});

testService("bytes altered by a proxy are Corrupt and not saved", async (service) => {
  const altering: SendRequest = async (request) => {
    if (!request.url.endsWith("/contents")) return await service.handler(request);
    const bytes = await request.bytes();
    bytes[7] ^= 1;
    const { url, headers } = request;
    return await service.handler(new Request(url, { method: "POST", headers, body: bytes }));
  };
  await using registry = await service.open({ fetch: altering });
  const error = await assertRejects(() => registry.save("a", noise(MIB)), RegistryError);
  assertEquals(error.code, "Corrupt");
  assertEquals(await service.behind.has("a"), false);
});

testService("a stream is saved; its failure fails the save", async (service) => {
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
  const failing = () => registry.save("b", stream(new Error("the disk is gone")));
  const error = await assertRejects(failing, RegistryError);
  assertEquals(error.code, "TaskFailed");
  assertStringIncludes(error.message, "the disk is gone");
  assertEquals(await service.behind.has("b"), false);
});

testService(
  "an abort before the request throws the reason, one after it is Unknown",
  async (service) => {
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
    const { signal } = controller;
    const error = await assertRejects(() => registry.save("b", 1, { signal }), RegistryError);
    assertEquals([error.code, error.cause], ["Unknown", reason]);
    assert(!await service.behind.has("a"));
  },
);

testService("modes and times of files are transferred", async (service) => {
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
  const { digest } = await registry.save("a", null, { as: materializer });
  for (const each of [registry, service.behind]) {
    const { files, digest: found } = await each.info("a");
    assertEquals(files.map(({ mode }) => mode), [undefined, "link", "executable"]);
    assertEquals(files.map((file) => file.modifiedAt), [modifiedAt, undefined, modifiedAt]);
    assertEquals(found, digest);
  }
  assertEquals((await service.behind.save("b", null, { as: materializer })).digest, digest);
});
