// Names with a slash behind a proxy that decodes the path, as nginx with a path in `proxy_pass`.
import { assertEquals } from "@std/assert";
import { publishRelease } from "../../../mod.ts";
import { annotate } from "../../../registry/mod.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";
import { type TestService, testService } from "./service.ts";

const NAMES = ["a", "a/..b", "a//b", "/a/", "team/model", "~/x", "x%2Fy", "é/ü?", "a/versions/1"];

function throughProxy({ handler, through }: TestService) {
  return through((request) => {
    const url = new URL(request.url);
    url.pathname = url.pathname.replaceAll(/%2F/gi, "/").replaceAll(/\/+/g, "/");
    return handler(new Request(url, request));
  });
}

testService("every name passes a proxy that decodes %2F", async (service) => {
  const registry = await throughProxy(service);
  for (const name of NAMES) {
    const { version } = await registry.save(name, { name });
    const ref = `${name}@${version}`;
    assertEquals(await registry.load(ref), { name });
    assertEquals(await registry.has(ref), true);
    await registry.setAlias(name, "prod", version);
    assertEquals((await registry.info(`${name}@prod`)).version, version);
    assertEquals(await aliasesOf(registry, name), { prod: version });
    assertEquals((await Array.fromAsync(registry.history(name, "prod"))).length, 1);
    assertEquals((await Array.fromAsync(registry.versions(name))).length, 1);
    for (const each of [name, ref]) await annotate(registry, each, { notes: name });
    assertEquals((await registry.info(ref, { annotations: true })).annotations?.notes, name);
    await registry.copy(ref, `copy/${name}`);
  }
  const copies = NAMES.map((name) => `copy/${name}`);
  assertEquals((await Array.fromAsync(registry.names())).sort(), [...NAMES, ...copies].sort());
  for (const name of NAMES) {
    await registry.deleteAlias(name, "prod");
    assertEquals(await registry.delete(name, { allVersions: true }), true);
    assertEquals(await registry.has(name), false);
  }
});

testService("so do the ids and parts of drafts, and the members of releases", async (service) => {
  const registry = await throughProxy(service);
  for (const name of NAMES) {
    const draft = await registry.openDraft(name, { id: `run/${name}` });
    await draft.addPart(`part/${name}`, [{ path: "x", content: new TextEncoder().encode(name) }]);
    assertEquals((await draft.info()).parts.map(({ part }) => part), [`part/${name}`]);
    await draft.commit();
  }
  await publishRelease(
    registry,
    "all/names",
    Object.fromEntries(NAMES.map((name) => [name, name])),
  );
  for (const name of NAMES) {
    assertEquals(await (await registry.open(`all/names@1/${name}`)).file("x").text(), name);
  }
});
