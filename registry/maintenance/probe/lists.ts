// What finding the newest record stands on: a listing knows every write that was acknowledged, in
// the order of the keys' bytes, from where it is asked to begin.
import { compareUtf8, sameBytes } from "../../../core/bytes/bytes.ts";
import { forEachAtOnce } from "../../../core/work/at_once.ts";
import { type Listed, must, type ProbeStepDefinition, type ProbeTarget, text } from "./target.ts";

/** Keys as a registry makes them, in order: `-` and `.` come before `/`, all else after it. */
const KEYS = [
  "order/a-/x",
  "order/a.alive",
  "order/a/.alive",
  "order/a/0",
  "order/a/1",
  "order/a/b-c/1",
  "order/a/b/1",
  "order/a/b/10",
  "order/a/b/2",
  "order/a/b=2f/1",
  "order/a/b_/1",
  "order/a/bb/1",
  "order/a0/x",
  "order/a=2e=2e/x",
  "order/a_/x",
  "order/aa/x",
];

/** Keys that no registry makes, and file stores may, in order: U+FF5E is a smaller number than U+1F600, but not in UTF-16. */
const BEYOND = [
  "beyond/A b",
  "beyond/a%2f",
  "beyond/a+b",
  "beyond/a:b",
  "beyond/é",
  "beyond/～",
  "beyond/😀",
];

/** Longest key of a registry, and its longest segment, bytes. */
const MAX_KEY_BYTES = 900, MAX_SEGMENT_BYTES = 200;

export const listSteps: readonly ProbeStepDefinition[] = [
  { name: "a list sees every create and delete", required: true, run: seesWrites },
  { name: "a list is in the order of its keys' bytes", required: true, run: isOrdered },
  {
    name: "a list begins after a key and ends at a limit",
    required: true,
    run: honoursAfterAndLimit,
  },
  { name: "a list folds by delimiter", required: true, run: foldsByDelimiter },
  { name: "the longest keys are stored", required: true, run: storesLongKeys },
  {
    name: "keys beyond those of a registry are stored and ordered",
    required: false,
    run: storesOtherKeys,
  },
];

/** As a cell is written: each new record comes first. */
async function seesWrites(target: ProbeTarget): Promise<void> {
  const keys: string[] = [];
  for (let generation = 1; generation <= 6; generation++) {
    const key = `cell/${99 - generation}.rec`;
    const body = text("x".repeat(500 + generation)); // dead records are told by their size
    must(await target.create(key, body), "a create where nothing is was refused");
    keys.unshift(key);
    const { keys: found, infos } = await target.list("cell/", { limit: 1 });
    must(found[0] === key, "a list did not show an object that was acknowledged before it began");
    const size = infos.get(key)?.size;
    must(size === body.byteLength, `a list says ${size} bytes of an object of ${body.byteLength}`);
  }
  same(
    await target.list("cell/"),
    keys,
    "a list did not show all objects that were acknowledged before it began",
  );
  for (const key of keys.splice(0, 2)) {
    await target.delete(key);
    must(
      (await target.list("cell/", { limit: 1 })).keys[0] !== key,
      "a list showed an object that was deleted",
    );
  }
  same(await target.list("cell/"), keys, "a list did not show what was left after deletes");
}

async function isOrdered(target: ProbeTarget): Promise<void> {
  await forEachAtOnce(KEYS.toReversed(), (key) => target.put(key, text(key)));
  same(
    await target.list("order/"),
    KEYS,
    "a list is not complete, or not in the order of its keys' bytes",
  );
  await forEachAtOnce(
    ["order/a/", "order/a", "order/a/b", "order/a/b/1", "order/b"],
    async (prefix) => {
      const expected = KEYS.filter((key) => key.startsWith(prefix));
      same(
        await target.list(prefix),
        expected,
        `a list of the prefix "${prefix}" is not of the keys that begin with it`,
      );
    },
  );
}

async function honoursAfterAndLimit(target: ProbeTarget): Promise<void> {
  await forEachAtOnce(
    ["order/a/0", "order/a/b", "order/a/b/1", "order/a/b0", "order/a0", "order/aa/x"],
    async (after) => {
      const expected = KEYS.filter((key) => compareUtf8(key, after) > 0);
      same(
        await target.list("order/", { after }),
        expected,
        `a list after "${after}" is not of what follows it`,
      );
    },
  );
  await forEachAtOnce([1, 3, KEYS.length], async (limit) => {
    const expected = KEYS.slice(0, limit);
    same(
      await target.list("order/", { limit }),
      expected,
      `a list of at most ${limit} is not of the first ${limit}`,
    );
  });
  const paged: string[] = [];
  while (paged.length < KEYS.length) {
    const { keys } = await target.list("order/", { limit: 5, after: paged.at(-1) });
    must(keys.length > 0 && keys.length <= 5, `a page of at most 5 has ${keys.length}`);
    paged.push(...keys);
  }
  must(paged.join() === KEYS.join(), "pages by after and limit do not give each key once");
}

async function foldsByDelimiter(target: ProbeTarget): Promise<void> {
  const expected = [".alive", "0", "1", "b-c/", "b/", "b=2f/", "b_/", "bb/"].map((name) =>
    `order/a/${name}`
  );
  const wrong = "a list with a delimiter is not of the folders and keys at that place";
  same(await target.list("order/a/", { delimiter: "/" }), expected, wrong);
  same(
    await target.list("order/a/", { delimiter: "/", after: "order/a/b/", limit: 2 }),
    expected.slice(5, 7),
    wrong,
  );
}

async function storesLongKeys(target: ProbeTarget): Promise<void> {
  const segment = (char: string) => `${char}=2d`.repeat(MAX_SEGMENT_BYTES / 4);
  const long = ["a", "b", "c"].map(segment).join("/");
  const folder = target.folder.length + "long/".length + long.length + 1;
  const rest = `${"d".repeat(20)}/${"d".repeat(MAX_KEY_BYTES - folder - 21)}`; // it is longer than a segment may be
  await keeps(target, "long/", [`long/${long}/${rest}`, `long/${segment("x")}`]);
}

async function storesOtherKeys(target: ProbeTarget): Promise<void> {
  await keeps(target, "beyond/", BEYOND);
}

/** Each key holds its own object, and a list shows them in order. */
async function keeps(target: ProbeTarget, prefix: string, keys: readonly string[]): Promise<void> {
  await forEachAtOnce(keys, (key) => target.put(key, text(key)));
  await forEachAtOnce(keys, async (key) => {
    must(
      sameBytes(await target.read(key), text(key)),
      `the object of the key "${shortened(key)}" is another`,
    );
  });
  same(
    await target.list(prefix),
    keys,
    "a list does not show these keys, or not in the order of their bytes",
  );
}

function same({ keys }: Listed, expected: readonly string[], otherwise: string): void {
  const wrong = keys.findIndex((key, i) => key !== expected[i]);
  if (wrong < 0 && keys.length === expected.length) return;
  const shown = (key: string | undefined) => key === undefined ? "its end" : `"${shortened(key)}"`;
  const place = wrong < 0 ? keys.length : wrong;
  must(false, `${otherwise}: ${shown(keys[place])} came where ${shown(expected[place])} belongs`);
}

function shortened(key: string): string {
  return key.length > 40 ? `${key.slice(0, 40)}…` : key;
}
