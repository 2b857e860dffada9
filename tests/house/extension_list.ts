// The extensions that a list names.
import { dirname, join } from "@std/path";
import { REPOSITORY } from "../support/run_deno.ts";

export interface ListedExtension {
  readonly list: string;
  /** The name of its object. */
  readonly name: string;
  /** Its folder, without a slash at the end. */
  readonly folder: string;
}

/** The lists of extensions of the command line and the service. */
export const LISTS_OF_APPS: readonly string[] = [
  "apps/extensions.ts",
  "apps/server/gateways/own_gateways.ts",
];

/** All lists of extensions. */
export const LISTS: readonly string[] = [...LISTS_OF_APPS, "explorer/src/extensions.ts"];

/** Files and folders that only an extension uses, beside its own. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  "explorer/src/extensions/ome": ["files/ome", "files/ome.ts"],
  "operators/surface": ["operators"],
  "extensions/plugins/surface": ["extensions/plugins"],
  "extensions/runs/surface": ["extensions/runs"],
};

/** Returns the files and folders that an extension consists of, without its tests. */
export function partsOf(folder: string): string[] {
  return [folder, ...MORE[folder] ?? []];
}

/** @param list the module with the list, such as `apps/extensions.ts` */
export async function readExtensions(list: string): Promise<ListedExtension[]> {
  const text = await Deno.readTextFile(join(REPOSITORY, list));
  return [...text.matchAll(/^import \{ (\w+) \} from "(.+)\/extension\.ts";$/gm)]
    .map(([, name = "", folder = ""]) => ({ list, name, folder: join(dirname(list), folder) }));
}
