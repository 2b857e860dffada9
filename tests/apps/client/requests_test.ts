import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openHttpRegistry, type SendRequest } from "../../../apps/client.ts";
import { RegistryError } from "../../../mod.ts";
import { aliasesOf, noise } from "../../conformance/registry/registry_case.ts";
import { setImmediate } from "node:timers";
import { holdTimers } from "../../support/held_timers.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { silentLogger } from "../../../core/system.ts";
import { ADDRESS, loseConnection, testService } from "./service.ts";

/** Handles requests to a path with `action` and their count. Sends the others. */
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

testService("reads are repeated until the retry limit, then Unavailable", async (service) => {
  await service.behind.save("a", 1);
  const system = createScriptedSystem();
  const lossy = (_: Request, count: number) => count < 4 ? loseConnection() : undefined;
  const seldom = meddle(service.handler, /versions\/\w+$/, lossy);
  await using registry = await service.open({ fetch: seldom, system });
  assertEquals(await registry.load("a"), 1);
  assertEquals(seldom.count(), 4);
  const never = await service.open({
    fetch: meddle(service.handler, /versions/, loseConnection),
    system,
    retryForMs: 5_000,
  });
  const before = system.now();
  const error = await failureOf(never.load("a"));
  assertEquals([error.code, error.backend], ["Unavailable", ADDRESS]);
  assert(system.now() - before <= 5_000);
});

testService(
  "a token is sent only as a header; errors hide an invalid one",
  async (service) => {
    const sent: (string | null)[] = [];
    const send: SendRequest = (request) => {
      sent.push(request.headers.get("authorization"));
      assert(!request.url.includes("token"));
      return service.handler(request);
    };
    let count = 0;
    await using registry = await service.open({ fetch: send, token: () => `token-${++count}` });
    await registry.has("a");
    assertEquals(sent, ["Bearer token-1", "Bearer token-2", "Bearer token-3"]); // HEAD, then GET
    const error = await failureOf(service.open({ token: "secret\n" }));
    assertEquals(error.code, "Invalid");
    assert(!Deno.inspect(error).includes("secret"));
  },
);

Deno.test("an error keeps the fields of its problem document", async () => {
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
  assertEquals<unknown>({ code, detail: message, hint, commit, key, retry }, said);
});

testService("wrong bytes are Corrupt, inline and as files", async (service) => {
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
});

testService("a broken read resumes with a range of the same commit", async (service) => {
  const large = noise(650_000);
  const { commit } = await service.behind.save("large", large);
  const asked: unknown[] = [];
  const breaking = meddle(service.handler, /\/files\//, async (request, count) => {
    asked.push([request.headers.get("range"), new URL(request.url).searchParams.get("commit")]);
    if (count > 3) return undefined;
    const response = await service.handler(request);
    const bytes = await response.bytes();
    return new Response(breaksOff(bytes.slice(0, 100_000)), response);
  });
  await using registry = await service.through(breaking);
  assertEquals(await registry.load("large"), large);
  const ranges = [1, 2, 3].map((n) => `bytes=${n}00000-649999`);
  assertEquals(asked, [null, ...ranges].map((range) => [range, commit]));
});

testService(
  "a read that is silent for ten seconds goes on over another connection",
  async (service) => {
    const large = noise(650_000);
    await service.behind.save("large", large);
    const timers = holdTimers(10_000);
    const ranges: (string | null)[] = [];
    const silent = meddle(service.handler, /\/files\//, async (request, count) => {
      ranges.push(request.headers.get("range"));
      if (count > 1) return undefined;
      const response = await service.handler(request);
      const bytes = (await response.bytes()).slice(0, 100_000);
      let pulls = 0;
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (pulls++ === 0) return controller.enqueue(bytes);
          await new Promise<void>((resolve) => setImmediate(resolve)); // the reader waits
          timers.pass();
          await new Promise<void>(() => {});
        },
      }, { highWaterMark: 0 });
      return new Response(body, response);
    });
    try {
      await using registry = await service.through(silent);
      assertEquals(await registry.load("large"), large);
    } finally {
      timers[Symbol.dispose]();
    }
    assertEquals(ranges, [null, "bytes=100000-649999"]);
  },
);

testService("an aborted read throws the reason, also without an answer", async (service) => {
  await service.behind.save("a", 1);
  const controller = new AbortController();
  const reason = new Error("enough");
  const silent = meddle(service.handler, /versions/, () => {
    controller.abort(reason);
    return new Promise<Response>(() => {});
  });
  await using registry = await service.open({ fetch: silent });
  for (const signal of [controller.signal, AbortSignal.abort(reason)]) {
    assertEquals(await assertRejects(() => registry.load("a", { signal })), reason);
  }
});

