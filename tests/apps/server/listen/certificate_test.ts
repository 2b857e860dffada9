import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { connect } from "node:tls";
import { silentLogger } from "../../../../core/system.ts";
import { RegistryError } from "../../../../mod.ts";
import { createHandler } from "../../../../apps/server.ts";
import { listen } from "../../../../apps/server/listen/listen.ts";
import { type TempRoot, tempRoot } from "../../../support/temp_root.ts";
import { serve } from "./served.ts";

const KEPT = new URL("../../../fixtures/certificates/", import.meta.url);

async function place(root: TempRoot, { cert, key = cert }: { cert: string; key?: string }) {
  const files = { cert: root.join("cert.pem"), key: root.join("key.pem") };
  await Deno.copyFile(new URL(`${cert}.crt`, KEPT), files.cert);
  await Deno.copyFile(new URL(`${key}.key`, KEPT), files.key);
  return files;
}

function inspect(url: string): Promise<{ name: string; text: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: "127.0.0.1",
      port: Number(new URL(url).port),
      rejectUnauthorized: false,
    }, () => {
      const name = String(socket.getPeerCertificate().subject.CN);
      let text = "";
      socket.on("data", (data) => text += data);
      socket.on("end", () => resolve({ name, text }));
      socket.write("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    });
    socket.on("error", reject);
  });
}

Deno.test("a service uses TLS and reloads its certificate", async () => {
  await using root = await tempRoot();
  const tls = await place(root, { cert: "first" });
  await using service = await serve({ tls });
  assertEquals(new URL(service.server.url).protocol, "https:");
  const first = await inspect(service.server.url);
  assertEquals(first.name, "first");
  assertStringIncludes(first.text, "HTTP/1.1 200");
  await place(root, { cert: "second" });
  await service.server.reloadCertificate();
  assertEquals((await inspect(service.server.url)).name, "second");
  await place(root, { cert: "first", key: "second" });
  await assertRejects(() => service.server.reloadCertificate(), RegistryError);
  assertEquals((await inspect(service.server.url)).name, "second", "the old one is kept");
});

Deno.test("an unusable certificate is refused before listening", async () => {
  await using root = await tempRoot();
  await using service = await serve();
  const handler = createHandler(service.registry);
  const refused = async (tls: { cert: string; key: string }) =>
    (await assertRejects(() => listen(handler, { port: 0, tls }), RegistryError)).code;
  const none = { cert: root.join("none"), key: root.join("none") };
  assertEquals(await refused(none), "Invalid");
  assertEquals(await refused(await place(root, { cert: "first", key: "second" })), "Invalid");
  const { cert } = await place(root, { cert: "first" });
  assertEquals(await refused({ cert, key: cert }), "Invalid");
});

Deno.test("a service warns of a certificate that clients refuse", async () => {
  await using root = await tempRoot();
  const tls = await place(root, { cert: "expired" });
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (text: string) => void warnings.push(text) };
  await using service = await serve({ tls, logger });
  assertEquals(warnings.length, 1);
  assertStringIncludes(warnings[0], "expired on 2025-02-01");
  await place(root, { cert: "first" });
  await service.server.reloadCertificate();
  assertEquals(warnings.length, 1);
});
