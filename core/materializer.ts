// The contract of a materializer: it turns a value of one kind into files and back.
import { described } from "./text/described.ts";
import type { Artifact } from "./artifact.ts";
import type { Body } from "./backend.ts";
import { fault, type RegistryError } from "./errors.ts";
import type { FileMode } from "./record.ts";

/** Bytes that can be read more than once, such as a file on disk. */
export interface FileSource {
  /** Number of bytes. A stream of another length fails the save. */
  readonly size: number;
  stream(): ReadableStream<Uint8Array>;
}

/** One file of an artifact that is being saved. */
export interface FileToSave {
  /** Relative path with `/`, without `.` and `..` segments. */
  path: string;
  /** The bytes. Prefer bytes, a blob or a source: a stream can be read only once, so it is never shared with the base. */
  content: Body | FileSource;
  mediaType?: string;
  mode?: FileMode;
  /** When it was modified last, ISO 8601 in UTC with milliseconds: kept where it is given, and part of the digest. */
  modifiedAt?: string;
  /** Called when all files are stored, before the version counts: what it throws fails the save, as of a source that changed. */
  check?(): void;
}

/**
 * The files of a value. A generator keeps memory bounded: what it gives as bytes or as a stream is stored before the next
 * file is asked for. What can be read again, a `Blob` or a {@linkcode FileSource}, may be stored beside those after it.
 */
export type FilesToSave =
  | Iterable<FileToSave>
  | AsyncIterable<FileToSave>
  | Promise<Iterable<FileToSave>>;

/** What a materializer is handed beside the value. */
export interface MaterializeOptions {
  signal?: AbortSignal;
}

/** A class, abstract or not. */
// deno-lint-ignore no-explicit-any
export type Class<T> = abstract new (...args: any[]) => T;

/** How a worker makes a materializer again. */
export interface MaterializerDescriptor {
  /** URL of the module that exports `name`. */
  module: string;
  /** The materializer, or a function without parameters that makes it. */
  name: string;
}

/** Turns a value of one kind into files and back: `S` is what it saves, `T` what it loads. */
export interface Materializer<T = unknown, S = T> {
  /** Stored with each version, and how a load finds it again: `json`, `acme/model`. */
  readonly id: string;
  /** Raised when the files change; a load hands over files of any version up to this one. */
  readonly formatVersion: number;
  /** How a worker makes it again: only for values that survive `structuredClone`. Absent: they never leave the caller's thread. */
  readonly reopen?: MaterializerDescriptor;
  /** Whether it can save this value exactly. */
  accepts?(value: unknown): boolean;
  /** The files of a value. A value that files cannot represent exactly is `Unsupported`, never altered. */
  save(value: S, options: MaterializeOptions): FilesToSave;
  /** The value of files. It must not run code that the files name. */
  load(artifact: Artifact, options: MaterializeOptions): T | Promise<T>;
}

/** A name and the materializer of its values: makes `save` and `load` typed. */
export interface DefinedArtifact<T, S = T> {
  readonly name: string;
  readonly materializer: Materializer<T, S>;
}

/** Whether a verb was given an artifact with its materializer, rather than a ref. What is neither is taken for a ref. */
export function isDefinedArtifact(artifact: unknown): artifact is DefinedArtifact<unknown> {
  return typeof artifact === "object" && artifact !== null;
}

/** The name or the ref that a verb was given, and its options: with the materializer of a defined artifact, if they have none. */
export function namedBy<O extends object>(
  given: string | DefinedArtifact<unknown>,
  member: "as" | "materializer",
  options: O,
): [ref: string, options: O] {
  if (!isDefinedArtifact(given)) return [given, options];
  return [given.name, { [member]: given.materializer, ...options }];
}

/** What {@linkcode defineMaterializer} takes. */
export interface MaterializerDefinition<T, S = T>
  extends Omit<Materializer<T, S>, "formatVersion"> {
  /** Raised when the files change. @default 1 */
  formatVersion?: number;
  /** Saves instances of this class (and of its subclasses that have none of their own). */
  class?: Class<T>;
}

/** A materializer for a class. */
export interface ClassMaterializer<T = unknown, S = T> extends Materializer<T, S> {
  readonly class?: Class<T>;
}

/**
 * Defines a materializer of your own, by class or by `accepts`.
 *
 * @example
 * ```ts
 * import { createMemoryBackend, defineMaterializer, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * class Point {
 *   constructor(readonly x: number, readonly y: number) {}
 * }
 * const point = defineMaterializer({
 *   id: "acme/point",
 *   class: Point,
 *   save: ({ x, y }) => [{ path: "point.txt", content: new TextEncoder().encode(`${x} ${y}`) }],
 *   async load(artifact) {
 *     const [x, y] = new TextDecoder().decode(await artifact.file("point.txt").bytes()).split(" ").map(Number);
 *     return new Point(x, y);
 *   },
 * });
 *
 * await using registry = await openRegistry(createMemoryBackend());
 * registry.materializers.register(point);
 * await registry.save("corner", new Point(3, 4));
 * assertEquals(await registry.load("corner", { as: point }), new Point(3, 4));
 * ```
 */
