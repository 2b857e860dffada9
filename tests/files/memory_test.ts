import { createMemoryFiles } from "../../files/memory.ts";
import { testFileStore } from "../conformance/files.ts";

testFileStore(Deno.test, () => Promise.resolve(createMemoryFiles()), { name: "memory files" });
