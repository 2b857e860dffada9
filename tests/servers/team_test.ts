// The service of docs/team.md: a bucket, TLS in nginx, an identity provider for people and one for
// CI jobs. Alice saves, Bob promotes and deletes, a job saves, Carol reads.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type HttpRegistryOptions, openHttpRegistry } from "../../apps/client.ts";
import type { AuditEntry } from "../../apps/server.ts";
import { isRegistryError, readRegistryLog, type Registry } from "../../mod.ts";
import { holdfast, keepsRunning } from "../apps/captured_io.ts";
import { createKey, startProvider } from "../support/oidc/provider.ts";
import { startNginx } from "../support/servers/nginx.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";
import { locationOn, testOnServers } from "./server_world.ts";

const AUDIENCE = "https://models.example";

const PEOPLE = {
  alice: { email: "alice@example.com", groups: ["ml"] },
  bob: { email: "bob@example.com", groups: ["ml", "release"] },
  carol: { email: "carol@example.com", groups: ["all"] },
};

const CERTIFICATES = new URL("../support/certificates/", import.meta.url);

testOnServers(
  "a team saves, promotes, deletes and undoes, and its trail has all of it",
  "minio",
  async ({ server, prefix }) => {
    await using root = await tempRoot();
    const { url: registry, env } = locationOn(server, prefix);
    const settings = { cwd: root.path, env: { ...env, HOLDFAST_REGISTRY: registry } };
    const run = async (line: string) => {
      const { code, out, err } = await holdfast(line, settings);
      assertEquals(code, 0, `${line}: ${err}`);
      return out.trim();
    };
    await run("init");
    await run("rules set models:* --protect-alias production --keep-last 50");
    const scraper = await run("token create Prometheus --tokens tokens.json --scope metrics");

    const keys = await Promise.all([createKey("people"), createKey("jobs")]);
    await using people = await startProvider({ key: keys[0], clients: PEOPLE });
    await using jobs = await startProvider({ key: keys[1], clients: { nightly: { ref: "main" } } });
    const read = "read:*", save = "save:models:*";
    const signIn = {
      audience: AUDIENCE,
      issuers: [
        {
          issuer: people.issuer,
          rules: [
            {
              claims: { groups: "release" },
              scopes: [read, save, "promote:models:*", "delete:models:*"],
              name: "email",
            },
            { claims: { groups: "ml" }, scopes: [read, save], name: "email" },
            { claims: { groups: "all" }, scopes: [read], name: "email" },
          ],
        },
        { issuer: jobs.issuer, rules: [{ claims: { ref: "main" }, scopes: [read, save] }] },
      ],
    };
    await Deno.writeTextFile(root.join("sign_in.json"), JSON.stringify(signIn));
    const line = "serve --port 0 --tokens tokens.json --oidc sign_in.json --audit audit.jsonl " +
      "--trusted-proxy 127.0.0.1";
    const { line: inner, stop, ended } = await keepsRunning(line.split(" "), settings);
    const proxy = await startNginx(root, new URL(inner).port);
    const caCerts = [await Deno.readTextFile(new URL("authority.pem", CERTIFICATES))];
    const client = Deno.createHttpClient({ caCerts });
    try {
      const url = proxy?.url ?? inner;
      const ask = (request: Request) => fetch(request, { client });
      const as = async (token: string): Promise<Registry> =>
        await openHttpRegistry(url, { token, fetch: ask } satisfies HttpRegistryOptions);
      const [alice, bob, carol] = await Promise.all(
        ["alice", "bob", "carol"].map(async (name) =>
          await as(await people.tokenOf(name, AUDIENCE))
        ),
      ) as [Registry, Registry, Registry];
      const job = await as(await jobs.tokenOf("nightly", AUDIENCE));
      const denied = async (change: Promise<unknown>) => {
        const error = await change.then(() => undefined, (error) => error);
        assert(isRegistryError(error, "Denied"), String(error));
      };

      await alice.save("models:digits", { accuracy: 0.9 });
      await job.save("models:digits", { accuracy: 0.95 });
      await denied(alice.setAlias("models:digits", "production", "1.0.0"));
      await denied(alice.delete("models:digits@1.0.0"));
      await denied(job.setAlias("models:digits", "production", "2.0.0", { force: true }));
      await denied(carol.save("models:digits", { accuracy: 1 }));
      await bob.setAlias("models:digits", "production", "1.0.0", { force: true });
      assertEquals(await carol.load("models:digits@production"), { accuracy: 0.9 });

      await bob.delete("models:digits@2.0.0"); // by mistake
      const [deleted] = await Array.fromAsync(carol.versions("models:digits", { deleted: true }));
      assertEquals([deleted?.version, deleted?.deleted?.by?.name], ["2.0.0", "bob@example.com"]);
      await denied(alice.undelete("models:digits@2.0.0"));
      await bob.undelete("models:digits@2.0.0");
      assertEquals(await carol.load("models:digits@2.0.0"), { accuracy: 0.95 });

      const { by } = await carol.info("models:digits@1.0.0");
      assertEquals([by?.name, by?.token?.startsWith("oidc_")], ["alice@example.com", true]);
      const changes = await Array.fromAsync(readRegistryLog(carol), (change) => {
        const { event, by } = change;
        return `${by?.name} ${event}`;
      });
      const expected = [
        "alice@example.com saved",
        "nightly saved",
        "bob@example.com aliased",
        "bob@example.com deleted",
        "bob@example.com restored",
      ];
      assertEquals(
        changes.filter((change) => !change.startsWith("undefined")).sort(),
        expected.sort(),
      );

      const metrics = await ask(
        new Request(`${url}/metrics`, { headers: { authorization: `Bearer ${scraper}` } }),
      );
      assertStringIncludes(await metrics.text(), "holdfast_ready 1\n");
      await trailHasAll(root);
    } finally {
      client.close();
      await proxy?.[Symbol.asyncDispose]();
      stop();
      assertEquals(await ended, 0);
    }
  },
);

async function trailHasAll(root: TempRoot): Promise<void> {
  const lines = (await Deno.readTextFile(root.join("audit.jsonl"))).trimEnd().split("\n");
  const entries = lines.map((line): AuditEntry => JSON.parse(line));
  const shown = entries.map(({ by, method, route = "", version = "", aliases = [], outcome }) =>
    [by?.name, method, route.replace("/artifacts/:name", ""), version, ...aliases, outcome]
      .filter((word) => word !== "").join(" ")
  );
  const alias = "PUT /aliases/:alias";
  assertEquals(shown.filter((entry) => !/uploads|contents/.test(entry)), [
    "alice@example.com POST /versions 1.0.0 done",
    "nightly POST /versions 2.0.0 done",
    `alice@example.com ${alias} production refused`,
    "alice@example.com DELETE /versions/:version 1.0.0 refused",
    `nightly ${alias} production refused`,
    "carol@example.com POST /versions refused",
    `bob@example.com ${alias} 1.0.0 production done`,
    "bob@example.com DELETE /versions/:version 2.0.0 done",
    "alice@example.com POST /versions/:version/undelete 2.0.0 refused",
    "bob@example.com POST /versions/:version/undelete 2.0.0 done",
  ]);
  assertEquals(
    new Set(entries.map(({ address, name }) => `${address} ${name}`)),
    new Set([
      "127.0.0.1 models:digits",
    ]),
  );
}
