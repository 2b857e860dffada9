import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import { realSystem, silentLogger } from "../../../../core/system.ts";
import { RegistryError } from "../../../../mod.ts";
import { createHandler } from "../../../../apps/server.ts";
import { listen } from "../../../../apps/server/listen/listen.ts";
import { type TempRoot, tempRoot } from "../../../support/temp_root.ts";
import { serve } from "./served.ts";

const DAY_MS = 86_400_000;
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

Deno.test("a service warns each day from 14 days before its certificate expires", async () => {
  await using root = await tempRoot();
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (text: string) => void warnings.push(text) };
  const tls = await place(root, { cert: "first" });
  const end = Date.parse(new X509Certificate(await Deno.readTextFile(tls.cert)).validTo);
  let now = end - 15 * DAY_MS;
  let nextDay = () => {};
  const system = {
    now: () => now,
    sleep: (_ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve, reject) => {
        nextDay = resolve;
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
  };
  await using service = await serve({ tls, logger, system });
  assertEquals([service.server.certificateEndsAt?.getTime(), warnings], [end, []]);
  for (let day = 1; day <= 2; day++) {
    now += DAY_MS;
    nextDay();
    await realSystem.sleep(0);
    assertEquals(warnings.length, day - 1, "not yet at 14 days");
  }
  const date = new Date(end).toISOString().slice(0, 10);
  assertEquals(warnings, [
    `The certificate ${tls.cert} expires on ${date}. Renew it before: then clients refuse it.`,
  ]);
});
