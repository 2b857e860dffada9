// A store behind a gateway that changes entity tags, as those that compress do.
import { assert, assertEquals } from "@std/assert";
import type { ObjectInfo } from "../../../core/backend.ts";
import { readAll } from "../../../core/bytes/bytes.ts";
import { assertBytes, passed, sampleBytes } from "../../conformance/backend/samples.ts";
import { S3_SERVERS } from "../../support/servers/mod.ts";
import { testOnServers } from "../../servers/server_world.ts";

const GATEWAYS: Record<string, (tag: string) => string> = {
  "makes entity tags weak": (tag) => `W/${tag}`,
  "adds a suffix to entity tags": (tag) => tag.replace(/"$/, '-gzip"'),
};
const LARGE = sampleBytes(17 * 2 ** 20);

for (const [what, change] of Object.entries(GATEWAYS)) {
  testOnServers(`a gateway that ${what} changes no object`, S3_SERVERS, async (world) => {
    world.proxy.plan(() => ({ fault: "tag", change }));
    const [direct, backend] = [world.store(), world.proxied({ retryForMs: 0 })];
    const tags = new Set<string | undefined>();
    const note = (info?: ObjectInfo) => tags.add(info?.etag);

    const put = await backend.put("large", LARGE); // in parts
    assert(put.written);
    note(put.info);
    for (const store of [backend, direct]) {
      note(await store.head("large"));
      for await (const entry of store.list("")) note(entry as ObjectInfo);
    }
    const object = (await backend.get("large"))!;
    note(object.info);
    assertBytes(await object.bytes(), LARGE);
    assertBytes(await readAll((await backend.get("large"))!.body), LARGE);
    assertBytes(await passed((await backend.get("large", { passing: true }))!), LARGE);
    assertEquals(tags.size, 1, [...tags].join());

    await backend.copy!("large", "copy");
    assertBytes(await (await direct.get("copy"))!.bytes(), LARGE);
    await backend.delete("copy", { ifEtag: (await backend.head("copy"))!.etag });
    assertEquals(await direct.head("copy"), undefined);
  });
}
