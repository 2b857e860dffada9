// Answers of a proxy in front of the service, as Python programs receive them.
import { assertEquals } from "@std/assert";
import { createHandler, type TokenCheck } from "../../../apps/server.ts";
import { openRegistry } from "../../../mod.ts";
import { CLOCK_OF_RETRIES, pythonTest, runProgram } from "../reader.ts";

const PROGRAM = `${CLOCK_OF_RETRIES}
import sys
import holdfast

registry = holdfast.connect(sys.argv[1], timeout=60)
for call in sys.argv[2:]:
    try:
        print(repr(eval(call)))
    except holdfast.HoldfastError as error:
        print(error.code, "nginx" in error.hint)
`;

/** Runs calls behind a proxy that replaces the answers to writes, and returns what they print. */
async function behind(status: number, calls: string[], program = PROGRAM) {
  const registry = await openRegistry("memory:");
  for (const value of [1, 2]) await registry.save("a", value);
  await registry.setAlias("a", "live", "1.0.0");
  await using handler = createHandler(registry);
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const isRead = /GET|HEAD/.test(request.method);
      if ((status < 499 || status === 511) && !isRead) {
        return new Response("<h1>Refused</h1>", { status });
      }
      const response = await handler(request);
      if (isRead) return response;
      await response.body?.cancel();
      return new Response("<h1>Bad gateway</h1>", { status });
    },
  );
  return await runProgram(program, { args: [`http://127.0.0.1:${server.addr.port}`, ...calls] });
}

pythonTest("a write that a proxy answers with 499, 502 or 504 may have been done", async () => {
  const calls = [
    'registry.delete("a@2.0.0")',
    'registry.delete_alias("a", "live")',
    'registry.set_alias("a", "new", "1.0.0", expected=None)',
    'registry.annotate("a", notes="n")',
    'registry.save("b", 1)',
  ];
  for (const status of [499, 500, 502, 504]) {
    assertEquals(await behind(status, calls), calls.map(() => "Unknown False"), `${status}`);
  }
  const sent = ['registry.save("b", bytes(300_000))'];
  assertEquals(await behind(503, [...calls, ...sent]), Array(6).fill("Unavailable False"));
});

pythonTest("the sign-in of a proxy or a network is named", async () => {
  const program = PROGRAM.replace('"nginx" in error.hint', "error.hint[:22]");
  const call = ['registry.save("b", 1)'];
  const found = [await behind(407, call, program), await behind(511, call, program)];
  assertEquals(found, [["Denied Add user name and pass"], [
    "Unavailable Sign in to the network",
  ]]);
});

pythonTest("the hint for a 413 of a proxy names the limit of the proxy", async () => {
  const calls = ['registry.save("b", bytes(300_000))', 'registry.save("b", bytes(9_000_000))'];
  assertEquals(await behind(413, calls), ["Invalid True", "Invalid True"]);
});

const MOVED = `
import sys
import holdfast

registry = holdfast.connect(sys.argv[1], timeout=60)
for value in (1, bytes(300_000), bytes(9_000_000)):
    try:
        registry.save("a", value)
    except holdfast.HoldfastError as error:
        print(error.code, error.message.partition(": ")[2], "connect to it there" in error.hint)
`;

pythonTest("the error for a redirected write has the new URL, without its query", async () => {
  for (const status of [301, 302, 307, 308]) {
    for (const to of ["https://other.example/login", "/login"]) {
      const answer = () =>
        new Response("<h1>Moved</h1>", { status, headers: { location: `${to}?token=secret` } });
      await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, answer);
      const at = `http://127.0.0.1:${server.addr.port}`;
      const expected = `Invalid it redirects to ${new URL(to, at)} True`;
      assertEquals(await runProgram(MOVED, { args: [at] }), Array(3).fill(expected));
    }
  }
});

const WITH_TOKEN = `
import sys
import holdfast

for url in sys.argv[1:]:
    try:
        list(holdfast.connect(url, token="t", timeout=60).names())
    except holdfast.HoldfastError as error:
        words = ["did not reach", "https://HOST", "needs https"]
        print(error.code, *[word for word in words if word in error.hint])
`;

pythonTest("hints name the proxy that takes a token away or answers itself", async () => {
  const registry = await openRegistry("memory:");
  const tokens: TokenCheck = { find: () => Promise.resolve(undefined) };
  await using handler = createHandler(registry, { tokens });
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    (request) => {
      const { pathname } = new URL(request.url);
      const [, status] = /^\/page(\d+)/.exec(pathname) ?? [];
      if (status !== undefined) return new Response("<h1>Proxy</h1>", { status: Number(status) });
      if (pathname.startsWith("/unknown")) {
        return handler(new Request(request.url.replace("/unknown", ""), request));
      }
      return handler(new Request(request.url)); // without the header
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  assertEquals(
    await runProgram(WITH_TOKEN, {
      args: ["", "/page401", "/unknown", "/page404", "/page400"].map((path) => url + path),
    }),
    [
      "Denied did not reach",
      "Denied did not reach",
      "Denied",
      "Unsupported https://HOST",
      "Invalid needs https",
    ],
  );
});
