// Records with values that no program writes, each tried in a registry of its own.
import { sha256 } from "../../../core/bytes/digest.ts";
import type { RegistryError } from "../../../core/errors.ts";
import { decodeRecord } from "../../../registry/format/record_codec.ts";
import { keysOf } from "../registries.ts";
import { checkWording } from "../rejected.ts";
import {
  createWorld,
  type HostileWorld,
  type Line,
  openRecord,
  recordAt,
  savedObjects,
  sealed,
} from "./hostile_world.ts";

/** Uses a record. Throws if it affects more than its name. */
type Meet = (world: HostileWorld, about: string) => Promise<void>;

const DEEP = "[".repeat(50_000) + "]".repeat(50_000);
const LONE = "\ud800";
/** Values of every type, as JSON text: JSON.stringify cannot make all of them. */
const VALUES: Record<string, string> = {
  "null": "null",
  "true": "true",
  "zero": "0",
  "a negative number": "-1",
  "a fraction": "1.5",
  "a number past 2^53": "9007199254740993",
  "a huge number": "1e308",
  "an empty text": `""`,
  "a lone surrogate": JSON.stringify(LONE),
  "a control character": `"\\u0000"`,
  "a path out of here": `"../../etc/passwd"`,
  "__proto__": `"__proto__"`,
  "a huge version": `"99999999999999999999.0.0"`,
  "a long text": JSON.stringify("x".repeat(100_000)),
  "an empty list": "[]",
  "a list of lists": "[[[]]]",
  "a list of nothing": "[null,null]",
  "200,000 entries": `[${Array(200_000).fill(`"a"`).join(",")}]`,
  "1,000 empty objects": `[${Array(1_000).fill("{}").join(",")}]`,
  "50,000 nested lists": DEEP,
  "an empty object": "{}",
  "an object with __proto__":
    `{"__proto__":{"id":"x","formatVersion":1},"constructor":1,"toString":1,"toJSON":1}`,
};

/** The place of such a value. */
type Place = [member: string, put: (line: Line) => void];

const HOLE = "\u0001hole\u0001";

const VERSION_MEMBERS = [
  ...[
    ..."format kind generation commit previous startedAt createdAt name version".split(" "),
    ..."materializer".split(" "),
  ],
  ...[
    ..."metadata inputs files fileList digest size key origin unknown __proto__".split(" "),
  ],
];
const FILE_MEMBERS = [
  ..."path size sha256 mediaType mode encoding inline parts from unknown".split(" "),
];
const PART_MEMBERS = ["object", "offset", "size", "sha256", "from"];

function member(name: string): Place {
  return [name, (line) => define(line, name)];
}

