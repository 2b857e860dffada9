// Encodes values for `JSON.stringify`, with tags for what JSON lacks.
import { fault, RegistryError } from "../../core/errors.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { described } from "../../core/text/described.ts";
import { encodePart, isJsonPart, type JsonPart } from "./json_parts.ts";
import { MAX_DEPTH } from "../../core/text/plain_value.ts";
import { type JsonValue, setMember, TAG } from "./json_tags.ts";

/**
 * Returns the JSON of a value, and the files beside it.
 *
 * @throws {RegistryError} `Unsupported` with the path to a value that has no exact form
 */
export function encodeJson(value: unknown): { root: JsonValue; parts: FileToSave[] } {
  const encoder = new JsonEncoder();
  return { root: encoder.encode(value), parts: encoder.parts };
}

class JsonEncoder {
  readonly parts: FileToSave[] = [];
  /** The steps to the current value. */
  readonly #path: string[] = ["$"];
  readonly #around = new Set<object>();

  encode(value: unknown): JsonValue {
    switch (typeof value) {
      case "string":
      case "boolean":
        return value;
      case "number":
        if (Object.is(value, -0)) return { [TAG]: "number", value: "-0" };
        return Number.isFinite(value) ? value : { [TAG]: "number", value: String(value) };
      case "undefined":
        return { [TAG]: "undefined" };
      case "bigint":
        return { [TAG]: "bigint", value: String(value) };
      case "object":
        return value === null ? null : this.#encodeObject(value);
      default:
        throw this.#refuse(`${described(value)} cannot be saved`);
    }
  }

  #encodeObject(value: object): JsonValue {
    if (isJsonPart(value)) return this.#encodeFile(value);
    if (this.#around.has(value)) throw this.#refuse("the object contains itself");
    if (this.#around.size >= MAX_DEPTH) {
      throw this.#refuse(`it is nested more than ${MAX_DEPTH} levels deep`);
    }
    this.#around.add(value);
    const encoded = this.#encodeContainer(value);
    this.#around.delete(value);
    return encoded;
  }

  #encodeContainer(value: object): JsonValue {
    const prototype = Object.getPrototypeOf(value);
    if (Array.isArray(value) && prototype === Array.prototype) return this.#encodeArray(value);
    if (prototype === Object.prototype || prototype === null) {
      return this.#encodeMembers(value, prototype);
    }
    if (isMadeBy(value, Date, Date.prototype.getTime)) {
      this.#refuseMembers(value);
      return { [TAG]: "date", value: Number.isNaN(value.getTime()) ? null : value.toISOString() };
    }
    if (isMadeBy(value, Map, Map.prototype.keys)) {
      this.#refuseMembers(value);
      const entries = Array.from(value, ([key, item], index) => [
        this.#at(`.key(${index})`, key),
        this.#at(`.value(${index})`, item),
      ]);
      return { [TAG]: "map", value: entries };
    }
    if (isMadeBy(value, Set, Set.prototype.keys)) {
      this.#refuseMembers(value);
      const items = Array.from(value, (item, index) => this.#at(`.value(${index})`, item));
      return { [TAG]: "set", value: items };
    }
    throw this.#refuse(`${described(value)} has no exact form in JSON`);
  }

  #encodeArray(value: unknown[]): JsonValue {
    const entries: [number, JsonValue][] = [];
    for (const key of Reflect.ownKeys(value)) {
      if (key === "length") continue;
      const index = typeof key === "string" ? Number(key) : NaN;
      if (String(index) !== key || !(index >= 0 && index < value.length)) {
        throw this.#refuse(`the array has an extra property ${String(key)}`);
      }
      entries.push([index, this.#at(`[${index}]`, this.#memberOf(value, key))]);
    }
    if (entries.length === value.length) return entries.map(([, item]) => item);
    return { [TAG]: "sparse", length: value.length, value: entries };
  }

  #encodeMembers(value: object, prototype: object | null): JsonValue {
    const members: { [key: string]: JsonValue } = {};
    for (const key of Reflect.ownKeys(value)) {
      if (typeof key === "symbol") {
        throw this.#refuse(`the object has the symbol key ${String(key)}`);
      }
      const step = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)
        ? `.${key}`
        : `[${JSON.stringify(key)}]`;
      setMember(members, key, this.#at(step, this.#memberOf(value, key)));
    }
    if (prototype === null) return { [TAG]: "bare", value: members };
    return Object.hasOwn(members, TAG) ? { [TAG]: "object", value: members } : members;
  }

  #memberOf(holder: object, key: string): unknown {
    const property = Object.getOwnPropertyDescriptor(holder, key)!;
    if (!("value" in property)) {
      throw this.#refuse(`its ${JSON.stringify(key)} is a getter or setter`);
    }
    if (!property.enumerable) {
      throw this.#refuse(`its property ${JSON.stringify(key)} is not enumerable`);
    }
    return property.value;
  }

  #refuseMembers(value: object): void {
    const [key] = Reflect.ownKeys(value);
    if (key !== undefined) {
      throw this.#refuse(`${described(value)} has an extra property ${String(key)}`);
    }
  }

  #at(step: string, value: unknown): JsonValue {
    this.#path.push(step);
    const encoded = this.encode(value);
    this.#path.pop();
    return encoded;
  }

  #encodeFile(value: JsonPart): JsonValue {
    try {
      const { reference, file } = encodePart(value, this.parts.length);
      this.parts.push(file);
      return reference;
    } catch (cause) {
      if (!(cause instanceof RegistryError)) throw cause;
      const state = `the content of ${described(value)} has no exact form`;
      throw this.#refuse(state, cause);
    }
  }

  #refuse(state: string, cause?: RegistryError): RegistryError {
    const hint = cause?.hint ??
      "Convert it to plain data first, or define a materializer for it (defineMaterializer).";
    const subject = place(this.#path);
    return fault({ code: "Unsupported", action: "save", subject, state, hint, cause });
  }
}

/** Returns the path as text, with a long one cut in the middle. */
function place(path: readonly string[]): string {
  return path.length <= 20
    ? path.join("")
    : `${path.slice(0, 10).join("")}…${path.slice(-5).join("")}`;
}

/** Returns true for an instance of a class, false for an object that only has its prototype. */
function isMadeBy<T extends object>(
  value: object,
  { prototype }: { readonly prototype: T },
  method: (this: T) => unknown,
): value is T {
  if (Object.getPrototypeOf(value) !== prototype) return false;
  try {
    method.call(value as T);
    return true;
  } catch {
    return false;
  }
}
