// The objects of the strict fake: generations that strictly rise, and conditions that are honoured
// everywhere.
import { createHash } from "node:crypto";
import { encodeCrc32c } from "../../../backends/gcs/encode_crc32c.ts";
import { crc32c } from "../../../core/bytes/digest.ts";
import { compareUtf8 } from "../../../core/bytes/bytes.ts";
import type { System } from "../../../core/system.ts";
import { GcsFailure } from "./gcs_failure.ts";

export interface StoredGeneration {
  readonly name: string;
  readonly generation: number;
  metageneration: number;
  readonly bytes: Uint8Array;
  readonly crc32c: string;
  readonly md5Hash: string;
  readonly timeCreated: number;
  updated: number;
  properties: Record<string, unknown>;
}

export type Conditions = Partial<
  Record<
    | "ifGenerationMatch"
    | "ifGenerationNotMatch"
    | "ifMetagenerationMatch"
    | "ifMetagenerationNotMatch",
    number
  >
>;

export interface NewObject {
  name: string;
  bytes: Uint8Array;
  properties: Record<string, unknown>;
  crc32c?: string;
  md5Hash?: string;
}

export interface ObjectStore {
  find(name: string, generation?: number): StoredGeneration | undefined;
  insert(object: NewObject, conditions: Conditions): StoredGeneration;
  /** Changes the properties of an object. */
  patch(
    name: string,
    properties: Record<string, unknown>,
    conditions: Conditions,
  ): StoredGeneration;
  remove(name: string, generation: number | undefined, conditions: Conditions): void;
  /** Names of live objects, in the order of their UTF-8 bytes. */
  names(): string[];
}

/** Makes an empty bucket. `versioned` ones keep generations that were replaced. */
export function createObjectStore(
  { system, versioned }: { system: System; versioned: boolean },
): ObjectStore {
  const live = new Map<string, StoredGeneration>();
  const old = new Map<string, StoredGeneration>();
  let lastGeneration = 0;
  let sorted: string[] | undefined;

  function retire(object: StoredGeneration): void {
    if (versioned) old.set(`${object.generation} ${object.name}`, object);
  }

  const store: ObjectStore = {
    find(name, generation) {
      const current = live.get(name);
      if (generation === undefined || current?.generation === generation) return current;
      return old.get(`${generation} ${name}`);
    },

    insert({ name, bytes, properties, ...expected }, conditions) {
      checkName(name);
      const sums = {
        crc32c: encodeCrc32c(crc32c(bytes)),
        md5Hash: createHash("md5").update(bytes).digest("base64"),
      };
      for (const sum of ["crc32c", "md5Hash"] as const) {
        if (expected[sum] !== undefined && expected[sum] !== sums[sum]) {
          throw new GcsFailure(
            400,
            "invalid",
            `Provided ${sum} "${expected[sum]}" does not match "${sums[sum]}".`,
          );
        }
      }
      const before = live.get(name);
      checkConditions(before, conditions);
      const now = system.now();
      lastGeneration = Math.max(lastGeneration + 1, now * 1000);
      const object = {
        name,
        bytes,
        ...sums,
        generation: lastGeneration,
        metageneration: 1,
        properties,
      };
      if (before === undefined) sorted = undefined;
      else retire(before);
      const stored = { ...object, timeCreated: now, updated: now };
      live.set(name, stored);
      return stored;
    },

    patch(name, properties, conditions) {
      const object = live.get(name);
      if (object === undefined) throw missingObject(name);
      checkConditions(object, conditions);
      object.properties = { ...object.properties, ...properties };
      object.metageneration++;
      object.updated = system.now();
      return object;
    },

    remove(name, generation, conditions) {
      const object = store.find(name, generation);
      if (object === undefined) throw missingObject(name);
      checkConditions(object, conditions);
      if (live.get(name) !== object) return void old.delete(`${generation} ${name}`);
      live.delete(name);
      if (generation === undefined) retire(object);
      sorted = undefined;
    },

    names: () => sorted ??= [...live.keys()].sort(compareUtf8),
  };
  return store;
}

/** Throws 412 if the object does not meet a condition. */
export function checkConditions(
  object: StoredGeneration | undefined,
  conditions: Conditions,
): void {
  const { generation = 0, metageneration = 0 } = object ?? {};
  const holds = (wanted: number | undefined, actual: number, equal: boolean) =>
    wanted === undefined || (wanted === actual) === equal;
  if (
    holds(conditions.ifGenerationMatch, generation, true) &&
    holds(conditions.ifGenerationNotMatch, generation, false) &&
    holds(conditions.ifMetagenerationMatch, metageneration, true) &&
    holds(conditions.ifMetagenerationNotMatch, metageneration, false)
  ) return;
  throw new GcsFailure(
    412,
    "conditionNotMet",
    "At least one of the pre-conditions you specified did not hold.",
  );
}

/** Returns the response for a missing object. */
export function missingObject(name: string): GcsFailure {
  return new GcsFailure(404, "notFound", `No such object: ${name}`);
}

/** https://cloud.google.com/storage/docs/objects#naming */
function checkName(name: string): void {
  const size = new TextEncoder().encode(name).byteLength;
  if (size < 1 || size > 1024 || /[\r\n]/.test(name) || name === "." || name === "..") {
    throw new GcsFailure(400, "invalid", "Invalid object name.");
  }
}
