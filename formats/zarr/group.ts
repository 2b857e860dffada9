// Groups: folders of arrays and groups, with attributes.
import type { CallOptions } from "../../core/backend.ts";
import { mapAtOnce } from "../../core/work/at_once.ts";
import { parsePath } from "../../core/naming/paths.ts";
import { checkAttributes, writeAttributes } from "./attributes.ts";
import { corruptZarr, invalidZarr, unsupportedZarr } from "./errors.ts";
import { needObject } from "./documents/metadata.ts";
import { documentBytes, isObject, parseDocument } from "./documents/metadata_text.ts";
import type { ZarrObject } from "./documents/metadata_text.ts";
import { checkFree, keyBelow, noNode, writableStore, type ZarrStore } from "./store.ts";

/** An array or a group below a group. */
export interface ZarrChild {
  name: string;
  path: string;
  kind: "array" | "group";
}

/** A group in a store. */
export interface ZarrGroup {
  readonly store: ZarrStore;
  readonly path: string;
  readonly version: 2 | 3;
  /** What people noted: JSON, whole numbers above 2^53 as bigints. */
  readonly attributes: Readonly<ZarrObject>;
  /**
   * The arrays and groups directly in it, in order of their names: as its consolidated metadata said when it was opened,
   * where it has one, else as the store lists them. The documents of arrays are always read themselves, for who changes
   * an array need not change what was consolidated.
   */
  children(options?: CallOptions): Promise<ZarrChild[]>;
  setAttributes(attributes: Readonly<ZarrObject>, options?: CallOptions): Promise<void>;
}

/** Options of {@linkcode createZarrGroup}. */
export interface CreateZarrGroupOptions extends CallOptions {
  /** The version of the format. @default 3 */
  version?: 2 | 3;
  /** What is noted beside it: what JSON has, and bigints. */
  attributes?: Readonly<ZarrObject>;
}

interface GroupState {
  version: 2 | 3;
  attributes: ZarrObject;
  document: ZarrObject;
  consolidated?: Map<string, "array" | "group">;
}

/** Creates a group: a path below which arrays and groups lie. `AlreadyExists` where an array or a group is. */
export async function createZarrGroup(
  store: ZarrStore,
  path: string,
  { version = 3, attributes = {}, signal }: CreateZarrGroupOptions = {},
): Promise<ZarrGroup> {
  const at = parsePath(path);
  checkAttributes(at, attributes);
  if (version !== 2 && version !== 3) {
    throw invalidZarr(at, `there is no version ${version}`, "Versions are 2 and 3.");
  }
  const { set } = writableStore(store, "create zarr");
  await checkFree(store, at, { signal });
  const own = structuredClone(attributes) as ZarrObject;
  if (version === 2 && Object.keys(own).length > 0) {
    await set(keyBelow(at, ".zattrs"), documentBytes(own), { signal });
  }
  const [name, document] = version === 2
    ? [".zgroup", { zarr_format: 2 }]
    : ["zarr.json", { zarr_format: 3, node_type: "group", attributes: own }];
  await set(keyBelow(at, name), documentBytes(document), { signal });
  return groupHandle(store, at, { version, attributes: own, document });
}

