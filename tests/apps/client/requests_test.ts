import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openHttpRegistry, type SendRequest } from "../../../apps/client.ts";
import { RegistryError } from "../../../mod.ts";
import { noise } from "../../conformance/registry/registry_case.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { ADDRESS, startService } from "./service.ts";

/** What `send` does to requests to a path, the n-th of them from 1; the others go through. */
function meddle(
  send: SendRequest,
  path: RegExp,
  action: (request: Request, count: number) => Response | undefined | Promise<Response | undefined>,
): SendRequest & { count(): number } {
  let count = 0;
  const meddled: SendRequest = async (request) => {
    const asked = path.test(new URL(request.url).pathname);
    return asked ? await action(request, ++count) ?? await send(request) : await send(request);
  };
  return Object.assign(meddled, { count: () => count });
}

function fails(): never {
  throw new TypeError("the connection is gone");
}

function breaksOff(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let given = false;
  return new ReadableStream({
    pull(controller) {
      if (given) return controller.error(new TypeError("broken off"));
      given = true;
      controller.enqueue(bytes);
    },
  }, { highWaterMark: 0 });
}

async function failureOf(action: Promise<unknown>): Promise<RegistryError> {
  return await assertRejects(() => action, RegistryError);
}

Deno.test("a read is repeated while nothing answers, and ends as Unavailable when the time for that is over", async () => {
  const service = await startService();
  await service.behind.save("a", 1);
  const system = createScriptedSystem();
  const seldom = meddle(
    service.handler,
    /versions\/\w+$/,
    (_, count) => count < 4 ? fails() : undefined,
  );
  await using registry = await service.open({ fetch: seldom, system });
  assertEquals(await registry.load("a"), 1);
  assertEquals(seldom.count(), 4);
  const never = await service.open({
    fetch: meddle(service.handler, /versions/, fails),
    system,
    retryForMs: 5_000,
  });
  const before = system.now();
  const error = await failureOf(never.load("a"));
  assertEquals([error.code, error.backend], ["Unavailable", ADDRESS]);
  assert(system.now() - before <= 5_000);
  await service.close();
});

Deno.test("a token goes in a header alone, is asked for anew for each request, and one that no header takes is not shown", async () => {
  const service = await startService();
  const sent: (string | null)[] = [];
  const send: SendRequest = (request) => {
    sent.push(request.headers.get("authorization"));
    assert(!request.url.includes("token"));
    return service.handler(request);
  };
  let count = 0;
  await using registry = await service.open({ fetch: send, token: () => `token-${++count}` });
  await registry.has("a");
  assertEquals(sent, ["Bearer token-1", "Bearer token-2"]);
  const error = await failureOf(service.open({ token: "secret\n" }));
  assertEquals(error.code, "Invalid");
  assert(!Deno.inspect(error).includes("secret"));
  await service.close();
});

Deno.test("what a service says of an error is the error: its code, words, hint and whether it may have been done", async () => {
  const said = {
    code: "Corrupt",
    detail: "Cannot read it: damaged",
    hint: "Restore it.",
    commit: "c",
    key: "k",
    retry: "never",
  };
  const send = () => Promise.resolve(Response.json(said, { status: 500 }));
  const { code, message, hint, commit, key, retry } = await failureOf(
    openHttpRegistry(ADDRESS, { fetch: send }),
  );
  assertEquals({
    code: `${code}`,
    detail: message,
    hint: `${hint}`,
    commit: `${commit}`,
    key: `${key}`,
    retry: `${retry}`,
  }, said);
});

