// Puts versions into a search index in a folder, and searches it. Prints what was found.
// Arguments: the number of versions, and the folder.
import process from "node:process";
import { BlockFiles } from "../../../../apps/server/search/block_files.ts";
import { BlockStore } from "../../../../apps/server/search/block_store.ts";
import type { Block } from "../../../../apps/server/search/stored_block.ts";
import { type Change, changeBlocks } from "../../../../apps/server/search/change_blocks.ts";
import { searchBlocks } from "../../../../apps/server/search/search_blocks.ts";
import { realSystem } from "../../../../core/system.ts";
import { metadataOf } from "../../../bench/search/search_process.ts";

const VERSIONS_OF_A_NAME = 10;
const TOGETHER = 400;

const [count = "", folder = ""] = process.argv.slice(2);
const files = new BlockFiles({ folder, registry: "generated", system: realSystem });
const store = new BlockStore({ files, logger: console });
let blocks: readonly Block[] = [];
let changes: Change[] = [];
for (let at = 0; at < Number(count); at += VERSIONS_OF_A_NAME) {
  changes.push(changeAt(at));
  if (changes.length < TOGETHER) continue;
  blocks = await changeBlocks(store, blocks, changes);
  if (at % (10 * TOGETHER) === 0) blocks = await store.keep(blocks);
  changes = [];
}
blocks = await store.keep(await changeBlocks(store, blocks, changes));
const index = { store, blocks, readAt: 0, cut: false, isPartial: false };
const totals: Record<string, number> = {};
for (const query of ["", "metadata.epochs>=50", "imagenet", "metadata.run="]) {
  const options = { offset: 0, limit: 1000, mayRead: () => true };
  totals[query] = (await searchBlocks(index, query, options)).total;
}
await store.close();
console.log(JSON.stringify(totals));

function changeAt(at: number): Change {
  const name = `runs:${String(at).padStart(9, "0")}`;
  const rows = Array.from({ length: VERSIONS_OF_A_NAME }, (_, i) => {
    const version = `${VERSIONS_OF_A_NAME - i}.0.0`;
    const found = { name, version, aliases: [], metadata: metadataOf(at + i), kind: "json" };
    return { key: "1 0", found: { ...found, createdAt: "2026-01-01T00:00:00.000Z", size: 100 } };
  });
  return { name, print: "x", rows };
}
