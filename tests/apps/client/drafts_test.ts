import { assertEquals, assertRejects } from "@std/assert";
import type { SendRequest } from "../../../apps/client.ts";
import { RegistryError } from "../../../mod.ts";
import { testService } from "./service.ts";

testService(
  "an existing part is acknowledged only if the draft was open after it",
  async (service) => {
    const behind = await service.behind.openDraft("a", { id: "1" });
    for (const part of ["mine", "others"]) {
      await behind.addPart(part, [{ path: part, content: new Uint8Array(1) }]);
    }
    let inspected = 0;
    const send: SendRequest = async (request) => {
      const isInspection = new URL(request.url).pathname.endsWith("/drafts/1");
      if (isInspection && ++inspected === 2) await behind.commit({ parts: ["others"] });
      return await service.handler(request);
    };
    const registry = await service.open({ fetch: send });
    const draft = await registry.openDraft("a", { id: "1" });
    const error = await assertRejects(() => draft.addPart("mine", []), RegistryError);
    assertEquals([error.code, inspected], ["Conflict", 2]);
    await registry[Symbol.asyncDispose]();
  },
);
