// Two tokens of one person or job: the same id, but other rights.
import { assertEquals } from "@std/assert";
import { createHandler } from "../../../../apps/server.ts";
import { openRegistry } from "../../../../mod.ts";
import { checkOf, createIssuer, key } from "../../../support/oidc/issuer.ts";
import { dav } from "../../../../extensions/gateways/dav/dav.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";

/** Requests for lists and for what a list or a cache could have shared. */
const READS = [
  "/names",
  "/names?limit=1",
  "/names?prefix=secret",
  "/log",
  "/search",
  "/dav/",
  "/api/models",
  "/artifacts/secret/versions",
  "/artifacts/secret/versions/1.0.0",
  "/artifacts/secret/versions/latest/files/data.bin",
  "/dav/secret/latest/data.bin",
];

Deno.test("requests at once share no answer between rights, also of one subject", async () => {
  await using registry = await openRegistry("memory:");
  for (const name of ["open", "secret"]) await registry.save(name, new Uint8Array(3));
  const issuer = createIssuer([key]);
  const tokens = checkOf(
    issuer,
    { claims: { environment: "production" }, scopes: ["read:*"] },
    { claims: { sub: "job" }, scopes: ["read:open"] },
  );
  await using handler = createHandler(registry, { tokens, gateways: [dav, hub] });
  const [strong, weak] = await Promise.all([
    issuer.token({ sub: "job", environment: "production" }),
    issuer.token({ sub: "job" }),
  ]);
  const ask = async (token: string, path: string) => {
    const method = path === "/dav/" ? "PROPFIND" : "GET";
    const headers = { authorization: `Bearer ${token}`, depth: "1", accept: "*/*" };
    const response = await handler(new Request(`http://127.0.0.1${path}`, { method, headers }));
    return { status: response.status, text: await response.text() };
  };
  for (const path of READS) {
    for (const senders of [[strong, weak], [weak, strong]]) {
      const answers = await Promise.all(senders.map((token) => ask(token!, path)));
      const ofWeak = answers[senders.indexOf(weak)]!, ofStrong = answers[senders.indexOf(strong)]!;
      assertEquals(ofStrong.status < 300, true, `${path}: ${ofStrong.text}`);
      const shows = ofWeak.status < 300 && ofWeak.text.includes("secret");
      assertEquals(shows, false, `${path}: ${ofWeak.text}`);
      if (ofWeak.status >= 300) assertEquals(ofWeak.status, 403, path);
      if (path === "/names") assertEquals(JSON.parse(ofStrong.text).items, ["open", "secret"]);
    }
  }
});