testService(
  "a token that is sent unencrypted to another machine logs a warning",
  async (service) => {
    const warned: string[] = [];
    const logger = { ...silentLogger, warn: (text: string) => void warned.push(text) };
    const send: SendRequest = ({ url }) =>
      service.handler(new Request(url.replace(/^https?:\/\/[^/]*/, ADDRESS)));
    const safe = ["http://127.0.0.1:1", "http://[::1]", "http://localhost:1", "https://host"];
    for (const address of safe) {
      await openHttpRegistry(address, { fetch: send, token: "t", logger });
    }
    assertEquals(warned, []);
    await openHttpRegistry("http://host", { fetch: send, token: "t", logger });
    assertEquals(warned.length, 1);
    assertStringIncludes(warned[0], "https");
  },
);

testService("an HTML page of a proxy is Unsupported", async (service) => {
  await service.behind.save("a", 1);
  let shown = false;
  const page = () => new Response("<h1>Sign in</h1>", { headers: { "content-type": "text/html" } });
  const send: SendRequest = async (request) => shown ? page() : await service.handler(request);
  await using registry = await service.through(send, 100);
  shown = true;
  const reads: (() => Promise<unknown>)[] = [
    () => registry.has("a"),
    () => registry.info("a"),
    () => registry.load("a"),
    () => aliasesOf(registry, "a"),
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
  assertEquals(await aliasesOf(service.behind, "a"), {});
});

testService("a range other than the requested one is Unsupported", async (service) => {
  const bytes = noise(300_000);
  await service.behind.save("a", bytes);
  const other: SendRequest = (request) => {
    if (request.headers.has("range")) request.headers.set("range", "bytes=0-9");
    return service.handler(request);
  };
  await using registry = await service.through(other, 100);
  const [file] = (await registry.open("a")).files();
  const read = new Response(file.stream({ offset: 100, length: 10 })).bytes();
  assertEquals((await failureOf(read)).code, "Unsupported");
});

testService("Retry-After is followed", async (service) => {
  await service.behind.save("a", 1);
  const system = createScriptedSystem();
  const busy = meddle(service.handler, /versions/, (_, count) => {
    const date = new Date(Math.ceil(system.now() / 1000) * 1000 + 9_000).toUTCString();
    const headers = { "retry-after": count === 1 ? "7" : date };
    return count <= 2 ? new Response("busy", { status: 429, headers }) : undefined;
  });
  await using registry = await service.open({ fetch: busy, system });
  assertEquals(await registry.load("a"), 1);
  const waits = system.slept.filter((ms) => ms >= 7_000);
  assertEquals(waits.length, 2);
  assert(waits[0] === 7_000 && waits[1]! >= 9_000 && waits[1]! < 10_000, `${waits}`);
});

testService("the hint for a 429 of a proxy names the limit of requests", async (service) => {
  const limited = () => Promise.resolve(new Response("<h1>Too many</h1>", { status: 429 }));
  const fetch = meddle(service.handler, /names/, limited);
  await using registry = await service.open({ retryForMs: 0, fetch });
  const { code, hint } = await failureOf(Array.fromAsync(registry.names()));
  assertEquals(code, "Unavailable");
  assertStringIncludes(hint!, "limits requests");
});

testService("names with special characters are unchanged", async (service) => {
  await using registry = await service.open();
  const odd = ["a/b", "100%", "ä ö", "a?b#c", "a\\b", "%2e%2e", "😀", "a+b", "a:b&c=d"];
  const dots = ["...", "~.", "~~..", "~"];
  for (const name of [...odd, ...dots, "x".repeat(190)]) {
    await service.behind.save(name, name);
    assertEquals(await registry.load(name), name);
    assertEquals((await registry.info(name)).name, name);
    assertEquals((await Array.fromAsync(registry.names({ prefix: name })))[0], name);
  }
});

testService("an unrelated JSON answer is Unsupported", async (service) => {
  await service.behind.save("a", 1);
  let isOther = false;
  const send: SendRequest = async (request) =>
    isOther ? Response.json({ ok: 1 }) : await service.handler(request);
  await using registry = await service.through(send, 100);
  isOther = true;
  const draft = await registry.openDraft("a", { id: "d" });
  const actions: (() => Promise<unknown>)[] = [
    () => registry.setAlias("a", "production", "1"),
    () => registry.deleteAlias("a", "production"),
    () => registry.delete("a", { allVersions: true }),
    () => draft.discard(),
    () => draft.info(),
    () => draft.addPart("p", [{ path: "x", content: new Uint8Array(1) }]),
  ];
  for (const action of actions) {
    assertEquals((await failureOf(action())).code, "Unsupported", String(action));
  }
});

testService("a list of a service that leads back to a page is refused", async (service) => {
  const page = { items: ["a"], next: "a" };
  const fetch = meddle(service.handler, /names$/, () => Response.json(page));
  await using registry = await service.open({ fetch });
  await failureOf(Array.fromAsync(registry.names()));
  assertEquals(fetch.count(), 2);
});
