import { assert, assertEquals } from "@std/assert";
import { realSystem } from "../../../../core/system.ts";
import { isRegistryError, openRegistry } from "../../../../mod.ts";
import { verifyRegistry } from "../../../../apps/maintenance.ts";
import type { Registry, SavedArtifact, StoredRegistry } from "../../../../mod.ts";
import { createResumableUploads } from "../../../../extensions/transfers/uploads.ts";
import { placeOf, testOnServers } from "../../../servers/server_world.ts";
import { createRandom } from "../../../simulate/random.ts";
import { partOfRun, seedCount } from "../../../support/seeds.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { type AttackPlace, openPlace } from "./attacked_store.ts";
import { type Attackers, type AttackEvent, startAttackers } from "./attackers.ts";
import type { DraftAttack } from "./draft_attacker.ts";
import { contentOf, PIECE_BYTES, sendPart, type UploadAttack } from "./upload_attacker.ts";

/** Rounds of each attack on a disk; half as many on a server. */
const ROUNDS = seedCount(12, "HOLDFAST_ATTACK_ROUNDS");
const SEED = Number(realSystem.env("HOLDFAST_SEED") ?? 1);

/** An attack in rounds. Fails if no process was killed. */
function attacking(
  program: string,
  play: (registry: StoredRegistry, attackers: Attackers, rounds: number) => Promise<void>,
): (place: AttackPlace, rounds: number) => Promise<void> {
  return async (place, rounds) => {
    const registry = await openRegistry(await openPlace(place), { cache: false });
    const attackers = startAttackers(program, place);
    try {
      await play(registry, attackers, rounds);
    } finally {
      await attackers[Symbol.asyncDispose]();
      await registry[Symbol.asyncDispose]();
    }
    assert(attackers.kills > 0, "no process was killed");
    console.log(`${rounds} rounds, ${attackers.kills} kills`);
  };
}

const attackDrafts = attacking("draft_attacker.ts", async (registry, attackers, rounds) => {
  const random = createRandom(SEED);
  for (let round = 0; round < rounds; round++) {
    const way = random.pick(["all", "all", "named", "discarded"] as const);
    const events = await attackers.play<DraftAttack>(round, random, { way });
    await checkDraft(registry, { round, way, events }).catch((error) => {
      throw new Error(`round ${round} of seed ${SEED} (${way}): ${JSON.stringify(events)}`, {
        cause: error,
      });
    });
  }
  assertEquals((await verifyRegistry(registry)).problems, []);
});

async function checkDraft(
  registry: Registry,
  { round, way, events }: { round: number; way: DraftAttack["way"]; events: AttackEvent[] },
): Promise<void> {
  assertEquals(events.filter(({ event }) => event === "failed"), []);
  assertEquals(events.filter(({ event, isDiscarded }) => event === "added" && isDiscarded), []);
  const draft = await registry.openDraft("a", { id: `r${round}` });
  const saved = await draft.commit().catch((error) => {
    if (isRegistryError(error, "Conflict", "NotFound")) return undefined;
    throw error;
  });
  const { state } = await draft.info();
  const added = new Set(
    events.filter(({ event }) => event === "added").map(({ part }) => part as string),
  );
  const commits = events.filter(({ event }) => event === "committed");
  const isDiscarded = events.some(({ event, result }) => event === "discarded" && result === true);
  if (saved === undefined) {
    assertEquals([state === "discarded" || added.size === 0, commits], [true, []]);
    return;
  }
  assert(!isDiscarded, "it was discarded and committed");
  const files = new Map<string, string>();
  for (const file of (await registry.open(`a@${saved.version}`)).files()) {
    files.set(file.info.path, new TextDecoder().decode(await file.bytes()).replaceAll("\0", ""));
  }
  const parts = new Set([...files.keys()].map((path) => path.split("/")[0]));
  for (const part of parts) {
    assertEquals(files.get(`${part}/large`), files.get(`${part}/small`), "one delivery, whole");
  }
  if (way !== "named") {
    assertEquals([...added].filter((part) => !parts.has(part)), [], "acknowledged and lost");
  }
  for (const { parts: named, result } of commits) {
    assertEquals((result as SavedArtifact).commit, saved.commit);
    if (named !== undefined) {
      assertEquals(new Set(named as string[]), parts, "other parts than were named");
    }
  }
}

const attackUploads = attacking("upload_attacker.ts", async (registry, attackers, rounds) => {
  const uploads = createResumableUploads(registry, { pieceBytes: PIECE_BYTES });
  const random = createRandom(SEED);
  for (let round = 0; round < rounds; round++) {
    const content = contentOf(round);
    const { id } = await uploads.begin({ size: content.byteLength });
    const events = await attackers.play<UploadAttack>(round, random, { id });
    const said = `round ${round} of seed ${SEED}: ${JSON.stringify(events)}`;
    assertEquals(events.filter(({ event }) => event === "failed"), [], said);
    const acknowledged = Math.max(0, ...events.map(({ result }) => result as number));
    let { offset } = await uploads.state(id);
    assert(offset >= acknowledged, `${offset} of ${acknowledged} bytes are there: ${said}`);
    while (offset < content.byteLength) {
      const bytes = Math.min(PIECE_BYTES, content.byteLength - offset);
      offset = await sendPart(uploads, id, { content, offset, bytes });
      offset = (await uploads.state(id)).offset;
    }
    const stored = await new Response((await uploads.source(id)).stream()).bytes();
    assertEquals(stored, content, said);
  }
});

testInRoot(
  "drafts that processes add to, commit and discard keep every acknowledged part",
  async (root) => {
    await attackDrafts({ path: root.join("registry") }, ROUNDS);
  },
);

testInRoot(
  "uploads whose processes are killed have the bytes that were sent",
  async (root) => {
    await attackUploads({ path: root.join("registry") }, ROUNDS);
  },
);

const IN_A_BUCKET = [
  { name: "drafts in a bucket keep every acknowledged part", attack: attackDrafts },
  { name: "uploads in a bucket have only bytes with a right checksum", attack: attackUploads },
];
for (const { name, attack } of partOfRun(IN_A_BUCKET, 2)) {
  testOnServers(name, "minio", async ({ server, prefix }) => {
    await attack({ server: placeOf(server), prefix }, Math.ceil(ROUNDS / 2));
  });
}
