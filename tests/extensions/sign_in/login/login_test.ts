// Sign-in of people with a real provider, whose pages a program follows.
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Interruption } from "../../../../apps/cli/terminal/exit_code.ts";
import { createHandler } from "../../../../apps/server.ts";
import { openRegistry } from "../../../../mod.ts";
import { realSystem } from "../../../../core/system.ts";
import { Browser } from "../../../support/oidc/people.ts";
import { cliTest } from "../../../apps/captured_io.ts";
import { ALICE, editLogin, runWith, SIGN_IN, startTeam, storedIn, urlIn } from "./team.ts";

const PAST = { expiresAt: "2020-01-01T00:00:00.000Z" };
const READER = { columns: 1000 };

function environment(home: string) {
  return { XDG_CONFIG_HOME: home };
}

/** Signs in by following the redirects that a browser would follow. */
async function signsIn(url: string, cwd: string, ...more: string[]) {
  const options = { cwd, env: environment(cwd), ...READER };
  const open = (shown: string) => new Browser().open(urlIn(shown));
  return await runWith(["login", url, "--browser", ...more], options, open);
}

cliTest("login in the browser, use, renewal and logout", async (it) => {
  await using team = await startTeam();
  const env = environment(it.cwd);
  const { code, out, err } = await signsIn(team.url, it.cwd);
  assertEquals([code, out], [0, `Signed in to ${team.url} as alice (${idIn(out)})\n`], err);
  const { mode } = await Deno.stat(it.root.join("holdfast/logins.json"));
  assertEquals(mode! & 0o777, 0o600);
  const { [team.url]: first } = await storedIn(it.cwd);
  assert(!`${out}${err}`.includes(first!.token) && !`${out}${err}`.includes(first!.refreshToken));

  await Deno.writeTextFile(it.root.join("a.txt"), "a");
  await it.succeeds(`-r ${team.url} save note a.txt`, { env });
  assertEquals((await team.registry.info("note")).by?.name, "alice");
  const who = await it.json(`whoami -r ${team.url} --json`, { env });
  assertEquals([who.by.name, who.kind, who.issuer, who.scopes], [
    "alice",
    "oidc",
    team.provider.issuer,
    ["read:*", "save:*"],
  ]);

  team.tokens.length = 0;
  const given = { env: { ...env, HOLDFAST_TOKEN: "other" } };
  await it.fails(`-r ${team.url} ls`, 6, "accept the token", given);
  assertEquals(new Set(team.tokens), new Set(["Bearer other"]), "a given token comes first");

  await editLogin(it.cwd, team.url, PAST);
  await it.prints(`-r ${team.url} ls -q`, "note\n", { env });
  const { [team.url]: second } = await storedIn(it.cwd);
  assert(second!.token !== first!.token && second!.refreshToken !== first!.refreshToken);

  await it.tells(`logout ${team.url}`, "Signed out", { env });
  assertEquals(await storedIn(it.cwd), {});
  assert(team.provider.requests.includes("/token/revocation"));
  await it.fails(`-r ${team.url} ls`, 6, `holdfast login`, { env });
  const options = { cwd: it.cwd, env };
  await editLogin(it.cwd, team.url, second!); // copied by somebody before the logout
  await editLogin(it.cwd, team.url, PAST);
  await it.fails(`-r ${team.url} ls`, 6, `holdfast login ${team.url}`, options);
});

function idIn(out: string): string {
  return /oidc_[\w-]+/.exec(out)?.[0] ?? "";
}

cliTest("ten commands at once renew a sign-in once", async (it) => {
  await using team = await startTeam({ prefix: "/models" });
  await signsIn(team.url, it.cwd);
  await editLogin(it.cwd, team.url, PAST);
  const before = team.provider.requests.length;
  const runs = Array.from(
    { length: 10 },
    () => it.prints(`-r ${team.url}/ ls -q`, "", { env: environment(it.cwd) }),
  );
  await Promise.all(runs);
  assertEquals(team.provider.requests.slice(before), ["/token"]);
});

cliTest("login by a device code", async (it) => {
  await using team = await startTeam();
  const entered = Promise.withResolvers<void>();
  const env = environment(it.cwd);
  const system = {
    ...realSystem,
    env: (name: string) => (env as Record<string, string>)[name],
    sleep: () => entered.promise,
  };
  const options = { cwd: it.cwd, system, ...READER };
  const { code, out, err } = await runWith(["login", team.url], options, async (shown) => {
    const [, url = "", userCode = ""] = /Open (\S+) .* code ([\w-]+)/.exec(shown) ?? [];
    await new Browser().enterCode(url, userCode);
    entered.resolve();
  });
  assertEquals(code, 0, err);
  assertMatch(out, /as alice/);
  await it.prints(`-r ${team.url} ls -q`, "", { env });
});

