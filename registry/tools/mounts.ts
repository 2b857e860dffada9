// Several registries as one, each below a prefix of names.
import type { Artifact, ArtifactInfo } from "../../core/artifact.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import {
  type DefinedArtifact,
  defineMaterializer,
  isDefinedArtifact,
} from "../../core/materializer.ts";
import { checkName, encodeName, shown } from "../../core/naming/names.ts";
import { parseRef } from "../../core/naming/refs.ts";
import type { ArtifactInput } from "../../core/record.ts";
import { fileFacts } from "../../core/registry/file_facts.ts";
import { RELEASE } from "../../core/registry/release.ts";
import type { RegistryService } from "../../core/registry/service.ts";
import type {
  CopyOptions,
  NamesOptions,
  Registry,
  SavedArtifact,
  SaveOptions,
} from "../../core/registry.ts";
import { defineRegistry } from "../contract/define_registry.ts";
import { resolveRelease } from "../contract/release.ts";
import { annotate, annotationsOf } from "./annotate.ts";
import { lineageOf, logOf } from "./history.ts";

interface Mount {
  prefix: string;
  registry: Registry;
}

/** A name or ref, and the mount that has it. */
interface Place extends Mount {
  /** Without the prefix. */
  ref: string;
}

/**
 * Returns several registries as one. Each name belongs to the mount with the longest matching
 * prefix, whose registry stores it without the prefix. The mount "" has all other names.
 *
 * Inputs and members of releases stay within their mount. Maintenance works on each registry
 * separately. Closing the result closes none of them.
 *
 * @throws {RegistryError} `Invalid` for no mount, or mounts that differ in `versioned`
 *
 * @example
 * ```ts
 * import { mountRegistries, openRegistry } from "@holdfast/holdfast";
 * import { assertEquals } from "@std/assert";
 *
 * await using own = await openRegistry("memory:");
 * await using shared = await openRegistry("memory:");
 * const all = mountRegistries({ "": own, "team:": shared });
 * await all.save("team:model", { depth: 12 });
 * assertEquals(await shared.load("model"), { depth: 12 });
 * await all.copy("team:model", "mine");
 * assertEquals(await Array.fromAsync(all), ["mine", "team:model"]);
 * ```
 */
export function mountRegistries(mounts: Readonly<Record<string, Registry>>): Registry {
  return new Mounts(mounts).registry;
}

class Mounts {
  /** Longest prefix first. */
  readonly #mounts: readonly Mount[];

