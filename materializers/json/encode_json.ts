// From values to what `JSON.stringify` writes, with tags for what JSON lacks.
import { fault, RegistryError } from "../../core/errors.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { described } from "../../core/text/described.ts";
import { encodePart, isJsonPart, type JsonPart } from "./json_parts.ts";
import { MAX_DEPTH } from "../../core/text/plain_value.ts";
import { type JsonValue, setMember, TAG } from "./json_tags.ts";

/**
 * The JSON of a value, and the files beside it.
 *
 * @throws {RegistryError} `Unsupported` with the path to what cannot be represented exactly
 */
export function encodeJson(value: unknown): { root: JsonValue; parts: FileToSave[] } {
  const parts: FileToSave[] = [];
  const path: string[] = ["$"]; // to where the encoder is
  const around = new Set<object>(); // the objects on that path

  function encode(value: unknown): JsonValue {
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
        return value === null ? null : encodeObject(value);
      default:
        throw refuse(`${described(value)} cannot be saved`);
    }
  }

  function encodeObject(value: object): JsonValue {
    if (isJsonPart(value)) return encodeFile(value);
    if (around.has(value)) throw refuse("the object contains itself");
    if (around.size >= MAX_DEPTH) throw refuse(`it is nested more than ${MAX_DEPTH} levels deep`);
    around.add(value);
    const encoded = encodeContainer(value);
    around.delete(value);
    return encoded;
  }

  function encodeContainer(value: object): JsonValue {
    const prototype = Object.getPrototypeOf(value);
    if (Array.isArray(value) && prototype === Array.prototype) return encodeArray(value);
    if (prototype === Object.prototype || prototype === null) {
      return encodeMembers(value, prototype);
    }
    if (isMadeBy(value, Date, Date.prototype.getTime)) {
      refuseMembers(value);
      return { [TAG]: "date", value: Number.isNaN(value.getTime()) ? null : value.toISOString() };
    }
    if (isMadeBy(value, Map, Map.prototype.keys)) {
      refuseMembers(value);
      const entries = Array.from(value, ([key, item], index) => [
        at(`.key(${index})`, key),
        at(`.value(${index})`, item),
      ]);
      return { [TAG]: "map", value: entries };
    }
    if (isMadeBy(value, Set, Set.prototype.keys)) {
      refuseMembers(value);
      return {
        [TAG]: "set",
        value: Array.from(value, (item, index) => at(`.value(${index})`, item)),
      };
    }
    throw refuse(`${described(value)} has no exact form in JSON`);
  }

  function encodeArray(value: unknown[]): JsonValue {
    const entries: [number, JsonValue][] = [];
    for (const key of Reflect.ownKeys(value)) {
      if (key === "length") continue;
      const index = typeof key === "string" ? Number(key) : NaN;
      if (String(index) !== key || !(index >= 0 && index < value.length)) {
        throw refuse(`the array has the property ${String(key)} besides its elements`);
      }
      entries.push([index, at(`[${index}]`, memberOf(value, key))]);
    }
    if (entries.length === value.length) return entries.map(([, item]) => item);
    return { [TAG]: "sparse", length: value.length, value: entries };
  }

  function encodeMembers(value: object, prototype: object | null): JsonValue {
    const members: { [key: string]: JsonValue } = {};
    for (const key of Reflect.ownKeys(value)) {
      if (typeof key === "symbol") {
        throw refuse(`the object has the symbol ${String(key)} as a key`);
      }
      const step = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)
        ? `.${key}`
        : `[${JSON.stringify(key)}]`;
      setMember(members, key, at(step, memberOf(value, key)));
    }
    if (prototype === null) return { [TAG]: "bare", value: members };
    return Object.hasOwn(members, TAG) ? { [TAG]: "object", value: members } : members;
  }

  function memberOf(holder: object, key: string): unknown {
    const property = Object.getOwnPropertyDescriptor(holder, key)!;
    if (!("value" in property)) throw refuse(`its ${JSON.stringify(key)} is a getter or setter`);
    if (!property.enumerable) {
      throw refuse(`its property ${JSON.stringify(key)} is hidden (not enumerable)`);
    }
    return property.value;
  }

  function refuseMembers(value: object): void {
    const [key] = Reflect.ownKeys(value);
    if (key !== undefined) {
      throw refuse(`${described(value)} has the property ${String(key)} of its own`);
    }
  }

  function at(step: string, value: unknown): JsonValue {
    path.push(step);
    const encoded = encode(value);
    path.pop();
    return encoded;
  }

  function encodeFile(value: JsonPart): JsonValue {
    try {
      const { reference, file } = encodePart(value, parts.length);
      parts.push(file);
      return reference;
    } catch (cause) {
      if (!(cause instanceof RegistryError)) throw cause;
      throw refuse(`the content of ${described(value)} cannot be kept exactly`, cause.hint, cause);
    }
  }

  function refuse(state: string, hint?: string, cause?: unknown): RegistryError {
    return fault({
      code: "Unsupported",
      action: "save",
      subject: place(path),
      state,
      hint: hint ??
        "Nothing is altered to make it fit. Turn it into plain data first, or save the value with a " +
          "materializer of its own (defineMaterializer).",
      cause,
    });
  }

  return { root: encode(value), parts };
}

/** The path as text, cut in the middle where it is long. */
function place(path: readonly string[]): string {
  return path.length <= 20
    ? path.join("")
    : `${path.slice(0, 10).join("")}…${path.slice(-5).join("")}`;
}

/** Whether a class made it: of other objects that have its prototype, its methods fail. */
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
