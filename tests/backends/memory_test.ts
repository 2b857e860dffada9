import { createMemoryBackend } from "../../backends/memory.ts";
import { testBackend } from "../conformance/mod.ts";

testBackend(Deno.test, () => Promise.resolve(createMemoryBackend()), { name: "memory" });