  constructor(mounts: Readonly<Record<string, Registry>>) {
    this.#mounts = Object.entries(mounts ?? {})
      .map(([prefix, registry]) => ({ prefix, registry }))
      .sort((a, b) => b.prefix.length - a.prefix.length);
    const kinds = new Set(this.#mounts.map(({ registry }) => registry.settings.versioned));
    if (kinds.size === 1) return;
    const state = kinds.size === 0 ? "none are given" : "only some of them have versions";
    const hint = 'Pass registries by prefix: { "": own, "team:": shared }.';
    throw fault({ code: "Invalid", action: "mount registries", state, hint });
  }

  get registry(): Registry {
    const main = this.#mounts.at(-1)!.registry; // that of "", if there is one
    const { id, settings, materializers } = main;
    const mutable = this.#mounts.every(({ registry }) => registry.settings.mutable);
    return defineRegistry({
      ...{ id, materializers, settings: { ...settings, mutable } },
      location: this.#mounts.map(({ prefix, registry }) => `${prefix}=${registry.location}`).join(
        " ",
      ),
      open: async (ref, options) => {
        const { registry, ref: inner, prefix } = this.#at(ref);
        return artifactBelow(prefix, await registry.open(inner, options));
      },
      load: (async (given: string | DefinedArtifact<unknown>, options) => {
        if (!isDefinedArtifact(given)) {
          const { registry, ref } = this.#at(given);
          return await registry.load(ref, options);
        }
        const { registry, ref } = this.#at(given.name);
        return await registry.load({ ...given, name: ref }, options);
      }) as Registry["load"],
      get: async (ref, options) => await this.#call(ref, (to, inner) => to.get(inner, options)),
      has: async (ref, options) => await this.#call(ref, (to, inner) => to.has(inner, options)),
      download: async (ref, how) => await this.#call(ref, (to, inner) => to.download(inner, how)),
      delete: async (ref, options) =>
        await this.#call(ref, (to, inner) => to.delete(inner, options)),
      info: async (ref, options) => {
        const { registry, ref: inner, prefix } = this.#at(ref);
        return infoBelow(prefix, await registry.info(inner, options));
      },
      names: (options) => this.#names(options),
      versions: (name, options) =>
        this.#list(name, (to, inner) => to.versions(inner, options), (entry, prefix) => ({
          ...entry,
          name: prefix + entry.name,
          ...entry.info && { info: infoBelow(prefix, entry.info) },
        })),
      aliases: (name, options) => this.#list(name, (to, inner) => to.aliases(inner, options)),
      history: (name, alias, options) =>
        this.#list(name, (to, inner) => to.history(inner, alias, options)),
      watch: (name, options) =>
        this.#list(name, (to, inner) => to.watch(inner, options), (event, prefix) => ({
          ...event,
          name: prefix + event.name,
        })),
      save: async (
        given: string | DefinedArtifact<unknown>,
        value: unknown,
        options?: SaveOptions,
      ) => await this.#save(given, value, options),
      setAlias: async (name, ...rest) =>
        await this.#call(name, (to, inner) => to.setAlias(inner, ...rest)),
      deleteAlias: async (name, ...rest) =>
        await this.#call(name, (to, inner) => to.deleteAlias(inner, ...rest)),
      copy: async (ref, to, options) => await this.#copy(ref, to, options),
      openDraft: async (name, options) =>
        await this.#call(name, (to, inner) => to.openDraft(inner, options)),
      service: this.#service(),
    });
  }

  #service(): RegistryService {
    return {
      lineage: async (ref, options) => {
        const { registry, ref: inner, prefix } = this.#at(ref);
        const { root, nodes, edges, unsure, unreadable, ...rest } = await lineageOf(
          registry,
          inner,
          options,
        );
        const below = (ref: string) => prefix + ref;
        return {
          ...rest,
          root: below(root),
          nodes: nodes.map((node) => ({ ...node, ref: below(node.ref) })),
          edges: edges.map(({ from, to }) => ({ from: below(from), to: below(to) })),
          unsure: unsure.map(below),
          unreadable: unreadable.map(below),
        };
      },
      log: (name, options) =>
        this.#list(name, (to, inner) => logOf(to, inner, options), (entry, prefix) => ({
          ...entry,
          name: prefix + entry.name,
        })),
      release: async (ref, options) => {
        const { registry, ref: inner, prefix } = this.#at(ref);
        const release = await resolveRelease(registry, inner, { ...options, partial: true });
        const members = Object.entries(release.members)
          .map(([key, member]) => [key, { ...member, ref: prefix + member.ref }]);
        return { ...release, name: prefix + release.name, members: Object.fromEntries(members) };
      },
      annotations: async (ref, options) =>
        await this.#call(ref, (to, inner) => annotationsOf(to, inner, options)),
      annotate: async (ref, change, options) =>
        await this.#call(ref, (to, inner) => annotate(to, inner, change, options)),
    };
  }

  /** Returns the mount of a ref, and the ref there. */
  #at(ref: string): Place {
    const { name } = parseRef(typeof ref === "string" ? ref.replace(/@.*/s, "") : ref);
    const found = this.#mounts.find(({ prefix }) => name.startsWith(prefix) && name !== prefix);
    if (found !== undefined) return { ...found, ref: ref.slice(found.prefix.length) };
    const prefixes = this.#mounts.map(({ prefix }) => shown(prefix)).join(", ");
    throw fault({
      code: "NotFound",
      action: "find the mount of",
      subject: shown(name),
      state: "no mount has a matching prefix",
      hint: `Begin the name with one of ${prefixes}, or mount a registry at "".`,
    });
  }

  #call<T>(ref: string, action: (registry: Registry, ref: string) => Promise<T>): Promise<T> {
    const { registry, ref: inner } = this.#at(ref);
    return action(registry, inner);
  }

  async *#list<T>(
    name: string,
    list: (registry: Registry, name: string) => AsyncIterable<T>,
    below: (item: T, prefix: string) => T = (item) => item,
  ): AsyncGenerator<T> {
    const { registry, ref, prefix } = this.#at(name);
    for await (const item of list(registry, ref)) yield below(item, prefix);
  }

  /** Merges the names of the mounts in the order of their encoding. */
  async *#names({ prefix: wanted = "", after, limit = Infinity, signal }: NamesOptions = {}) {
    if (after !== undefined) checkName(after);
    const from = after === undefined ? "" : encodeName(after);
    const lists = this.#mounts.filter(({ prefix }) =>
      prefix.startsWith(wanted) || wanted.startsWith(prefix)
    ).map(({ prefix, registry }) => ({
      prefix,
      names: registry.names({
        prefix: wanted.slice(prefix.length),
        after: after?.startsWith(prefix) && after !== prefix
          ? after.slice(prefix.length)
          : undefined,
        signal,
      })[Symbol.asyncIterator](),
      next: undefined as { name: string; order: string } | undefined,
    }));
    const advance = async (list: (typeof lists)[number]) => {
      for (;;) {
        const { done, value } = await list.names.next();
        if (done) return void (list.next = undefined);
        const name = list.prefix + value, order = encodeName(name);
        list.next = { name, order };
        if (order > from && this.#at(name).prefix === list.prefix) return; // else it is hidden
      }
    };
    try {
      await Promise.all(lists.map(advance));
      for (let count = 0; count < limit; count++) {
        const first = lists.filter(({ next }) => next !== undefined)
          .sort((a, b) => a.next!.order < b.next!.order ? -1 : 1)[0];
        if (first === undefined) return;
        yield first.next!.name;
        if (count + 1 < limit) await advance(first);
      }
    } finally {
      for (const { names } of lists) await names.return?.();
    }
  }

  async #save(
    given: string | DefinedArtifact<unknown>,
    value: unknown,
    { inputs, base, ...options }: SaveOptions = {},
  ): Promise<SavedArtifact> {
    const name = isDefinedArtifact(given) ? given.name : given;
    const { registry, ref, prefix } = this.#at(name);
    const within = (other: string) => {
      const place = this.#at(other);
      if (place.prefix === prefix) return place.ref;
      throw acrossMounts(`save ${shown(name)}`, `${shown(other)} is in another mount`);
    };
    const inside = <T>(of: T): T => {
      const { ref } = (of ?? {}) as { ref?: unknown };
      return typeof ref === "string" ? { ...of, ref: within(ref) } : of; // others are refused there
    };
    const how: SaveOptions = {
      ...options,
      ...inputs && {
        inputs: !Array.isArray(inputs)
          ? inputs
          : inputs.map((input) => typeof input === "string" ? within(input) : inside(input)),
      },
      ...base !== undefined && { base: typeof base === "string" ? within(base) : base },
    };
    if (how.materializer?.id === RELEASE) {
      const members = Object.entries(value as object);
      value = Object.fromEntries(members.map(([key, member]) => [key, inside(member)]));
    }
    const artifact = isDefinedArtifact(given) ? { ...given, name: ref } : ref;
    return savedBelow(prefix, await registry.save(artifact, value, how));
  }

  async #copy(ref: string, to: string, options: CopyOptions = {}): Promise<SavedArtifact> {
    const from = this.#at(ref), target = this.#at(to);
    if (from.prefix === target.prefix) {
      return savedBelow(target.prefix, await from.registry.copy(from.ref, target.ref, options));
    }
    const { signal, onConflict, onProgress } = options;
    const artifact = await from.registry.open(from.ref, { signal });
    const { materializer: { id, formatVersion }, metadata } = artifact.info;
    const { name, selector } = parseRef(target.ref);
    const version = selector.kind === "version" ? selector.version.full : undefined;
    const save = () =>
      artifact.files().map((file) => ({
        path: file.info.path,
        ...fileFacts(file.info),
        content: { size: file.info.size, stream: () => file.stream() },
      }));
    const load = () => undefined;
    const materializer = defineMaterializer<unknown>({ id, formatVersion, save, load });
    const how = { version, metadata, materializer, onConflict, onProgress, signal };
    return savedBelow(target.prefix, await target.registry.save(name, undefined, how));
  }
}

function acrossMounts(action: string, state: string): RegistryError {
  const hint = "Copy it into this mount first: registry.copy(ref, name).";
  return fault({ code: "Invalid", action, state, hint });
}

function savedBelow(prefix: string, saved: SavedArtifact): SavedArtifact {
  return { ...saved, name: prefix + saved.name };
}

function infoBelow(prefix: string, info: ArtifactInfo): ArtifactInfo {
  const below = (input: ArtifactInput): ArtifactInput =>
    typeof input === "string" ? prefix + input : { ...input, ref: prefix + input.ref };
  return { ...info, name: prefix + info.name, inputs: info.inputs.map(below) };
}

function artifactBelow(prefix: string, artifact: Artifact): Artifact {
  return {
    info: infoBelow(prefix, artifact.info),
    files: () => artifact.files(),
    file: (path) => artifact.file(path),
  };
}
