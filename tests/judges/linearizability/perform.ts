// Carries out the requests of a history.
import { isRegistryError } from "../../../core/errors.ts";
import type { FileToSave } from "../../../core/materializer.ts";
import type { Registry } from "../../../core/registry.ts";
import type { Files } from "../../../files/verbs/files.ts";
import { publishRelease, resolveRelease } from "../../../mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import type { Answer, Request } from "./request.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";

export interface ValueCodec {
  make(label: string): unknown;
  labelOf(value: unknown): string;
}

/** Plain text; every third value is too large for its record. */
export const TEXTS: ValueCodec = {
  make: (label) => padded(label),
  labelOf: (value) => String(value).trimEnd(),
};

/** Returns the answer or the allowed failure of an operation. Throws other failures. */
export async function answered(work: Promise<Answer>): Promise<Answer> {
  try {
    return await work;
  } catch (error) {
    if (!isRegistryError(error)) throw error;
    if (error.code === "Unknown" || error.maybeWritten) return { result: "maybe" };
    if (error.code === "NotFound") return { result: "missing" };
    if (error.code === "AlreadyExists") return { result: "exists" };
    if (error.code === "Conflict") return { result: "conflict" };
    if (error.code === "Unavailable") return { result: "none" };
    throw error;
  }
}

export async function performOnRegistry(
  registry: Registry,
  request: Request,
  codec = TEXTS,
): Promise<Answer> {
  const { key, op, version, mode, value = "", expected } = request;
  const ref = `${key}@${version}`;
  const read = async (from: string): Promise<Answer> => {
    return { result: "ok", got: codec.labelOf(await registry.load(from)) };
  };
  if (key.startsWith("draft ")) return await performOnDraft(registry, request);
  if (key.startsWith("alias ")) return await performOnAlias(registry, request);
  if (key.startsWith("release ")) return await performOnRelease(registry, request);
  switch (op) {
    case "append":
    case "save": {
      const onConflict = mode === "create" ? undefined : mode;
      const options = version === undefined ? {} : { version: String(version), onConflict };
      const saved = await registry.save(key, codec.make(value), options);
      return { result: "ok", version: Number.parseInt(saved.version), skipped: saved.skipped };
    }
    case "delete":
      return { result: "ok", done: await registry.delete(ref) };
    case "undelete":
      await registry.undelete(ref);
      return { result: "ok" };
    case "read":
      return await read(ref);
    case "latest":
      return await read(key);
    case "list": {
      const listed: number[] = [];
      for await (const entry of registry.versions(key)) listed.push(Number.parseInt(entry.version));
      return { result: "ok", listed };
    }
    case "collect":
      await collectGarbage(registry);
      return { result: "ok" };
    default:
      throw new Error(`Cannot ${op} on a registry: unknown operation (${expected})`);
  }
}

export const ALIASED = "aliased";
export const ALIASED_VERSIONS = 4;

async function performOnAlias(
  registry: Registry,
  { key, op, value = "", expected }: Request,
): Promise<Answer> {
  const alias = key.slice("alias ".length);
  switch (op) {
    case "set": {
      const options = expected === undefined ? {} : { expected: expected === "" ? null : expected };
      await registry.setAlias(ALIASED, alias, value, options);
      return { result: "ok" };
    }
    case "delete":
      return { result: "ok", done: await registry.deleteAlias(ALIASED, alias) };
    default: {
      const { [alias]: got } = await aliasesOf(registry, ALIASED);
      return got === undefined ? { result: "missing" } : { result: "ok", got };
    }
  }
}

/** Saves two versions of each number, and releases of them, for `performOnRelease`. */
export async function publishReleases(registry: Registry, codec = TEXTS): Promise<void> {
  for (let n = 1; n <= ALIASED_VERSIONS; n++) {
    const version = `${n}.0.0`;
    for (const name of ["net", "bpe"]) await registry.save(name, codec.make(`v${n}`), { version });
    await publishRelease(registry, "serving", { model: "net", tokenizer: "bpe" }, { version });
  }
}

/** Moves an alias of releases. A read resolves it: the members decide what it was. */
async function performOnRelease(registry: Registry, request: Request): Promise<Answer> {
  const alias = request.key.slice("release ".length);
  if (request.op === "set") {
    const { value = "", expected } = request;
    const options = expected === undefined ? {} : { expected: expected === "" ? null : expected };
    await registry.setAlias("serving", alias, value, options);
    return { result: "ok" };
  }
  if (request.op === "delete") {
    return { result: "ok", done: await registry.deleteAlias("serving", alias) };
  }
  const { members } = await resolveRelease(registry, `serving@${alias}`);
  const versions = Object.values(members).map(({ ref }) => ref.split("@")[1]);
  return { result: "ok", got: [...new Set(versions)].join(" and ") };
}

async function performOnDraft(registry: Registry, request: Request): Promise<Answer> {
  const { key, op, part = "", parts, value = "" } = request;
  const draft = await registry.openDraft("drafted", { id: key.slice("draft ".length) });
  switch (op) {
    case "add": {
      const files: FileToSave[] = [{
        path: part,
        content: new TextEncoder().encode(padded(value)),
      }];
      return { result: "ok", done: (await draft.addPart(part, files)).added };
    }
    case "commit": {
      const { version } = await draft.commit({ parts });
      const content: Record<string, string> = {};
      try {
        for (const file of (await registry.open(`drafted@${version}`)).files()) {
          content[file.info.path] = new TextDecoder().decode(await file.bytes()).trimEnd();
        }
      } catch (error) {
        // committed, and nobody can tell as what
        if (isRegistryError(error, "Unavailable")) return { result: "maybe" };
        throw error;
      }
      return { result: "ok", content };
    }
    case "discard":
      return { result: "ok", done: await draft.discard() };
    default: {
      const info = await draft.info();
      return { result: "ok", state: info.state, listed: info.parts.map((one) => one.part) };
    }
  }
}

export async function performOnFiles(files: Files, request: Request): Promise<Answer> {
  const { key: folder, op, path = "", to = "", mode, value } = request;
  const place = (name: string) => `${folder}/${name}.json`;
  switch (op) {
    case "save":
      await files.save(place(path), { value }, {
        mode: mode === "create" ? "create" : "overwrite",
      });
      return { result: "ok" };
    case "delete":
    case "remove":
      return { result: "ok", done: await files.delete(place(path)) };
    case "read":
      return { result: "ok", got: (await files.load<{ value: string }>(place(path))).value };
    case "move":
      await files.move(place(path), place(to));
      return { result: "ok" };
    default: {
      const names = await files.listDir(folder);
      return { result: "ok", listed: names.map((name) => name.replace(/\.json$/, "")) };
    }
  }
}

function padded(label: string): string {
  return label.endsWith("3") ? label.padEnd(66_000) : label;
}
