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

/** @param list the module with the list, such as `apps/extensions.ts` */
export async function readExtensions(list: string): Promise<ListedExtension[]> {
  const text = await Deno.readTextFile(join(REPOSITORY, list));
  return [...text.matchAll(/^import \{ (\w+) \} from "(.+)\/extension\.ts";$/gm)]
    .map(([, name = "", folder = ""]) => ({ list, name, folder: join(dirname(list), folder) }));
}
