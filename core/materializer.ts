// The contract of a materializer, which turns values of one kind into files and back.
import { described } from "./text/described.ts";
import { type Artifact, artifactOfValue } from "./artifact.ts";
import type { Body } from "./backend.ts";
import { bodyHint } from "./bytes/bytes.ts";
import { checkCount, fault, invalid, type RegistryError } from "./errors.ts";
import type { FileInfo } from "./record.ts";

/** Bytes that can be read more than once, such as a file on disk. */
export interface FileSource {
  /** Number of bytes. A stream of another length fails the save. */
  readonly size: number;
  stream(): ReadableStream<Uint8Array>;
}

/** One file of an artifact that is being saved. */
export interface FileToSave extends Omit<FileInfo, "size" | "sha256"> {
  /** Prefer bytes, a blob or a source: streams are read once and never shared with the base. */
  content: Body | FileSource;
  /** Called when all files are stored. An error fails the save, e.g. if the source changed. */
  check?(): void | Promise<void>;
}

/**
 * The files of a value. A generator bounds memory: bytes and streams are stored before the next
 * file is requested. Files with a `Blob` or {@linkcode FileSource} may be stored in parallel.
 */
export type FilesToSave =
  | Iterable<FileToSave>
  | AsyncIterable<FileToSave>
  | Promise<Iterable<FileToSave>>;

/** Options that a materializer receives. */
export interface MaterializeOptions {
  signal?: AbortSignal;
  /**
   * The most files that this save takes. A generator that knows its files throws for more before it
   * returns the first. @default unlimited
   */
  mostFiles?: number;
}

/** A class, abstract or not. */
// deno-lint-ignore no-explicit-any
export type Class<T> = abstract new (...args: any[]) => T;

/** Instructions to create a materializer in a worker. */
export interface MaterializerDescriptor {
  /** URL of the module that exports `name`. */
  module: string;
  /** The materializer, or a function without parameters that creates it. */
  name: string;
}

/** Turns values into files and back: `S` is the type it saves, `T` the type it loads. */
export interface Materializer<T = unknown, S = T> {
  /** Stored with each version, to find it on load: `json`, `acme/model`. */
  readonly id: string;
  /** Raise it when the files change. `load` receives files of any version up to this one. */
  readonly formatVersion: number;
  /** For values that `structuredClone` copies. Absent: values stay on the caller's thread. */
  readonly reopen?: MaterializerDescriptor;
  /** True if it can save this value exactly. */
  accepts?(value: unknown): boolean;
  /** Returns the files of a value. Throws `Unsupported` rather than alter a value. */
  save(value: S, options: MaterializeOptions): FilesToSave;
  /**
   * Returns the value of files. Never runs code that the files name. One of `defineMaterializer`
   * receives only the files that `save` returned: a run adds its curve to a version.
   */
  load(artifact: Artifact, options: MaterializeOptions): T | Promise<T>;
}

/** A name and the materializer of its values, which makes `save` and `load` typed. */
export interface DefinedArtifact<T, S = T> {
  readonly name: string;
  readonly materializer: Materializer<T, S>;
}

/** True for an artifact with its materializer; anything else is taken as a ref. */
export function isDefinedArtifact(artifact: unknown): artifact is DefinedArtifact<unknown> {
  return typeof artifact === "object" && artifact !== null;
}

/** Returns the ref of an artifact, and the options with its materializer as a default. */
export function namedBy<O extends object>(
  artifact: string | DefinedArtifact<unknown>,
  options: O,
): [ref: string, options: O] {
  if (!isDefinedArtifact(artifact)) return [artifact, options];
  return [artifact.name, { as: artifact.materializer, ...options }];
}

/** Argument of {@linkcode defineMaterializer}. */
export interface MaterializerDefinition<T, S = T>
  extends Omit<Materializer<T, S>, "formatVersion"> {
  /** Raise it when the files change. @default 1 */
  formatVersion?: number;
  /** Saves instances of this class and of its subclasses without a materializer. */
  class?: Class<T>;
}

/** A materializer of instances of a class. */
export interface ClassMaterializer<T = unknown, S = T> extends Materializer<T, S> {
  readonly class?: Class<T>;
}

/**
 * Defines your own materializer, by class or by `accepts`.
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
 *     const text = new TextDecoder().decode(await artifact.file("point.txt").bytes());
 *     const [x = NaN, y = NaN] = text.split(" ").map(Number);
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
  const passed: Partial<typeof definition> | null | undefined = definition;
  const { load } = passed ?? {};
  const materializer: ClassMaterializer<T, S> = {
    ...definition,
    formatVersion: passed?.formatVersion ?? 1,
    ...typeof load === "function" &&
      { load: (artifact, options) => load.call(definition, artifactOfValue(artifact), options) },
  };
  checkMaterializer(materializer);
  return materializer;
}

/** Returns how a worker creates the materializer. Instances of classes cannot be sent to one. */
export function reopenOf(materializer: ClassMaterializer): MaterializerDescriptor | undefined {
  return materializer.class === undefined ? materializer.reopen : undefined;
}

