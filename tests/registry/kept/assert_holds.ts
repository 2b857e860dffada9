// The values of the stored registry.
import { assertEquals } from "@std/assert";
import type { Registry } from "../../../core/registry.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";
import { collect, rejected } from "../rejected.ts";
import { MANY_FILES, PAYLOAD } from "./values.ts";

const VALUES: Record<string, unknown> = {
  "my:model@1": "first",
  "my:model@2": { answer: 42, big: 2n ** 70n },
  "my:model": { answer: 42, big: 2n ** 70n },
  "my:model@4.0.0-rc.1": "candidate",
  "my:model@production": { answer: 42, big: 2n ** 70n },
  "data/raw@1": PAYLOAD,
  "data/raw@2": PAYLOAD,
  "con": "compressed ".repeat(20_000),
  "many": MANY_FILES,
};
const VERSIONS = {
  con: ["1.0.0"],
  "data/raw": ["2.0.0", "1.0.0"],
  many: ["1.0.0"],
  "my:model": ["4.0.0-rc.1", "2.0.0", "1.0.0"],
};

export async function assertHolds(registry: Registry): Promise<void> {
  const names = await collect(registry.names());
  assertEquals(names.toSorted(), Object.keys(VERSIONS));
  for (const [name, versions] of Object.entries(VERSIONS)) {
    const found = await collect(registry.versions(name));
    assertEquals(found.map(({ version }) => version), versions);
  }
  for (const [ref, value] of Object.entries(VALUES)) assertEquals(await registry.load(ref), value);
  assertEquals(await aliasesOf(registry, "my:model"), { production: "2.0.0" });
  const changes = await collect(registry.history("my:model", "été_🦊"));
  assertEquals(changes.map(({ version }) => version), [undefined, "1.0.0"]);
  const { version, metadata } = await registry.info("my:model@1");
  assertEquals([version, metadata], ["1.0.0+build.7", { accuracy: 0.5 }]);
  assertEquals((await registry.info("data/raw@2")).inputs, ["my:model@2"]);
  await rejected("NotFound", registry.load("my:model@3"));
  assertEquals((await verifyRegistry(registry)).problems, []);
}
