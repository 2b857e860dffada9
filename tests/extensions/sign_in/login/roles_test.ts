// The accounts of docs/team.md with a real provider: who may do what, and what the trail says.
import { assertEquals } from "@std/assert";
import { type AuditEntry, createHandler } from "../../../../apps/server.ts";
import { createOidcCheck, type OidcSettings } from "../../../../extensions/sign_in/oidc.ts";
import { openRegistry } from "../../../../mod.ts";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import { Browser, type PeopleOptions } from "../../../support/oidc/people.ts";
import { createKey, publicJwk, signed, startProvider } from "../../../support/oidc/provider.ts";
import { REPOSITORY } from "../../../support/run_deno.ts";
import { cliTest } from "../../../apps/captured_io.ts";
import { runWith, urlIn } from "./team.ts";

const PEOPLE: Record<string, Record<string, unknown>> = {
  alice: { groups: ["/ml"], email: "alice@example.com" },
  bob: { groups: ["/ml", "/ml/leads"], email: "bob@example.com" },
  carol: { groups: [], email: "carol@example.com" },
  eve: { groups: ["/ml2"], email: "eve@evil.example" },
};

async function settingsOfPage(): Promise<OidcSettings> {
  const page = await Deno.readTextFile(`${REPOSITORY}/docs/team.md`);
  const [, json = ""] = /```json\n(\{\n\s+"audience"[^`]*)```/.exec(page) ?? [];
  return JSON.parse(json);
}

cliTest("people and jobs have the rights that the page about teams gives them", async (it) => {
  const [key, ofJobs] = await Promise.all([createKey("1"), createKey("2")]);
  const people: PeopleOptions = { clientId: "holdfast", account: "nobody" };
  await using provider = await startProvider({ key, people });
  await using registry = await openRegistry("memory:");
  await changeRules(registry, { set: { pattern: "models:*", protectAliases: ["production"] } });
  const audited: AuditEntry[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    return handler(request);
  });
  const url: string = `http://127.0.0.1:${server.addr.port}`;
  const { issuers: [ofPeople, github] } = await settingsOfPage();
  const issuer = github!.issuer;
  const tokens = createOidcCheck({
    audience: url,
    issuers: [
      { ...ofPeople!, issuer: provider.issuer },
      { ...github!, jwks: { keys: [publicJwk(ofJobs)] } },
    ],
  });
  const audit = (entry: AuditEntry) => void audited.push(entry);
  const handler = createHandler(registry, { tokens, audit });
  await Deno.writeTextFile(it.root.join("m.bin"), "m");

  const homeOf = (name: string) => ({ XDG_CONFIG_HOME: it.root.join(name) });
  const codes: Record<string, number> = {};
  for (const [account, claims] of Object.entries(PEOPLE)) {
    Object.assign(people, { account, claims });
    const options = { cwd: it.cwd, env: homeOf(account), columns: 1000 };
    const run = await runWith(
      ["login", url, "--browser"],
      options,
      (shown) => new Browser().open(urlIn(shown)),
    );
    codes[account] = run.code;
  }
  assertEquals(codes, { alice: 0, bob: 0, carol: 0, eve: 6 });

  const claims = { repository_id: "123456789", ref: "refs/heads/main", workflow_ref: "ci@main" };
  const ci = { HOLDFAST_TOKEN: await signed(ofJobs, { iss: issuer, aud: url, ...claims }) };
  const outcome = async (env: Record<string, string>, line: string) =>
    (await it.holdfast(`-r ${url} ${line}`, { env })).code;
  const steps: [who: string, line: string, code: number][] = [
    ["alice", "save models:digits m.bin", 0],
    ["ci", "save models:digits m.bin", 0],
    ["ci", "save data:digits m.bin", 6],
    ["ci", "alias models:digits production 2", 6],
    ["carol", "ls", 0],
    ["carol", "save models:digits m.bin", 6],
    ["alice", "alias models:digits staging 2", 0],
    ["alice", "alias models:digits production 2 --force", 6],
    ["alice", "rm models:digits@1 --yes", 6],
    ["bob", "alias models:digits production 2 --force", 0],
    ["bob", "rm models:digits@1 --yes", 0],
    ["bob", "undelete models:digits@1", 0],
    ["carol", "cat models:digits@1", 0],
  ];
  for (const [who, line, code] of steps) {
    const env: Record<string, string> = who === "ci" ? ci : homeOf(who);
    assertEquals([who, line, await outcome(env, line)], [who, line, code]);
  }
  const done = audited.filter(({ outcome, dryRun }) => outcome === "done" && !dryRun);
  assertEquals(done.map(({ by, issuer: of }) => [by?.name, of === issuer ? "job" : "person"]), [
    ["alice@example.com", "person"],
    ["ci@main", "job"],
    ["alice@example.com", "person"],
    ["bob@example.com", "person"],
    ["bob@example.com", "person"],
    ["bob@example.com", "person"],
  ]);
  const { by } = (await Array.fromAsync(registry.versions("models:digits", { details: true })))
    .find(({ version }) => version === "2.0.0")!.info!;
  assertEquals(by?.name, "ci@main");
  await handler.close();
  await server.shutdown();
});
