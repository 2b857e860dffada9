// A Worker that has the conformance suites as routes: `/` lists them, `/?test=NAME` runs one.
import { openRegistry } from "@holdfast/holdfast";
import { createR2Backend, type R2Binding } from "../../../backends/r2.ts";
import { testBackend } from "../../conformance/mod.ts";
import { testRegistry } from "../../conformance/registry.ts";
import { ownTests } from "./own_tests.ts";

const MIB = 2 ** 20;
const tests = new Map<string, (bucket: R2Binding) => Promise<void>>();
let bucket: R2Binding;
let opened = 0;

const register = (name: string, run: () => Promise<void>) => {
  // The file system of workerd is read-only here: a download is Denied.
  if (!name.includes("[no download]")) tests.set(name, run);
};
const open = () => createR2Backend(bucket, { prefix: `test/${++opened}`, partBytes: 5 * MIB });

testBackend(register, () => Promise.resolve(open()), {
  name: "r2",
  capabilities: ["deleteMany"],
});
testRegistry(register, async (settings) => {
  const backend = open();
  const registry = await openRegistry(backend, settings);
  return { registry, reopen: ({ readOnly }) => openRegistry(backend, { readOnly }) };
}, {
  name: "registry on r2",
  features: ["save", "mutable", "unversioned", "readOnly", "annotations"],
});
for (const [name, run] of Object.entries(ownTests)) tests.set(name, run);

// deno-lint-ignore holdfast/no-default-export -- workerd asks for it
export default {
  async fetch(request: Request, env: { BUCKET: R2Binding }): Promise<Response> {
    bucket = env.BUCKET;
    const name = new URL(request.url).searchParams.get("test");
    if (name === null) return Response.json([...tests.keys()]);
    try {
      await tests.get(name)!(bucket);
      return new Response("passed");
    } catch (error) {
      const { stack = String(error) } = error as Error;
      return new Response(stack, { status: 500 });
    }
  },
};