Deno.test("bytes that are not those that were saved are Corrupt, however they come", async () => {
  const service = await startService();
  await service.behind.save("small", new Uint8Array(100));
  await service.behind.save("large", new Uint8Array(300_000));
  const changed: SendRequest = async (request) => {
    const response = await service.handler(request);
    const { pathname } = new URL(request.url);
    if (pathname.includes("/files/")) {
      return new Response(new Uint8Array((await response.bytes()).length).fill(1), response);
    }
    const text = await response.text();
    return new Response(text.replaceAll(/"data":"A/g, '"data":"B'), response);
  };
  await using registry = await service.open({ fetch: changed });
  for (const name of ["small", "large"]) {
    assertEquals((await failureOf(registry.load(name))).code, "Corrupt", name);
    const file = (await registry.open(name)).file("data.bin");
    assertEquals((await failureOf(new Response(file.stream()).bytes())).code, "Corrupt", name);
  }
  assertEquals((await registry.load("large", { verify: "none" }) as Uint8Array)[0], 1);
  await service.close();
});

Deno.test("a file is read on where the connection broke, by a range of the commit that was opened", async () => {
  const service = await startService();
  const large = noise(650_000);
  const { commit } = await service.behind.save("large", large);
  const asked: string[] = [];
  const breaking = meddle(service.handler, /\/files\//, async (request, count) => {
    asked.push(
      `${request.headers.get("range")} ${new URL(request.url).searchParams.get("commit")}`,
    );
    if (count > 3) return undefined;
    const response = await service.handler(request);
    const bytes = await response.bytes();
    return new Response(breaksOff(bytes.slice(0, 100_000)), response);
  });
  await using registry = await service.open({ fetch: breaking, system: createScriptedSystem() });
  assertEquals(await registry.load("large"), large);
  assertEquals(
    asked,
    ["null", "bytes=100000-649999", "bytes=200000-649999", "bytes=300000-649999"].map((range) =>
      `${range} ${commit}`
    ),
  );
  await service.close();
});

Deno.test("an abort ends what is read with its reason, also while the service is silent", async () => {
  const service = await startService();
  await service.behind.save("a", 1);
  const controller = new AbortController();
  const reason = new Error("enough");
  const silent = meddle(service.handler, /versions/, () => {
    controller.abort(reason);
    return new Promise<Response>(() => {});
  });
  await using registry = await service.open({ fetch: silent });
  assertEquals(
    await assertRejects(() => registry.load("a", { signal: controller.signal })),
    reason,
  );
  assertEquals(
    await assertRejects(() => registry.load("a", { signal: AbortSignal.abort(reason) })),
    reason,
  );
  await service.close();
});

Deno.test("a token that goes unencrypted to another machine is warned of", async () => {
  const service = await startService();
  const warned: string[] = [];
  const logger = {
    ...console,
    debug() {},
    info() {},
    error() {},
    warn: (text: string) => void warned.push(text),
  };
  const send: SendRequest = ({ url }) =>
    service.handler(new Request(url.replace(/^https?:\/\/[^/]*/, ADDRESS)));
  for (
    const address of ["http://127.0.0.1:1", "http://[::1]", "http://localhost:1", "https://host"]
  ) {
    await openHttpRegistry(address, { fetch: send, token: "t", logger });
  }
  assertEquals(warned, []);
  await openHttpRegistry("http://host", { fetch: send, token: "t", logger });
  assertEquals(warned.length, 1);
  assertStringIncludes(warned[0], "https");
  await service.close();
});

Deno.test("a page that something on the way shows in place of the service is never taken for its answer", async () => {
  const service = await startService();
  await service.behind.save("a", 1);
  let shown = false;
  const page = () => new Response("<h1>Sign in</h1>", { headers: { "content-type": "text/html" } });
  const send: SendRequest = async (request) => shown ? page() : await service.handler(request);
  await using registry = await service.open({
    fetch: send,
    system: createScriptedSystem(),
    retryForMs: 100,
  });
  shown = true;
  const reads: (() => Promise<unknown>)[] = [
    () => registry.has("a"),
    () => registry.info("a"),
    () => registry.load("a"),
    () => registry.aliases("a"),
    () => Array.fromAsync(registry.names()),
  ];
  const writes: (() => Promise<unknown>)[] = [
    () => registry.setAlias("a", "production", "1"),
    () => registry.deleteAlias("a", "production"),
    () => registry.delete("a", { allVersions: true }),
    () => registry.copy("a", "b"),
    () => registry.save("a", 2),
  ];
  for (const action of [...reads, ...writes]) {
    const { code, backend, maybeWritten = false } = await failureOf(action());
    assertEquals(
      [code, backend, maybeWritten],
      ["Unsupported", ADDRESS, writes.includes(action)],
      String(action),
    );
  }
  assertEquals(await service.behind.aliases("a"), {});
  await service.close();
});

Deno.test("another range than was asked for is not taken for it", async () => {
  const service = await startService();
  const bytes = noise(300_000);
  await service.behind.save("a", bytes);
  const other: SendRequest = (request) => {
    if (request.headers.has("range")) request.headers.set("range", "bytes=0-9");
    return service.handler(request);
  };
  await using registry = await service.open({
    fetch: other,
    system: createScriptedSystem(),
    retryForMs: 100,
  });
  const [file] = (await registry.open("a")).files();
  const read = new Response(file.stream({ offset: 100, length: 10 })).bytes();
  assertEquals((await failureOf(read)).code, "Unsupported");
  await service.close();
});

Deno.test("what a service is asked to wait for is waited for", async () => {
  const service = await startService();
  await service.behind.save("a", 1);
  const system = createScriptedSystem();
  const busy = meddle(
    service.handler,
    /versions/,
    (_, count) =>
      count === 1
        ? new Response("busy", { status: 429, headers: { "retry-after": "7" } })
        : undefined,
  );
  await using registry = await service.open({ fetch: busy, system });
  assertEquals(await registry.load("a"), 1);
  assert(system.slept.includes(7_000));
  await service.close();
});

Deno.test("names arrive as they are, whatever addresses make of them", async () => {
  const service = await startService();
  await using registry = await service.open();
  for (
    const name of [
      "a/b",
      "100%",
      "ä ö",
      "a?b#c",
      "a\\b",
      "...",
      "%2e%2e",
      "x".repeat(190),
      "😀",
      "a+b",
      "a:b&c=d",
      ".",
      "..",
      "~.",
      "~~..",
      "~",
    ]
  ) {
    await service.behind.save(name, name);
    assertEquals(await registry.load(name), name);
    assertEquals((await registry.info(name)).name, name);
    assertEquals((await Array.fromAsync(registry.names({ prefix: name })))[0], name);
  }
  await service.close();
});

Deno.test("an answer of JSON that says nothing of what was asked is not taken for one that does", async () => {
  const service = await startService();
  await service.behind.save("a", 1);
  let strange = false;
  const send: SendRequest = async (request) =>
    strange ? Response.json({ ok: 1 }) : await service.handler(request);
  await using registry = await service.open({
    fetch: send,
    system: createScriptedSystem(),
    retryForMs: 100,
  });
  strange = true;
  const draft = await registry.openDraft("a", { id: "d" });
  for (
    const action of [
      () => registry.setAlias("a", "production", "1"),
      () => registry.deleteAlias("a", "production"),
      () => registry.delete("a", { allVersions: true }),
      () => draft.discard(),
      () => draft.info(),
      () => draft.addPart("p", [{ path: "x", content: new Uint8Array(1) }]),
    ]
  ) {
    assertEquals((await failureOf(action())).code, "Unsupported", String(action));
  }
  await service.close();
});