cliTest("a sign-in that fails says what to do, and is not kept", async (it) => {
  const cases: [Parameters<typeof startTeam>[0], more: string[], message: RegExp, hint: RegExp][] =
    [
      [{ people: { ...ALICE, denies: true } }, [], /sign-in was denied/, /allow it in the browser/],
      [{ people: { ...ALICE, account: "eve" } }, [], /no rule of this service/, /Add a rule/],
      [{ people: { ...ALICE, opaque: true } }, [], /not a JSON Web Token/, /"token": "id_token"/],
      [{ people: { ...ALICE, noDevice: true } }, ["--device"], /device/, /--browser/],
      [{ audience: "https://models.example.com" }, [], /another service/, /--audience https:/],
      [
        { signIn: { ...SIGN_IN, parameters: {} } },
        [],
        /for another service|JSON Web Token/,
        /operator/,
      ],
      [{}, ["--issuer", "https://other.example"], /does not offer this issuer/, /--issuer http:/],
    ];
  for (const [team, more, message, hint] of cases) {
    await using service = await startTeam(team);
    const words = more.includes("--device") ? more : ["--browser", ...more];
    const options = { cwd: it.cwd, env: environment(it.cwd), ...READER };
    const open = (shown: string) => new Browser().open(urlIn(shown));
    const { code, err } = await runWith(["login", service.url, ...words], options, open);
    assertEquals([code > 0, message.test(err), hint.test(err)], [true, true, true], err);
    assertEquals(await Deno.stat(it.root.join("holdfast/logins.json")).catch(() => 0), 0);
  }
});

cliTest(
  "a file of sign-ins that others could read, or that is damaged, is not used",
  async (it) => {
    await using team = await startTeam();
    await signsIn(team.url, it.cwd);
    const file = it.root.join("holdfast/logins.json");
    const env = environment(it.cwd);
    await Deno.chmod(file, 0o640);
    await it.fails(`-r ${team.url} ls`, 6, `chmod 600 ${file}`, { env });
    await Deno.chmod(file, 0o600);
    const secret = (await storedIn(it.cwd))[team.url]!.refreshToken;
    for (
      const damage of [`{"x": "${secret}"`, `{"format":1,"logins":{"a":{"token":"${secret}"}}}`]
    ) {
      await Deno.writeTextFile(file, damage);
      const { code, err } = await it.holdfast(`-r ${team.url} ls`, { env });
      assertEquals([code, err.includes(secret), err.includes(`rm ${file}`)], [2, false, true], err);
    }
    await it.succeeds(`-r ${team.url} ls`, { env: { ...env, HOLDFAST_TOKEN: "x" } }).catch(
      () => {},
    );
  },
);

cliTest("Ctrl-C ends a sign-in that waits for the browser, and closes its port", async (it) => {
  await using team = await startTeam();
  const stop = new AbortController();
  let redirect = "";
  const options = { cwd: it.cwd, env: environment(it.cwd), signal: stop.signal, ...READER };
  const { code } = await runWith(["login", team.url, "--browser"], options, (shown) => {
    redirect = new URL(urlIn(shown)).searchParams.get("redirect_uri")!;
    stop.abort(new Interruption("SIGINT"));
    return Promise.resolve();
  });
  assertEquals(code, 130);
  await assertRejects(() => fetch(redirect));
});

cliTest("a redirect with another state is not an answer", async (it) => {
  await using team = await startTeam();
  const options = { cwd: it.cwd, env: environment(it.cwd), ...READER };
  const { code, out } = await runWith(["login", team.url, "--browser"], options, async (shown) => {
    const { searchParams } = new URL(urlIn(shown));
    const redirect = searchParams.get("redirect_uri")!;
    for (const query of ["?code=forged", "?state=forged&code=x", "?error=access_denied"]) {
      const { status, body } = await fetch(`${redirect}${query}`);
      await body?.cancel();
      assertEquals(status, 404);
    }
    await new Browser().open(urlIn(shown));
  });
  assertEquals(code, 0);
  assertMatch(out, /as alice/);
});

cliTest("a service without sign-in says how to use it", async (it) => {
  const env = environment(it.cwd);
  await it.fails(`login ${it.cwd}`, 2, "it is not a service", { env });
  await it.fails("login http://models.example.com", 2, "Use its https URL", { env });
  await it.fails("logout https://models.example.com", 3, "Sign in first", { env });
  await using registry = await openRegistry("memory:");
  const handler = createHandler(registry);
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    if (request.url.endsWith("/old/sign-in")) return Response.json({ error: 1 }, { status: 404 });
    if (request.url.endsWith("/moved/sign-in")) return Response.redirect("https://evil.example/");
    return handler(request);
  });
  const url = `http://127.0.0.1:${server.addr.port}`;
  await it.fails(`login ${url}`, 2, "HOLDFAST_TOKEN or --token-file", { env });
  await it.fails(`login ${url}/old`, 1, "has no sign-in", { env });
  await it.fails(`login ${url}/moved`, 2, "redirects to https://evil.example", { env });
  await it.prints(`whoami -r ${url}`, "anybody: the service needs no token\n", { env });
  await it.prints(`whoami -r ${it.cwd}`, "bob\n", { env: { ...env, HOLDFAST_BY: "bob" } });
  await handler.close();
  await server.shutdown();
});