function define(target: object, name: string): void {
  Object.defineProperty(target, name, {
    value: HOLE,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

type Files = { parts?: object[] }[];

const VERSION_PLACES: Place[] = [
  ...VERSION_MEMBERS.map(member),
  ...["id", "formatVersion"].map((name): Place => [
    `materializer.${name}`,
    (line) => define(line.materializer as object, name),
  ]),
  ...FILE_MEMBERS.map((
    name,
  ): Place => [`file.${name}`, (line) => define((line.files as Files)[0], name)]),
  ...PART_MEMBERS.map((name): Place => [
    `part.${name}`,
    (line) =>
      define((line.files as Files).find(({ parts }) => parts !== undefined)!.parts![0], name),
  ]),
  ["metadata.member", (line) => define(line.metadata as object, "x")],
  ["input", (line) => void (line.inputs = [HOLE])],
  ["file", (line) => void (line.files as unknown[]).push(HOLE)],
];
const ALIAS_PLACES = ["name", "alias", "version", "commit", "generation", "origin", "unknown"].map(
  member,
);
const NOTE_PLACES = ["name", "version", "notes", "labels", "commit", "generation", "origin"].map(
  member,
);
const KEY_PLACES: Place[] = [
  ...["name", "key", "target", "commit"].map(member),
  ...["version", "generation"].map((
    name,
  ): Place => [`target.${name}`, (line) => define(line.target as object, name)]),
];

/** A commit id that does not exist. */
export const NOBODY: string = `${"0".repeat(8)}-0000-0000-0000-${"0".repeat(12)}`;

/** Other changes of a version's line. */
const CHANGES: Record<string, (line: Line) => void> = {
  "one path twice": (line) => void (line.files as object[]).push((line.files as object[])[0]),
  "overlapping parts": (line) => {
    for (const { parts } of line.files as { parts?: { offset?: number; size: number }[] }[]) {
      if (parts !== undefined) parts.push(...parts, { ...parts[0], offset: 1, size: 5 });
    }
  },
  "parts past the end": (line) => {
    for (const { parts } of line.files as { parts?: { offset?: number }[] }[]) {
      for (const part of parts ?? []) part.offset = 2 ** 40;
    }
  },
  "inline past the end": (line) => {
    for (const file of line.files as { inline?: number[] }[]) {
      if (file.inline) file.inline = [2 ** 40, 2 ** 50];
    }
  },
  "inline and parts": (line) => {
    for (const file of line.files as { inline?: number[] }[]) file.inline = [0, 3];
  },
  "plain bytes that say gzip": (line) => {
    for (const file of line.files as { encoding?: string }[]) file.encoding = "gzip";
  },
  "payload of another name": (line) => {
    for (const file of line.files as { from?: string }[]) {
      file.from = `p8p9p9/${NOBODY}`;
    }
  },
};

async function withHostile(
  meet: Meet,
  folder: string,
  change: (line: Line) => void,
  value: string,
  about: string,
): Promise<void> {
  const [key, record] = (await savedObjects()).find(([key]) => key.startsWith(folder))!;
  const { line, inline } = openRecord(record);
  change(line);
  const bytes = sealed(JSON.stringify(line).replace(JSON.stringify(HOLE), () => value), inline);
  if (!isRead(bytes, key)) return;
  const world = await createWorld();
  await world.store.put(key, bytes);
  await meet(world, about);
}

/** Records that are refused as a whole have their own test. */
function isRead(bytes: Uint8Array, key: string): boolean {
  try {
    decodeRecord(bytes, key);
    return true;
  } catch (error) {
    checkWording(error as RegistryError);
    return false;
  }
}

/** Lists of files, as text. */
export const LISTS: Record<string, string> = {
  ...VALUES,
  "no JSON": "no JSON",
  "nothing": "",
  "half a list": `[{"path":"a"`,
  "files that are none": `[{"path":"a"},5]`,
  "a file with a part of 50,000 nested lists": `[{"path":"large","size":1,"sha256":"${
    "0".repeat(64)
  }","parts":[{"object":0,"size":1,"x":${DEEP}}]}]`,
};

/** Tests a use of each record. */
export function testHostile(effect: string, meet: Meet): void {
  for (
    const [kind, folder, places] of [
      ["version", "names/a/versions/", VERSION_PLACES],
      ["alias", "names/a/aliases/", ALIAS_PLACES],
      ["key", "names/a/keys/", KEY_PLACES],
      ["note", "names/a/notes/", NOTE_PLACES],
    ] as const
  ) {
    for (const [value, text] of Object.entries(VALUES)) {
      Deno.test(`${value} anywhere in a record of kind ${kind} ${effect}`, async () => {
        for (const [member, put] of places) {
          await withHostile(meet, folder, put, text, `${member} is ${value}`);
        }
      });
    }
  }

  Deno.test(`an entirely invalid record ${effect}`, async () => {
    for (const folder of ["versions", "aliases", "keys", "notes"]) {
      for (const change of [{ commit: 5 }, { format: "holdfast/2" }]) {
        const world = await createWorld();
        const [key] = await keysOf(world.store, `names/a/${folder}/`);
        const { line } = await recordAt(world.store, key);
        await world.store.put(key, sealed(JSON.stringify({ ...line, ...change })));
        await meet(world, folder);
      }
    }
  });

  for (const [what, change] of Object.entries(CHANGES)) {
    Deno.test(`a record with ${what} ${effect}`, async () => {
      await withHostile(meet, "names/a/versions/", change, "", what);
    });
  }

  for (const [what, text] of Object.entries(LISTS)) {
    Deno.test(`a list of files that is ${what} ${effect}`, async () => {
      const world = await createWorld();
      const [key] = await keysOf(world.store, "names/a/versions/");
      const { line, inline } = await recordAt(world.store, key);
      const bytes = new TextEncoder().encode(text);
      const folder = (await keysOf(world.store, "objects/a/")).find((object) =>
        object.includes(line.commit as string)
      )!;
      await world.store.put(folder.replace(/\d+$/, "77"), bytes);
      Object.assign(line, {
        files: [],
        fileList: { object: 77, size: bytes.byteLength, sha256: sha256(bytes) },
      });
      await world.store.put(key, sealed(JSON.stringify(line), inline));
      await meet(world, what);
    });
  }
}
