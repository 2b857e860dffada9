// The token of a CI job, which the command line asks for itself.
import { assertEquals, assertStringIncludes } from "@std/assert";
import { createHandler } from "../../../../apps/server.ts";
import { createOidcCheck } from "../../../../extensions/sign_in/oidc.ts";
import { openRegistry } from "../../../../mod.ts";
import { realSystem } from "../../../../core/system.ts";
import { createKey, publicJwk, signed } from "../../../support/oidc/provider.ts";
import { type CliTest, cliTest } from "../../../apps/captured_io.ts";

const GITHUB = "https://token.actions.githubusercontent.com";
const SECRET = "secret-of-the-runner";
const key = await createKey("1");

/** Starts a service, and a runner that gives a job its tokens. */
async function startJob(
  it: CliTest,
  { audience, issuer = GITHUB, host = "127.0.0.1", answer }: {
    audience?: string;
    /** The name of the service. */
    host?: string;
    issuer?: string;
    /** @default a token */
    answer?: (value: string) => Response;
  } = {},
) {
  const registry = await openRegistry("memory:");
  const sent: string[] = [];
  const service = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    sent.push(request.headers.get("authorization") ?? "");
    return handler(request);
  });
  const url = `http://${host}:${service.addr.port}`;
  const tokens = createOidcCheck({
    audience: audience ?? url,
    issuers: [{
      issuer: GITHUB,
      rules: [{ claims: { repository_id: "1" }, scopes: ["read:*", "save:*"], name: "ref" }],
      jwks: { keys: [publicJwk(key)] },
    }],
  });
  const handler = createHandler(registry, { tokens });
  const asked: string[] = [];
  const runner = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const { searchParams } = new URL(request.url);
    const isJob = request.headers.get("authorization") === `Bearer ${SECRET}`;
    if (!isJob || searchParams.get("api") !== "1") return new Response("", { status: 403 });
    const aud = searchParams.get("audience");
    asked.push(aud ?? "none");
    const value = await signed(key, { iss: issuer, aud, repository_id: "1", ref: "main" });
    return answer?.(value) ?? Response.json({ value });
  });
  const env: Record<string, string> = {
    ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${runner.addr.port}/token?api=1`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: SECRET,
  };
  await Deno.writeTextFile(it.root.join("a.txt"), "a");
  return {
    url,
    registry,
    sent,
    asked,
    env,
    async run(line: string, more: Record<string, string> = {}, laterMs = 0) {
      const variables = { ...env, ...more };
      const system = {
        ...realSystem,
        now: () => realSystem.now() + laterMs,
        env: (name: string) => (variables as Record<string, string>)[name],
      };
      return await it.holdfast(`-r ${url} ${line}`, { system });
    },
    async [Symbol.asyncDispose]() {
      await handler.close();
      await Promise.all([service.shutdown(), runner.shutdown()]);
      await registry[Symbol.asyncDispose]();
    },
  };
}

cliTest("a job sends its own token, and asks again before it expires", async (it) => {
  await using job = await startJob(it);
  assertEquals((await job.run("save note a.txt")).code, 0);
  assertEquals((await job.registry.info("note")).by?.name, "main");
  assertEquals(job.asked, [job.url]);
  const who = JSON.parse((await job.run("whoami --json")).out);
  assertEquals([who.by.name, who.kind, who.issuer], ["main", "oidc", GITHUB]);
  job.asked.length = 0;
  const { code } = await job.run("cat note", {}, 270_000); // of the five minutes of a token
  assertEquals([code, job.asked.length > 1], [0, true]);
  job.asked.length = 0;
  assertEquals((await job.run("ls", { HOLDFAST_TOKEN: "other" })).code, 6);
  assertEquals(job.asked, [], "a given token comes first");
});

cliTest("errors of a job without a token name its permission, not a sign-in", async (it) => {
  await using job = await startJob(it);
  const none = { ACTIONS_ID_TOKEN_REQUEST_URL: "", ACTIONS_ID_TOKEN_REQUEST_TOKEN: "", CI: "true" };
  const github = { ...none, GITHUB_ACTIONS: "true" };
  for (const flags of ["", " --json", " --verbose"]) {
    const { code, err } = await job.run(`ls${flags}`, github);
    assertEquals([code, err.includes("holdfast login")], [6, false], err);
    assertStringIncludes(err, "`permissions: { id-token: write, contents: read }`");
  }
  const doctor = await job.run("doctor", github);
  assertStringIncludes(doctor.out, "the job has no `id-token: write`");
  assertStringIncludes(doctor.out, "`permissions: { id-token: write, contents: read }`");
  const { err } = await job.run("ls", { ...none, GITLAB_CI: "true" });
  assertEquals([err.includes("holdfast login"), err.includes("id-token")], [false, false], err);
  assertStringIncludes(err, "Pass the token of the job");
  assertStringIncludes((await job.run("ls", { ...none, CI: "" })).err, "holdfast login");
});

cliTest("a service cannot get tokens of a job for another service", async (it) => {
  const audience = "https://models.example.com";
  await using job = await startJob(it, { audience });
  const { code, err } = await job.run("ls");
  assertEquals([code, job.asked], [6, []]);
  assertStringIncludes(err, "HOLDFAST_AUDIENCE");
  assertEquals(new Set(job.sent), new Set([""]));
  const allowed = { HOLDFAST_AUDIENCE: audience };
  const other = { ...allowed, HOLDFAST_REGISTRY: audience }; // the audience is not this service's
  for (const env of [allowed, other]) assertEquals((await job.run("ls", env)).code, 6);
  assertEquals(job.asked, []);
  const own = { ...allowed, HOLDFAST_REGISTRY: `${job.url}/` };
  assertEquals((await job.run("ls", own)).code, 0);
});

cliTest("a token of a job is not sent where others on the network could read it", async (it) => {
  await using job = await startJob(it, { host: "0.0.0.0" }); // this machine, but not by its name
  const { code, err } = await job.run("ls");
  assertEquals([code, job.asked, new Set(job.sent)], [6, [], new Set([""])], err);
  assertStringIncludes(err, "https URL");
});

cliTest("a token that the service would not accept is not sent", async (it) => {
  await using job = await startJob(it, { issuer: "https://ghe.example.com" });
  const { code, err } = await job.run("ls");
  assertEquals(code, 6);
  assertStringIncludes(err, "does not accept https://ghe.example.com");
  assertEquals(new Set(job.sent), new Set([""]));
});

cliTest("a runner that gives no token, or redirects, is named without secrets", async (it) => {
  const answers: [(value: string) => Response, number][] = [
    [() => new Response("", { status: 403 }), 6],
    [(value) => Response.json({ token: value }), 6],
    [(value) => new Response(`{"value": "${value}"`), 7],
    [() => Response.redirect("http://127.0.0.1:1/stolen"), 6],
    [() => Response.json({ value: "a.b.c" }), 6],
  ];
  for (const [answer, expected] of answers) {
    const values: string[] = [];
    await using job = await startJob(it, {
      answer: (value) => (values.push(value), answer(value)),
    });
    const { code, err } = await job.run("ls --wait 0s");
    assertEquals(code, expected, err);
    assertEquals([err.includes(SECRET), err.includes(values[0]!)], [false, false]);
    assertEquals(new Set(job.sent), new Set([""]));
  }
  await using job = await startJob(it);
  const { err } = await job.run("ls", { ACTIONS_ID_TOKEN_REQUEST_URL: "http://evil.example/" });
  assertStringIncludes(err, "not an https URL");
});

cliTest("a service without sign-in is used as without a job", async (it) => {
  await using job = await startJob(it);
  await using registry = await openRegistry("memory:");
  const handler = createHandler(registry);
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
  const url = `http://127.0.0.1:${server.addr.port}`;
  await it.prints(`-r ${url} ls -q`, "", { env: job.env });
  assertEquals(job.asked, []);
  await handler.close();
  await server.shutdown();
});