cliTest("an id token is sent, and renewed, if the person trusts its audience", async (it) => {
  const signIn = { ...SIGN_IN, token: "id_token" as const };
  await using team = await startTeam({ signIn, audience: ["https://models.example", "holdfast"] });
  const env = environment(it.cwd);
  await it.fails(`login ${team.url}`, 2, "--audience holdfast", { env });
  assertEquals((await signsIn(team.url, it.cwd, "--audience", "holdfast")).code, 0);
  await editLogin(it.cwd, team.url, PAST);
  await it.prints(`-r ${team.url} ls -q`, "", { env });
});

cliTest("a sign-in is for one service and path, and is not sent elsewhere", async (it) => {
  await using team = await startTeam({ prefix: "/models" });
  await using other = await startTeam();
  await signsIn(team.url, it.cwd);
  const env = environment(it.cwd);
  const { origin } = new URL(team.url);
  for (const url of [origin, `${origin}/models2`, `${origin}/models/more`, other.url]) {
    for (const { tokens } of [team, other]) tokens.length = 0;
    await it.holdfast(`-r ${url} ls --wait 0s`, { env });
    assertEquals(new Set([...team.tokens, ...other.tokens]), new Set([null]), url);
  }
  await Deno.writeTextFile(it.root.join(".env"), `HOLDFAST_REGISTRY=${team.url}/`);
  await it.prints("ls -q", "", { env });
});

cliTest("a token is used while its provider is down, until it expires", async (it) => {
  await using team = await startTeam();
  await signsIn(team.url, it.cwd);
  await it.succeeds(`-r ${team.url} ls`, { env: environment(it.cwd) }); // the keys are known now
  await team.provider[Symbol.asyncDispose]();
  const env = environment(it.cwd);
  const soon = new Date(realSystem.now() + 30_000).toISOString();
  await editLogin(it.cwd, team.url, { expiresAt: soon });
  await it.prints(`-r ${team.url} ls -q`, "", { env });
  await editLogin(it.cwd, team.url, PAST);
  await it.fails(`-r ${team.url} ls --wait 0s`, 7, "does not answer", { env });
  await it.tells(`logout ${team.url}`, "Signed out", { env });
});

cliTest("a sign-in that the provider does not renew ends", async (it) => {
  await using team = await startTeam({ signIn: { clientId: "holdfast" } });
  const { err } = await signsIn(team.url, it.cwd);
  assertMatch(err, /gave no refresh token: the sign-in ends at/);
  const env = environment(it.cwd);
  await it.prints(`-r ${team.url} ls -q`, "", { env });
  await editLogin(it.cwd, team.url, PAST);
  await it.fails(`-r ${team.url} ls`, 6, `sign-in has expired`, { env });
});

cliTest("a browser that is closed, and a code that is denied, end the sign-in", async (it) => {
  await using team = await startTeam({ people: { ...ALICE, denies: true } });
  const env = environment(it.cwd) as Record<string, string>;
  const entered = Promise.withResolvers<void>();
  const sleeping = (sleep: () => Promise<void>) => ({
    cwd: it.cwd,
    system: { ...realSystem, env: (name: string) => env[name], sleep },
    ...READER,
  });
  const closed = sleeping(() => Promise.resolve());
  const late = await runWith(["login", team.url, "--browser"], closed, () => Promise.resolve());
  assertEquals([late.code, /in 10 minutes/.test(late.err), /--device/.test(late.err)], [
    7,
    true,
    true,
  ]);
  const device = ["login", team.url, "--device"];
  const denied = await runWith(device, sleeping(() => entered.promise), async (shown) => {
    const [, url = "", userCode = ""] = /Open (\S+) .* code ([\w-]+)/.exec(shown) ?? [];
    await new Browser().enterCode(url, userCode);
    entered.resolve();
  });
  assertEquals([denied.code, /was denied/.test(denied.err)], [6, true], denied.err);
});

cliTest("a folder that cannot be written is named before the person acts", async (it) => {
  await using team = await startTeam();
  await Deno.writeTextFile(it.root.join("home"), "");
  const cases: [env: Record<string, string>, hint: string][] = [
    [{ XDG_CONFIG_HOME: it.root.join("home") }, it.root.join("home")],
    [{}, "HOLDFAST_TOKEN or --token-file"],
  ];
  for (const [env, hint] of cases) {
    const { code, err } = await it.holdfast(`login ${team.url}`, { env });
    assertEquals([code > 0, err.includes(hint), /^Open/m.test(err)], [true, true, false], err);
  }
});

cliTest("no other process can see a sign-in in the arguments of the browser", async (it) => {
  await using team = await startTeam();
  const { err } = await signsIn(team.url, it.cwd);
  const url = new URL(/\n(http\S+)/.exec(err)![1]!);
  for (const secret of ["code_verifier", "client_secret", "refresh_token"]) {
    assertEquals(url.searchParams.get(secret), null);
  }
  assertEquals(url.searchParams.get("code_challenge_method"), "S256");
});
