// A foreign service that names an issuer of its own, or answers with what no service answers.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type CliTest, cliTest } from "../../../apps/captured_io.ts";
import { editLogin, runWith, urlIn } from "./team.ts";

const READER = { columns: 1000 };

/** Starts a service that is its own issuer, and notes the bodies of requests for tokens. */
function startForeign(
  answers: { discovery?: object; signIn?: object; access?: unknown; endless?: string } = {},
) {
  const sent: string[] = [];
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const { pathname, origin } = new URL(request.url);
      if (pathname === "/token") sent.push(await request.text());
      if (pathname === answers.endless) return endless();
      const signIn = { audience: origin, issuers: [{ issuer: origin, clientId: "holdfast" }] };
      const discovery = {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
      };
      const answer: Record<string, unknown> = {
        "/sign-in": { ...signIn, ...answers.signIn },
        "/access": answers.access,
        "/.well-known/openid-configuration": { ...discovery, ...answers.discovery },
      };
      return Response.json(answer[pathname] ?? {}, { status: pathname in answer ? 200 : 400 });
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  return { url, sent, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** An answer without an end. */
function endless(): Response {
  const chunk = new TextEncoder().encode(" ".repeat(64 * 1024));
  return new Response(new ReadableStream({ pull: (controller) => controller.enqueue(chunk) }), {
    headers: { "content-type": "application/json" },
  });
}

/** Signs in, and answers as the provider of another service to which the browser was led. */
async function signsIn(it: CliTest, url: string, words: string[], more: Record<string, string>) {
  const options = { cwd: it.cwd, env: { XDG_CONFIG_HOME: it.cwd }, ...READER };
  return await runWith(["login", url, "--browser", ...words], options, async (shown) => {
    const { searchParams } = new URL(urlIn(shown));
    const state = searchParams.get("state")!;
    const redirect = new URL(searchParams.get("redirect_uri")!);
    redirect.search = String(new URLSearchParams({ code: "secret-code", state, ...more }));
    await (await fetch(redirect)).body?.cancel();
  });
}

const ISS = { authorization_response_iss_parameter_supported: true };
const OTHER = { iss: "https://accounts.example.com" };

cliTest("the issuer of a foreign service gets no code of another issuer", async (it) => {
  for (
    const [discovery, more, message] of [
      [{}, {}, /only the service names it/],
      [{ authorization_response_iss_parameter_supported: false }, {}, /only the service names it/],
      [{ authorization_response_iss_parameter_supported: "true" }, {}, /only the service names it/],
      [{}, OTHER, /only the service names it/],
      [ISS, {}, /"iss" \(issuer\) missing/],
      [ISS, OTHER, /unexpected "iss"/],
    ] as const
  ) {
    await using foreign = startForeign({ discovery });
    const { code, err } = await signsIn(it, foreign.url, [], more);
    assertEquals([code, foreign.sent], [6, []], err);
    assertMatch(err, message);
    if (!("iss" in more) && discovery !== ISS) assert(err.includes(`--issuer ${foreign.url}`), err);
  }
});

cliTest("an issuer that the person knows gets the code", async (it) => {
  await using foreign = startForeign();
  await signsIn(it, foreign.url, ["--issuer", foreign.url], {});
  assertEquals(foreign.sent.length, 1);
  await Deno.mkdir(it.root.join("holdfast"), { recursive: true });
  const file = it.root.join("holdfast/logins.json");
  await Deno.writeTextFile(file, JSON.stringify({ format: 1, logins: {} }), { mode: 0o600 });
  await editLogin(it.cwd, "https://models.example.com", {
    ...{ issuer: foreign.url, clientId: "x", kind: "access_token", audience: "x", parameters: {} },
    ...{ tokenEndpoint: `${foreign.url}/token`, token: "a.b.c" },
    expiresAt: "2020-01-01T00:00:00.000Z",
  });
  await signsIn(it, foreign.url, [], {});
  assertEquals(foreign.sent.length, 2);
});

cliTest("a service cannot write commands into a hint", async (it) => {
  const issuers = ["https://a.example/$(id)", "https://b.example/; id"].map((issuer) => ({
    issuer,
    clientId: "holdfast",
  }));
  await using foreign = startForeign({ signIn: { issuers } });
  const env = { XDG_CONFIG_HOME: it.cwd };
  const { err } = await it.holdfast(`login ${foreign.url}`, { env });
  assert(
    err.includes("--issuer 'https://a.example/$(id)', --issuer 'https://b.example/; id'"),
    err,
  );
});

cliTest("whoami refuses an answer that no service gives, and shows no controls", async (it) => {
  const env = { XDG_CONFIG_HOME: it.cwd, HOLDFAST_TOKEN: "x" };
  const right = { known: true, kind: "token", scopes: [] };
  for (
    const access of [
      null,
      5,
      [],
      { ...right, known: "yes" },
      { ...right, scopes: undefined },
      { ...right, scopes: "admin" },
      { ...right, scopes: [1] },
      { ...right, by: "bob" },
      { ...right, by: { name: 5 } },
      { ...right, expiresAt: "later" },
    ]
  ) {
    await using foreign = startForeign({ access });
    const { code, err } = await it.holdfast(`whoami ${foreign.url}`, { env });
    assertEquals([code > 0, err.includes("unexpected response")], [true, true], err);
  }
  const by = { name: "bob\n\x1b[31mroot" };
  await using foreign = startForeign({ access: { ...right, by } });
  await it.prints(`whoami ${foreign.url} -q`, "bob\\x0a\\x1b[31mroot\n", { env });
});

cliTest("an answer without an end is not read to its end", async (it) => {
  const env = { XDG_CONFIG_HOME: it.cwd, HOLDFAST_TOKEN: "x" };
  for (const [endless, command] of [["/sign-in", "login"], ["/access", "whoami"]] as const) {
    await using foreign = startForeign({ endless });
    await it.fails(`${command} ${foreign.url}`, 1, "longer than 1 MiB", { env });
  }
  for (const endless of ["/.well-known/openid-configuration", "/token"]) {
    await using foreign = startForeign({ endless });
    const { code, err } = await signsIn(it, foreign.url, ["--issuer", foreign.url], {});
    assertEquals([code, err.includes("longer than 1 MiB")], [1, true], err);
  }
});