export function defineMaterializer<T, S = T>(
  definition: MaterializerDefinition<T, S>,
): ClassMaterializer<T, S> {
  const given: Partial<typeof definition> | null | undefined = definition;
  const materializer = { ...definition, formatVersion: given?.formatVersion ?? 1 };
  checkMaterializer(materializer);
  return materializer;
}

/** How a worker makes the materializer again, where values of its kind survive the way: those of a class do not. */
export function reopenOf(materializer: ClassMaterializer): MaterializerDescriptor | undefined {
  return materializer.class === undefined ? materializer.reopen : undefined;
}

/** Throws `Invalid` where an id or a formatVersion cannot stand in a record. */
export function checkMaterializer(
  { id, formatVersion }: Pick<Materializer, "id" | "formatVersion">,
): void {
  const valid = typeof id === "string" && id.length <= 200 && /^[a-z0-9][a-z0-9._/-]*$/.test(id);
  if (valid && Number.isSafeInteger(formatVersion) && formatVersion >= 1) return;
  throw fault({
    code: "Invalid",
    action: "use materializer",
    subject: JSON.stringify(id),
    state: "its id or formatVersion is not valid",
    hint:
      "An id is lowercase letters, digits and . _ / - (acme/model); formatVersion is 1 or more.",
  });
}

/** Throws `Invalid` for what could not load what it saves. */
function checkWhole({ id, save, load }: Partial<Materializer>): void {
  const missing = Object.entries({ save, load }).filter(([, part]) => typeof part !== "function")
    .map(([name]) => name);
  if (missing.length === 0) return;
  throw fault({
    code: "Invalid",
    action: "register materializer",
    subject: JSON.stringify(id),
    state: `it has no ${missing.join(" and no ")}`,
    hint: "It must be able to load what it saves: give it both.",
  });
}

/** The materializers of an opening program. Loading picks only from these. */
export interface Materializers extends Iterable<[id: string, Materializer]> {
  /** Adds a materializer, for its class or for what it `accepts`. An id that is taken is `AlreadyExists`. */
  register<T, S>(materializer: ClassMaterializer<T, S>): ClassMaterializer<T, S>;
  /** Adds a materializer for a class, or for one more class. */
  register<T, S extends T = T>(of: Class<S>, materializer: Materializer<T, S>): Materializer<T, S>;
  /** The one that saves this value: by class (the nearest), else the last added that accepts it, else `Unsupported`. */
  forValue(value: unknown): Materializer;
  /** The one with this id, else `Unsupported` with what there is. */
  get(id: string): Materializer;
  has(id: string): boolean;
  names(): string[];
}

/** Creates a set of materializers; {@linkcode Materializers.forValue} asks later ones first. */
export function createMaterializerSet(
  materializers: readonly ClassMaterializer[] = [],
): Materializers {
  const byId = new Map<string, Materializer>();
  const byClass = new Map<unknown, Materializer>();
  const accepting: Materializer[] = [];

  // deno-lint-ignore no-explicit-any
  function register(...args: [any] | [Class<unknown>, any]): any {
    const materializer: ClassMaterializer = args.length === 1 ? args[0] : args[1];
    const of = args.length === 1 ? materializer.class : args[0];
    checkMaterializer(materializer);
    checkWhole(materializer);
    const known = byId.get(materializer.id);
    if (of !== undefined && byClass.has(of)) throw taken(`class ${of.name}`);
    if (known !== undefined && (known !== materializer || of === undefined)) {
      throw taken(`id "${materializer.id}"`);
    }
    byId.set(materializer.id, materializer);
    if (of !== undefined) byClass.set(of, materializer);
    else accepting.unshift(materializer);
    return materializer;
  }
  for (const materializer of materializers) register(materializer);

  return {
    register,
    forValue(value) {
      for (const of of classesOf(value)) {
        const found = byClass.get(of);
        if (found !== undefined) return found;
      }
      const found = accepting.find((materializer) => materializer.accepts?.(value));
      if (found !== undefined) return found;
      throw fault({
        code: "Unsupported",
        action: "save",
        subject: described(value),
        state: "no materializer takes it",
        hint:
          "Register one with registry.materializers.register(defineMaterializer({ … })), or save plain data. " +
          `There is: ${[...byId.keys()].join(", ")}.`,
      });
    },
    get(id) {
      const found = byId.get(id);
      if (found !== undefined) return found;
      throw fault({
        code: "Unsupported",
        action: "find materializer",
        subject: `"${id}"`,
        state: "not registered in this program",
        hint: `Register it before loading, or pass { as: … }. There is: ${
          [...byId.keys()].join(", ")
        }.`,
      });
    },
    has: (id) => byId.has(id),
    names: () => [...byId.keys()],
    [Symbol.iterator]: () => byId[Symbol.iterator](),
  };
}

function taken(what: string): RegistryError {
  return fault({
    code: "AlreadyExists",
    action: "register a materializer",
    state: `${what} has one`,
    hint: "Each id and each class has one materializer in a set.",
  });
}

/** The classes of a value, nearest first; `Object` only where it is the nearest. */
function classesOf(value: unknown): unknown[] {
  const classes: unknown[] = [];
  if (typeof value !== "object") return classes;
  for (let at = value; at !== null && (at = Object.getPrototypeOf(at)) !== null;) {
    if (at.constructor !== Object || classes.length === 0) classes.push(at.constructor);
  }
  return classes;
}