/** Throws `Invalid` for an id or formatVersion that a record cannot store, also for null. */
export function checkMaterializer(
  materializer: Pick<Materializer, "id" | "formatVersion">,
): void {
  const { id, formatVersion } = materializer ?? {};
  const valid = typeof id === "string" && id.length <= 200 && /^[a-z0-9][a-z0-9._/-]*$/.test(id);
  if (valid && Number.isSafeInteger(formatVersion) && formatVersion >= 1) return;
  throw invalid("use materializer", JSON.stringify(id), "invalid id or formatVersion", {
    hint: "Use lowercase letters, digits and . _ / - (acme/model), and a formatVersion from 1.",
  });
}

function checkMethods({ id, save, load }: Partial<Materializer>): void {
  const missing = Object.entries({ save, load }).find(([, part]) => typeof part !== "function");
  if (missing === undefined) return;
  const subject = JSON.stringify(id);
  const state = `it has no ${missing[0]}`;
  const hint = "Pass both save and load.";
  throw fault({ code: "Invalid", action: "register materializer", subject, state, hint });
}

/** The materializers of a program. A load uses only these. */
export interface Materializers extends Iterable<[id: string, Materializer]> {
  /** Adds a materializer. An id or class that has one is `AlreadyExists`. */
  register<T, S>(materializer: ClassMaterializer<T, S>): ClassMaterializer<T, S>;
  /** Adds a materializer for a class, or for another class. */
  register<T, S extends T = T>(of: Class<S>, materializer: Materializer<T, S>): Materializer<T, S>;
  /** Returns the materializer of the nearest class, else the last added that accepts the value. */
  forValue(value: unknown): Materializer;
  /**
   * Keeps the materializer that a save or load was given as `as`, for later loads. One that is
   * registered under its id is used instead.
   */
  remember(materializer: Pick<Materializer, "id"> & Partial<Materializer>): void;
  /** Throws `Unsupported` for an id neither registered nor remembered; the hint lists the ids. */
  get(id: string): ClassMaterializer;
  has(id: string): boolean;
  names(): string[];
}

/** Creates a set of materializers; {@linkcode Materializers.forValue} tries later ones first. */
export function createMaterializerSet(
  materializers: readonly ClassMaterializer[] = [],
): Materializers {
  const byId = new Map<string, Materializer>();
  const byClass = new Map<unknown, Materializer>();
  const accepting: Materializer[] = [];
  const used = new Map<string, Materializer>();

  // deno-lint-ignore no-explicit-any
  function register(...args: [any] | [Class<unknown>, any]): any {
    checkCount("register a materializer", args, 2);
    const materializer: ClassMaterializer = args.at(-1);
    const of = args.length === 1 ? materializer.class : args[0];
    checkMaterializer(materializer);
    checkMethods(materializer);
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
  const known = () => `Known: ${[...byId.keys()].join(", ")}.`;

  return {
    register,
    forValue(value) {
      for (const of of classesOf(value)) {
        const ofClass = byClass.get(of);
        if (ofClass !== undefined) return ofClass;
      }
      const acceptor = accepting.find((materializer) => materializer.accepts?.(value));
      if (acceptor !== undefined) return acceptor;
      const state = "no materializer accepts it";
      const hint = bodyHint(value) ??
        `Register a materializer (defineMaterializer), or save plain data. ${known()}`;
      throw fault({ code: "Unsupported", action: "save", subject: described(value), state, hint });
    },
    remember(materializer) {
      const { id, load } = materializer;
      if (typeof load === "function") used.set(id, materializer as Materializer);
    },
    get(id) {
      const materializer = byId.get(id) ?? used.get(id);
      if (materializer !== undefined) return materializer;
      const subject = `"${id}"`;
      const state = "not registered in this program";
      const hint = `Register it before loading, or pass { as: … }. ${known()}`;
      throw fault({ code: "Unsupported", action: "find materializer", subject, state, hint });
    },
    has: (id) => byId.has(id),
    names: () => [...byId.keys()],
    [Symbol.iterator]: () => byId[Symbol.iterator](),
  };
}

function taken(what: string): RegistryError {
  const state = `${what} has one`;
  const hint = "Use another id or class, or another set of materializers.";
  return fault({ code: "AlreadyExists", action: "register a materializer", state, hint });
}

/** Returns the classes of a value, nearest first; `Object` only if it is the nearest. */
function classesOf(value: unknown): unknown[] {
  const classes: unknown[] = [];
  if (typeof value !== "object") return classes;
  for (let at = value; at !== null && (at = Object.getPrototypeOf(at)) !== null;) {
    if (at.constructor !== Object || classes.length === 0) classes.push(at.constructor);
  }
  return classes;
}
