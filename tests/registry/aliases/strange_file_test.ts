import { assertEquals } from "@std/assert";
import { text } from "../../conformance/backend/samples.ts";
import { testOnEach } from "../registries.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";

testOnEach(
  "an alias is listed whatever files of strangers come before its records",
  async ({ registry, backend }) => {
    await registry.save("a", 1);
    await registry.setAlias("a", "production", "1.0.0");
    await registry.setAlias("a", "staging", "1.0.0");
    await backend.put("names/a/aliases/production/0.txt", text("not mine"));
    await backend.put("names/a/aliases/0.txt", text("not mine"));
    assertEquals(await aliasesOf(registry, "a"), { production: "1.0.0", staging: "1.0.0" });
  },
);
