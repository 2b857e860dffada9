// The audit trail when its file cannot be written, and when requests name more than it should keep.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type AuditEntry, createAuditFile, createHandler } from "../../../../apps/server.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { createApp } from "../../../../apps/server/app.ts";
import { AuditTrail } from "../../../../apps/server/memory/audit_trail.ts";
import { openRegistry } from "../../../../mod.ts";
import { createMemoryQueue } from "../../../../extensions/queues/memory.ts";
import { rejected } from "../../../registry/rejected.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { canMount, smallDisk } from "../../../support/small_disk.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";
import { createJobsGateway } from "../../../../extensions/queues/surface/jobs.ts";

const CHECKED_EVERY_MS = 2000;

testInRoot(
  "a trail that cannot be written refuses the first change, and is not ready",
  async (root) => {
    for (const file of [root.join("none", "audit.jsonl"), root.join("folder")]) {
      await Deno.mkdir(root.join("folder"));
      await using registry = await openRegistry("memory:");
      await registry.save("m", 1);
      let now = 0;
      const sleep = () => new Promise<never>(() => {});
      const system = { ...createScriptedSystem(), sleep, monotonic: () => now };
      const audit = createAuditFile(file);
      await using handler = createHandler(registry, { audit, system });
      const ask = async (path: string, method = "GET", body: string | null = null) => {
        const headers = { "content-type": "application/json" };
        const request = new Request(`http://localhost${path}`, { method, body, headers });
        const answer = await handler(request);
        return [answer.status, await answer.text()] as const;
      };
      const alias = () => ask("/artifacts/m/aliases/a", "PUT", '{"version":"1.0.0"}');
      const [status, text] = await alias();
      assertEquals([status, (await Array.fromAsync(registry.aliases("m"))).length], [503, 0], text);
      assertStringIncludes(text, "not begun");
      assertEquals((await ask("/artifacts/m/versions/1.0.0"))[0], 200);
      const [ready, reason] = await ask("/ready");
      assertEquals(ready, 503);
      assertStringIncludes(reason, "the audit trail cannot be written");
      assertStringIncludes((await ask("/metrics"))[1], "\nholdfast_audit_writable 0\n");
      await Deno.mkdir(root.join("none"), { recursive: true });
      await Deno.remove(root.join("folder")).catch(() => {});
      now += CHECKED_EVERY_MS;
      assertEquals((await alias())[0], 200);
      assertEquals((await ask("/ready"))[0], 200);
      assertStringIncludes((await ask("/metrics"))[1], "\nholdfast_audit_writable 1\n");
    }
  },
);

Deno.test({
  name: "a file on a full disk cannot be written, and one on a disk with space can",
  ignore: !canMount,
  async fn() {
    await using disk = await smallDisk(256 * 1024);
    const audit = createAuditFile(disk.join("audit.jsonl"));
    await audit.check?.();
    await Deno.writeFile(disk.join("other"), new Uint8Array(240 * 1024));
    await rejected("Unavailable", Promise.resolve(audit.check?.()), /disk is full/);
    await Deno.remove(disk.join("other"));
    await audit.check?.();
  },
});

Deno.test("requests that are refused while the trail is away push out no entry of a change", async () => {
  const entries: AuditEntry[] = [];
  let isAway = true;
  const trail = new AuditTrail((entry) => {
    if (isAway) throw new Error("away");
    entries.push(entry);
  });
  const entry = { at: "", request: "", method: "PUT", status: 200, outcome: "done" } as const;
  const refused = { ...entry, status: 503, outcome: "refused" } as const;
  for (let i = 0; i < 10_001; i++) await trail.write(refused).catch(() => {});
  await trail.write(entry).catch(() => {});
  isAway = false;
  await trail.check();
  assertEquals(entries, [refused, entry]);
});

/** One entry has at most so many bytes, whatever its request says. */
const MOST_BYTES = 64 * 1024;

Deno.test("no request writes more than a bounded entry", async () => {
  await using registry = await openRegistry("memory:");
  const sizes: number[] = [];
  const audit = (entry: AuditEntry) => void sizes.push(JSON.stringify(entry).length);
  const tokens = {
    find: () => Promise.resolve(createAccess("t", ["save:m", "read:m"].map(parseScope))),
  };
  const jobs = createMemoryQueue();
  await using app = createApp(registry, {
    audit,
    tokens,
    gateways: [createJobsGateway(jobs), hub],
  });
  const long = "\u0001".repeat(100_000);
  const ask = async (path: string, init: RequestInit) => {
    const before = sizes.length;
    await (await app(new Request(`http://localhost${path}`, init))).text();
    assertEquals(sizes.length, before + 1, path);
  };
  const json = { "content-type": "application/json" };
  const materializer = { id: "folder", formatVersion: 1 };
  const aliases = Array.from({ length: 100 }, () => long);
  for (const alias of [long, aliases]) {
    const body = JSON.stringify({ materializer, files: [], alias });
    await ask("/artifacts/m/versions", { method: "POST", headers: json, body });
    await ask("/artifacts/m/drafts/d/commit", { method: "POST", headers: json, body });
    await ask("/artifacts/m/runs/r/finish", { method: "POST", headers: json, body });
  }
  for (const field of ["name", "alias", "version"]) {
    const form = new FormData();
    form.set(field, long);
    if (field !== "name") form.set("name", "m");
    form.set("file", new File(["1"], "a"));
    await ask("/upload", { method: "POST", body: form });
  }
  const repo = JSON.stringify({ name: long, organization: long });
  await ask("/api/repos/create", { method: "POST", headers: json, body: repo });
  for (const { method, path } of app.routes) {
    if (method === "GET" || !path.includes(":") || path.startsWith("/uploads/")) continue;
    const asked = path.replace(/:(\w+)(\{[^}]*\})?/g, "%01".repeat(5000));
    await ask(asked, { method, headers: { ...json, "x-request-id": "a".repeat(5000) } });
  }
  assert(Math.max(...sizes) <= MOST_BYTES, `${Math.max(...sizes)} bytes`);
});
