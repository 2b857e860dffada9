// Files that several requests read while their name comes to mean another version.
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Registry } from "../../../../mod.ts";
import { openRegistry } from "../../../../mod.ts";
import { bytes } from "../../../../materializers/mod.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { createCheckedHandler } from "../checked_handler.ts";
import { movedFrom } from "../../../extensions/gateways/hub/ask_hub.ts";
import { dav } from "../../../../extensions/gateways/dav/dav.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";
import { createS3Gateway } from "../../../../extensions/gateways/s3/s3_gateway.ts";

const OLD = "old old old old", NEW = "new new new new";

/** The paths of a file of the latest version, of an alias and of a range. */
const DOORS = {
  http: ["latest", "live", "^1"].map((at) => `/artifacts/team%2Fa/versions/${at}/files/data.bin`),
  webdav: ["team@@a/latest", "team@@a/live", "team@@a@%5E1"].map((at) => `/dav/${at}/data.bin`),
  hub: ["main", "live", "^1"].map((at) => `/team/a/resolve/${at}/data.bin`),
  s3: ["latest", "live", "^1"].map((at) => `/holdfast/team/a/@${at}/data.bin`),
  "raw hub": ["HEAD", "live", "^1"].map((at) => `/team/a/raw/${at}/data.bin`),
};

/** Conditions that files of two versions may both pass. */
const NAMES_NO_FILE = { "if-match": "*", "if-range": "Thu, 01 Jan 2026 00:00:00 GMT" };

interface Service {
  registry: Registry;
  ask(method: string, path: string, headers?: Record<string, string>): Promise<Response>;
  /** Reads a range, and follows a redirect. */
  range(path: string, range: string, headers?: Record<string, string>): Promise<[number, string]>;
  save(text: string): Promise<void>;
  advance(ms: number): void;
}

function serviceTest(name: string, run: (service: Service) => Promise<void>): void {
  Deno.test(name, async () => {
    const system = createScriptedSystem();
    await using registry = await openRegistry("memory:");
    const gateways = [hub, dav, createS3Gateway()];
    await using handler = createCheckedHandler(registry, { gateways, system });
    const ask: Service["ask"] = (method, path, headers) =>
      handler(new Request(`http://localhost${path}`, { method, headers }));
    await run({
      registry,
      ask,
      async range(path, range, headers) {
        const answer = await ask("GET", path, { range: `bytes=${range}`, ...headers });
        if (answer.status !== 307) return [answer.status, await answer.text()];
        const moved = await ask("GET", movedFrom(path, answer), {
          range: `bytes=${range}`,
        });
        return [moved.status, await moved.text()];
      },
      async save(text) {
        const saved = await registry.save("team/a", new TextEncoder().encode(text), {
          as: bytes(),
          bump: "minor",
        });
        await registry.setAlias("team/a", "live", saved.version);
        system.advance(10_000); // what WebDAV keeps of an alias
      },
      advance: (ms) => void system.advance(ms),
    });
  });
}

for (const [door, paths] of Object.entries(DOORS)) {
  const refused = door === "s3" ? 412 : 409;
  serviceTest(`ranges never join two versions: ${door}`, async ({ range, save, advance }) => {
    for (const path of paths) {
      await save(OLD);
      assertEquals(await range(path, "0-3"), [206, "old "]);
      assertEquals(await range(path, "4-7"), [206, "old "]);
      await save(NEW);
      const [status, text] = await range(path, "8-11");
      assertEquals(status, refused);
      for (const [name, value] of Object.entries(NAMES_NO_FILE)) {
        assertEquals((await range(path, "8-11", { [name]: value }))[0], refused, name);
      }
      assertStringIncludes(text, "the file has changed while it was read here");
      const first = door.includes("hub") ? 206 : refused; // the Hub leads it to the commit
      assertEquals((await range(path, "0-3"))[0], first, "from the beginning");
      assertEquals(
        (await range(path, "8-11"))[0],
        refused,
        "another program may still read the old one",
      );
      assertEquals((await range(path, "0-99"))[1], NEW, "the whole file");
      assertEquals((await range(path, "8-11"))[0], refused);
      advance(600_000);
      assertEquals(await range(path, "8-11"), [206, "new "]);
      advance(600_000);
      await save(OLD);
      assertEquals(await range(path, "4-"), [206, "old old old"]);
    }
  });

  serviceTest(`a read from the end, or after a whole one, is the same: ${door}`, async (it) => {
    for (const path of paths) {
      await it.save(OLD);
      assertEquals(await it.range(path, "-3"), [206, "old"]);
      await it.save(NEW);
      assertEquals((await it.range(path, "4-7"))[0], refused);
      assertEquals(await (await it.ask("GET", path)).text(), NEW);
      await it.save(OLD);
      assertEquals((await it.range(path, "4-7"))[0], refused, "a broken download goes on");
      await it.save(NEW);
      await (await it.ask("HEAD", path)).body?.cancel();
      assertEquals(
        (await it.range(path, "4-7"))[0],
        refused,
        "HEAD tells nothing of other programs",
      );
      it.advance(600_000);
      assertEquals(await it.range(path, "4-7"), [206, "new "]);
      it.advance(600_000);
    }
  });

  serviceTest(`conditions and time end what is remembered: ${door}`, async (it) => {
    for (const path of paths) {
      await it.save(OLD);
      const first = await it.ask("GET", path, { range: "bytes=4-7" });
      const etag = first.headers.get("etag")!;
      await first.body?.cancel();
      await it.save(NEW);
      assertEquals(await it.range(path, "4-7", { "if-range": etag }), [200, NEW]);
      assertEquals((await it.range(path, "4-7", { "if-match": etag }))[0], 412);
      it.advance(600_000);
      assertEquals(await it.range(path, "4-7"), [206, "new "]);
      await it.save(`${NEW} `);
      await it.save(NEW);
      assertEquals(await it.range(path, "4-7"), [206, "new "], "another version, the same file");
    }
  });
}
