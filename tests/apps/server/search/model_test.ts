// An index against a model that reads the whole registry for each search: random histories of saves,
// deletions, aliases and notes, by the service and by others, over several processes.
import { assert, assertEquals } from "@std/assert";
import { type IndexedVersion, placeOfName } from "../../../../apps/server/search/block.ts";
import { parseQuery, searchText } from "../../../../apps/server/search/query.ts";
import { searchBlocks } from "../../../../apps/server/search/search_blocks.ts";
import type { SearchIndexReader } from "../../../../apps/server/search/search_index.ts";
import { openRegistry, type Registry } from "../../../../mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { IS_QUICK, seedRange } from "../../../support/seeds.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { openIndex } from "./open_index.ts";

const NAMES = ["a", "a-b", "a/b", "B", "team:model", "zé"];
const QUERIES = [
  "",
  "a",
  "MODEL",
  "é",
  '"two words"',
  "coco",
  '"a\nb"',
  "name=a",
  "name!=a version>2",
  "version<3",
  "alias=best",
  "alias=",
  "alias!=best",
  "kind=json",
  "by=",
  "created>=2026-01-01",
  "state=failed",
  "state!=failed",
  "metadata.loss<0.5",
  "metadata.loss>=0.5 coco",
  "metadata.data.rows>3",
  "metadata.data.rows=",
  "metadata.dotted.key=1",
  "metadata.loss=NaN",
  "metadata.__proto__=7",
  "metadata.epochs>3",
  "labels.checked=true",
  "labels.checked!=",
  "text metadata.tags=",
];

type Random = (count: number) => number;

function someMetadata(random: Random): Record<string, unknown> {
  const all: [string, unknown][] = [
    ["loss", [0.1, 0.9, "NaN", "0.3", 1e21][random(5)]],
    ["epochs", [1, 5, "5", null, true][random(5)]],
    ["dataset", ["coco", "ImageNet", 'a "quoted" coco', "ſ K İ", "a\nb"][random(5)]],
    [
      "data",
      [{ rows: random(9) }, { rows: "4", "deep.er": [1, { x: "two words" }] }, 7][random(3)],
    ],
    ["dotted.key", random(2)],
    ["run", [{ id: "7", startedAt: "2026-01-01T00:00:00.000Z", failed: "" }, "r"][random(2)]],
    ["__proto__", random(9)],
    ["tags", [[], ["x", "model"], ["x"]][random(3)]],
    [`own${random(1000)}`, "\ud83d\ude00 text"],
  ];
  const kept = all.filter(() => random(3) > 0);
  return Object.fromEntries(random(2) === 0 ? kept : kept.reverse());
}

/** Changes something. Returns the name. */
async function changeRegistry(registry: Registry, random: Random): Promise<string> {
  const name = NAMES[random(NAMES.length)]!;
  const versions = await Array.fromAsync(registry.versions(name));
  const version = versions[random(versions.length || 1)]?.version;
  const what = random(12);
  if (version === undefined || what < 5) {
    for (let more = random(8) === 0 ? 30 : 1; more > 0; more--) {
      await registry.save(name, random(9), { metadata: someMetadata(random) as never });
    }
  } else if (what < 7) await registry.delete(`${name}@${version}`, { force: true });
  else if (what < 8) await registry.setAlias(name, ["best", "old"][random(2)]!, version);
  else if (what < 9) {
    const notes = ["", "see the MODEL", "two words"][random(3)]!;
    await annotate(registry, `${name}@${version}`, { labels: { checked: random(2) === 0 }, notes });
  } else if (what < 10) {
    const [deleted] = await Array.fromAsync(registry.versions(name, { deleted: true, limit: 1 }));
    if (deleted !== undefined) await registry.undelete(`${name}@${deleted.version}`);
  } else if (what < 11 && random(4) === 0) {
    for (const each of versions) await registry.delete(`${name}@${each.version}`, { force: true });
  } else {
    for await (const { alias } of registry.aliases(name)) await registry.deleteAlias(name, alias);
  }
  return name;
}

/** Returns all versions by reading each. */
async function readAll(registry: Registry): Promise<IndexedVersion[]> {
  const names = await Array.fromAsync(registry.names());
  names.sort((a, b) => placeOfName(a) < placeOfName(b) ? -1 : 1);
  const all: IndexedVersion[] = [];
  for (const name of names) {
    const aliases = await Array.fromAsync(registry.aliases(name));
    const listed = registry.versions(name, { details: true, annotations: true });
    for await (const { version, info, annotations } of listed) {
      const { metadata, materializer, createdAt, size, by } = info!;
      all.push({
        name,
        version,
        aliases: aliases.filter((each) => each.version === version).map(({ alias }) => alias),
        metadata,
        labels: annotations?.labels,
        notes: annotations?.notes,
        kind: materializer.id,
        createdAt: createdAt.toISOString(),
        size,
        by: by?.name,
      });
    }
  }
  return all;
}

async function compareSearches(
  index: SearchIndexReader,
  registry: Registry,
  random: Random,
): Promise<void> {
  const all = await readAll(registry);
  for (let searches = 6; searches > 0; searches--) {
    const query = QUERIES[random(QUERIES.length)]!;
    const newest = random(4) === 0;
    const hidden = random(3) === 0 ? NAMES[random(NAMES.length)]! : "";
    const offset = random(3) === 0 ? random(20) : 0, limit = 1 + random(50);
    const options = { offset, limit, newest, mayRead: (name: string) => name !== hidden };
    const found = await index.search({}, (read) => searchBlocks(read, query, options));
    const matches = parseQuery(query);
    const expected = all
      .filter(({ name }, at) => name !== hidden && !(newest && all[at - 1]?.name === name))
      .filter((each) => matches(each, searchText(each)));
    const said = `${query} ${JSON.stringify({ newest, hidden, offset, limit })}`;
    assertEquals(found.total, expected.length, said);
    const page = expected.slice(offset, offset + limit);
    assertEquals(JSON.stringify(found.items), JSON.stringify(page), said);
  }
}

testInRoot("a search finds what a reading of the whole registry does", async (root) => {
  const { firstSeed, seeds } = seedRange(IS_QUICK ? 2 : 40, "HOLDFAST_SEARCH_SEEDS");
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const system = createScriptedSystem({ seed });
    const random: Random = (count) => Math.floor(system.random() * count);
    await using registry = await openRegistry("memory:", { system });
    const folder = root.join(String(seed));
    const options = [{ folder, blockSize: 16 }, { blockSize: 16 }, { folder, blockSize: 5 }];
    const services = options.map((each) => openIndex(registry, system, each));
    try {
      for (let step = 0; step < 40; step++) {
        const at = random(services.length);
        const name = await changeRegistry(registry, random);
        const isOwn = random(2) === 0;
        if (isOwn) await services[at]!.writes.note(name);
        if (random(5) > 0) continue;
        if (random(3) === 0) {
          await services[at]!.close();
          services[at] = openIndex(registry, system, options[at]!);
        } else await services[at]!.refresh();
        await compareSearches(services[at]!.index, registry, random);
      }
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    } finally {
      for (const service of services) await service.close();
    }
  }
  assert(seeds > 0);
});