/** Opens a group of either version, or `NotFound`. */
export async function openZarrGroup(
  store: ZarrStore,
  path: string,
  { signal }: CallOptions = {},
): Promise<ZarrGroup> {
  const at = parsePath(path);
  const key = keyBelow(at, "zarr.json");
  const bytes = await store.get(key, { signal });
  if (bytes !== undefined) {
    const document = parseDocument(key, bytes);
    if (document.zarr_format !== 3) throw corruptZarr(key, "it is not of version 3");
    if (document.node_type === "array") {
      throw noNode(store, at, { wanted: "group", found: "array" });
    }
    if (document.node_type !== "group") {
      throw corruptZarr(key, "it is neither an array nor a group");
    }
    const attributes = document.attributes === undefined
      ? {}
      : needObject(key, document.attributes, "attributes");
    const consolidated = isObject(document.consolidated_metadata)
      ? kindsOf(needObject(key, document.consolidated_metadata.metadata, "consolidated metadata"))
      : undefined;
    return groupHandle(store, at, { version: 3, attributes, document, consolidated });
  }
  const names = [".zgroup", ".zattrs", ".zmetadata"].map((name) => keyBelow(at, name));
  const [group, noted, summary] = await Promise.all(
    names.map((name) => store.get(name, { signal })),
  );
  if (group === undefined) throw noNode(store, at, { wanted: "group" });
  const document = parseDocument(names[0], group);
  if (document.zarr_format !== 2) throw corruptZarr(names[0], "it is not of version 2");
  const consolidated = summary &&
    kindsOfOld(
      needObject(names[2], parseDocument(names[2], summary).metadata, "consolidated metadata"),
    );
  const attributes = noted === undefined ? {} : parseDocument(names[1], noted);
  return groupHandle(store, at, { version: 2, attributes, document, consolidated });
}

function kindsOf(documents: ZarrObject): Map<string, "array" | "group"> {
  return new Map(
    Object.entries(documents).flatMap(([path, document]) => {
      const kind = isObject(document) ? document.node_type : undefined;
      return kind === "array" || kind === "group" ? [[path, kind] as const] : [];
    }),
  );
}

/** Of version 2 the keys of all documents are named: `plate/.zarray`. */
function kindsOfOld(documents: ZarrObject): Map<string, "array" | "group"> {
  return new Map(
    Object.keys(documents).flatMap((key) => {
      const [, path, kind] = /^(.*)\/\.z(array|group)$/.exec(key) ?? [];
      return path === undefined ? [] : [[path, kind as "array" | "group"] as const];
    }),
  );
}

function groupHandle(store: ZarrStore, path: string, state: GroupState): ZarrGroup {
  let { attributes, document } = state;
  const { version, consolidated } = state;

  async function kindAt(at: string, options: CallOptions): Promise<"array" | "group" | undefined> {
    const names = version === 3 ? ["zarr.json"] : [".zarray", ".zgroup"];
    const found = await Promise.all(names.map((name) => store.get(keyBelow(at, name), options)));
    if (version === 2) {
      return found[0] !== undefined ? "array" : found[1] !== undefined ? "group" : undefined;
    }
    const kind = found[0] && parseDocument(keyBelow(at, "zarr.json"), found[0]).node_type;
    return kind === "array" || kind === "group" ? kind : undefined;
  }

  return {
    store,
    path,
    version,
    get attributes() {
      return structuredClone(attributes);
    },
    async children(options = {}) {
      const childAt = (name: string, kind: "array" | "group") => ({
        name,
        path: keyBelow(path, name),
        kind,
      });
      if (consolidated !== undefined) {
        const direct = [...consolidated].filter(([name]) => !name.includes("/") && name !== "");
        return direct.map(([name, kind]) => childAt(name, kind)).sort((a, b) =>
          a.name < b.name ? -1 : 1
        );
      }
      if (store.list === undefined) {
        throw unsupportedZarr(
          path,
          "the store does not list, and nothing was consolidated",
          "Open children by name.",
        );
      }
      const names: string[] = [];
      for await (const name of store.list(path, options)) {
        if (name.endsWith("/")) names.push(name.slice(0, -1));
      }
      const kinds = mapAtOnce(
        names.sort(),
        async (name) => ({ name, kind: await kindAt(keyBelow(path, name), options) }),
      );
      const children: ZarrChild[] = [];
      for await (const { name, kind } of kinds) {
        if (kind !== undefined) children.push(childAt(name, kind));
      }
      return children;
    },
    async setAttributes(given, options = {}) {
      ({ attributes, document } = await writeAttributes(
        store,
        path,
        { version, document },
        given,
        options,
      ));
    },
  };
}
