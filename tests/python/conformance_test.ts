// Python reads the registries that the cases of the suite leave behind: in the folder, and
// through a service with a token.
import { assertEquals } from "@std/assert";
import { createLocalBackend, openRegistry } from "../../mod.ts";
import { registryCases, testRegistry } from "../conformance/registry.ts";
import { openOn } from "../registry/conformance/open_on.ts";
import { tempRoot } from "../support/temp_root.ts";
import {
  describe,
  python,
  type PythonReader,
  served,
  startReader,
  why,
  withoutMessages,
} from "./reader.ts";

/** One reader serves all tests of this file. */
const UNCHECKED = { sanitizeOps: false, sanitizeResources: false };
let reader: PythonReader | undefined;
let compared = 0;

async function compare(path: string): Promise<void> {
  reader ??= startReader();
  await using registry = await openRegistry(createLocalBackend({ path }), { cache: false });
  const expected = await describe(registry);
  const onDisk = await reader.ask({ ask: "describe", location: path });
  assertEquals(withoutMessages(onDisk), expected);
  await using service = served(registry);
  const { location, token } = service;
  const overHttp = await reader.ask({ ask: "describe", location, token });
  assertEquals(withoutMessages(overHttp), expected);
  compared++;
}

testRegistry((name, run) => {
  Deno.test({ name: `${name}${why}`, ignore: python === undefined, ...UNCHECKED, fn: run });
}, async (settings) => {
  const root = await tempRoot();
  const create = () => createLocalBackend({ path: root.join("registry"), durability: "os" });
  const { registry, ...rest } = await openOn(create, settings);
  const dispose = registry[Symbol.asyncDispose].bind(registry);
  const comparing = async () => {
    try {
      await dispose();
      await compare(root.join("registry"));
    } finally {
      await root.remove();
    }
  };
  return { registry: Object.assign(registry, { [Symbol.asyncDispose]: comparing }), ...rest };
}, { name: "read by Python" });

Deno.test({
  name: `the reader has read what every case left${why}`,
  ignore: python === undefined,
  ...UNCHECKED,
  async fn() {
    await reader![Symbol.asyncDispose]();
    assertEquals(compared, registryCases.length);
  },
});
