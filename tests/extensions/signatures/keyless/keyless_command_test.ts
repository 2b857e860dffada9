// sign --keyless: where the token comes from, and where it goes.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { writeFile } from "node:fs/promises";
import { join } from "@std/path";
import { createHandler } from "../../../../apps/server.ts";
import { readAnnotations } from "../../../../registry/mod.ts";
import { type CliTest, cliTest } from "../../../apps/captured_io.ts";
import { ALICE, ISSUER } from "../certificates/keyless.ts";
import type { Json } from "../mutations.ts";
import { NAME, withVersion } from "../signed.ts";
import { at, FULCIO, REKOR, servedSigstore } from "./served_sigstore.ts";

/** Saves a version, and returns options that sign it by a Sigstore. */
async function prepared(it: CliTest, { fulcio, rekor, trustedRoot }: Json): Promise<string> {
  await it.succeeds("init");
  await writeFile(join(it.cwd, "weights.bin"), "weights");
  await writeFile(join(it.cwd, "root.json"), trustedRoot);
  await it.succeeds("save models:digits weights.bin");
  return `sign models:digits --keyless --fulcio ${fulcio} --rekor ${rekor}`;
}

cliTest("sign --keyless: the token is of a file, a variable, or the CI job", async (it) => {
  await using served = await servedSigstore();
  const line = await prepared(it, served);
  const token = await served.token(), secret = "secret-of-the-runner";
  const asked: string[] = [];
  const runner = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    if (request.headers.get("authorization") !== `Bearer ${secret}`) {
      return new Response(secret, { status: 403 });
    }
    asked.push(new URL(request.url).search);
    return Response.json({ value: token });
  });
  const url = `http://127.0.0.1:${runner.addr.port}/?api=1`;
  await writeFile(join(it.cwd, "token"), `${token}\n`);
  const github = {
    ACTIONS_ID_TOKEN_REQUEST_URL: url,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
  };
  const ways: [options: string, env: Record<string, string>][] = [
    [" --identity-token token", {}],
    [" --identity-token-env MINE --trusted-root root.json", { MINE: token }],
    ["", { SIGSTORE_ID_TOKEN: token, ...github }],
    ["", github],
  ];
  for (const [options, env] of ways) {
    const { code, out, err } = await it.holdfast(`${line}${options}`, { env });
    assertEquals(code, 0, err);
    assertStringIncludes(out, `Signed models:digits@1.0.0 as ${ALICE} (key `);
    assertEquals(`${out}${err}`.includes(token), false);
  }
  assertEquals(asked, ["?api=1&audience=sigstore"]);
  const by = `--signed-by ${ALICE} --issuer ${ISSUER} --trusted-root root.json`;
  const { signatures } = await it.json(`signatures models:digits ${by} --json`);
  assertEquals(signatures.map(({ state }: Json) => state), Array(4).fill("valid"));
  await it.succeeds(`download models:digits copy --require-signature ${by.slice(12)}`);
  for (const line of ["log models:digits", "info models:digits", "note models:digits@1.0.0"]) {
    const text = await it.succeeds(`${line} --json`);
    assertEquals([text.includes(token), text.includes(secret)], [false, false]);
  }

  const refused = { ...github, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "other" };
  const none = await it.holdfast(line, { env: refused });
  assertMatch(none.err, /answers with status 403\nhint: Check `permissions: \{ id-token: write/);
  assertEquals(none.err.includes(secret), false);
  await runner.shutdown();
});

cliTest("sign --keyless: wrong options say what is missing", async (it) => {
  await using served = await servedSigstore();
  const line = await prepared(it, served);
  const token = await served.token();
  const hidden =
    /Cannot read the identity token: it (does not exist|cannot be read)\nhint: Pass the/;
  const cases: [line: string | string[], message: RegExp][] = [
    [[...line.split(" "), "--identity-token", `Bearer ${token}`], hidden],
    [`${line} --identity-token /${token}`, hidden],
    [line, /there is no identity token\nhint: Pass --identity-token/],
    [`${line} --identity-token none`, /Cannot read the identity token "none": it does not exist/],
    [
      `${line} --identity-token release-2026.production.trusted_root`,
      /trusted_root": it does not exist/,
    ],
    [`${line} --identity-token ${token}`, /content is given, not its path\nhint: Pass the path/],
    [`${line} --identity-token-env ${token}`, /variable of --identity-token-env: it is not set/],
    [`${line} --identity-token a --identity-token-env B`, /two identity tokens are given/],
    [`${line} --key key.pem`, /several keys or bundles/],
    [`${line} --certificate a.pem`, /--keyless gets its certificate/],
    [`sign models:digits --key key.pem --rekor ${served.rekor}`, /--rekor needs --keyless/],
    [`sign models:digits --fulcio ${served.fulcio}`, /--fulcio needs --keyless/],
    [`${line} --passphrase-env A`, /--passphrase-env needs --key or --key-env/],
    [line.replace("digits", "none"), /Cannot find "models:none"/],
  ];
  for (const [words, message] of cases) {
    const { code, err } = await it.holdfast(words);
    assert(code !== 0);
    assertMatch(err, message);
    assertMatch(err, /\nhint: /);
    assertEquals(err.includes(token), false, err);
  }
  assertEquals(served.asked, []);
});

cliTest("sign --keyless: a service gets the signature, and no token", async (it) => {
  await using served = await servedSigstore();
  const line = await prepared(it, served), token = await served.token();
  await using registry = await withVersion();
  await using handler = createHandler(registry);
  const bodies: string[] = [];
  const service = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    bodies.push(JSON.stringify([...request.headers]), await request.clone().text());
    return await handler(request);
  });
  const env = { SIGSTORE_ID_TOKEN: token };
  const { code, err } = await it.holdfast(`-r http://127.0.0.1:${service.addr.port} ${line}`, {
    env,
  });
  assertEquals(code, 0, err);
  const { labels = {} } = await readAnnotations(registry, `${NAME}@1.0.0`) ?? {};
  assertEquals(Object.keys(Object(labels.signatures)).length, 1);
  assertEquals(bodies.filter((body) => body.includes(token)), []);
  await service.shutdown();
});

cliTest("sign --keyless: Ctrl-C between authority and log adds nothing", async (it) => {
  const stop = new AbortController();
  await using served = await servedSigstore(at(REKOR, async (usual) => {
    stop.abort(new DOMException("Ctrl-C", "AbortError"));
    return await usual();
  }));
  const line = await prepared(it, served), env = { SIGSTORE_ID_TOKEN: await served.token() };
  const { code, out } = await it.holdfast(line, { env, signal: stop.signal });
  assert(code !== 0);
  assertEquals([out, served.asked], ["", [FULCIO, REKOR]]);
  assertEquals((await it.json("signatures models:digits --json")).signatures, []);
});
