// Sign-in with real providers on this machine, over HTTP.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHandler } from "../../../apps/server.ts";
import { createOidcCheck } from "../../../extensions/sign_in/oidc.ts";
import { openHttpRegistry } from "../../../apps/client.ts";
import { openRegistry, RegistryError } from "../../../mod.ts";
import { realSystem } from "../../../core/system.ts";
import { createKey, signed, startProvider } from "../../support/oidc/provider.ts";

const AUDIENCE = "https://models.example";

Deno.test("tokens of two real providers, whose keys change", async () => {
  const [key, next, foreign] = await Promise.all(["1", "2", "1"].map((kid) => createKey(kid)));
  const clients = { trainer: { team: { groups: ["ml", "ops"] } }, stranger: {} };
  await using people = await startProvider({ key: key!, clients });
  await using jobs = await startProvider({ key: foreign!, clients: { nightly: {} } });
  await using registry = await openRegistry("memory:");
  let ms = 0;
  const tokens = createOidcCheck({
    audience: AUDIENCE,
    issuers: [
      {
        issuer: people.issuer,
        rules: [{ claims: { team: { groups: "ml" } }, scopes: ["read:*", "save:ml/*"] }],
      },
      { issuer: jobs.issuer, rules: [{ claims: { client_id: "nightly" }, scopes: ["admin"] }] },
    ],
  }, { system: { now: realSystem.now, monotonic: () => ms } });
  await using handler = createHandler(registry, { tokens });
  const open = (token: string) =>
    openHttpRegistry("http://localhost", {
      token,
      fetch: (input: RequestInfo | URL, init?: RequestInit) => handler(new Request(input, init)),
    });
  const denied = async (action: () => Promise<unknown>, reason: RegExp) => {
    const error = await assertRejects(action, RegistryError);
    assertEquals(error.code, "Denied");
    assert(reason.test(error.message), error.message);
  };

  const trainer = await open(await people.tokenOf("trainer", AUDIENCE));
  await trainer.save("ml/model", 1);
  assertEquals((await registry.info("ml/model")).by?.name, "trainer");
  await denied(() => trainer.save("model", 1), /right/);
  const other = await people.tokenOf("trainer", "https://other.example");
  await denied(() => open(other), /another service/);
  const stranger = await people.tokenOf("stranger", AUDIENCE);
  await denied(() => open(stranger), /no rule/);
  const nightly = await open(await jobs.tokenOf("nightly", AUDIENCE));
  await nightly.setAlias("ml/model", "production", "1");
  const forged = await signed(foreign!, {
    iss: people.issuer,
    aud: AUDIENCE,
    team: { groups: ["ml"] },
  }); // the same key id, of the other issuer
  await denied(() => open(forged), /no key of its issuer signed it/);

  const { port } = people;
  await people[Symbol.asyncDispose]();
  await using rotated = await startProvider({ key: next!, port, clients });
  const token = await rotated.tokenOf("trainer", AUDIENCE);
  ms += 61_000;
  await (await open(token)).save("ml/model", 2);
  const keys = rotated.requests.filter((path) => path === "/jwks");
  assertEquals(keys.length, 1);
  const old = await signed(key!, { iss: people.issuer, aud: AUDIENCE, team: { groups: ["ml"] } });
  await denied(() => open(old), /no key with its id/);
  assertEquals(rotated.requests.filter((path) => path === "/jwks").length, 1);
});
