// Licenses in metadata, as CycloneDX has them: an identifier of SPDX, or a name.
import { isJsonObject } from "../../../core/kernel.ts";

/** Identifiers of https://spdx.org/licenses that models and data have, in groups of one prefix. */
const SPDX_IDS = [
  "AFL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-2.0 Artistic-2.0 BSD-2-Clause BSD-3-Clause",
  "BSD-3-Clause-Clear BSL-1.0 C-UDA-1.0 CC0-1.0 CC-BY-2.0 CC-BY-2.5 CC-BY-3.0 CC-BY-4.0",
  "CC-BY-NC-2.0 CC-BY-NC-3.0 CC-BY-NC-4.0 CC-BY-NC-ND-3.0 CC-BY-NC-ND-4.0 CC-BY-NC-SA-2.0",
  "CC-BY-NC-SA-3.0 CC-BY-NC-SA-4.0 CC-BY-ND-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 CDLA-Permissive-1.0",
  "CDLA-Permissive-2.0 CDLA-Sharing-1.0 ECL-2.0 EPL-1.0 EPL-2.0 EUPL-1.1 EUPL-1.2 GPL-2.0-only",
  "GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later ISC LGPL-2.1-only LGPL-2.1-or-later",
  "LGPL-3.0-only LGPL-3.0-or-later LPPL-1.3c MIT MIT-0 MPL-2.0 MS-PL NCSA ODbL-1.0 ODC-By-1.0",
  "OFL-1.1 OSL-3.0 PDDL-1.0 PostgreSQL Python-2.0 Unlicense WTFPL Zlib 0BSD",
].join(" ").split(" ");
const IDS = new Map(SPDX_IDS.map((id) => [id.toLowerCase(), id]));

/** A license, by its identifier of SPDX or its name. */
export interface BomLicense {
  license: { id: string } | { name: string };
}

/** Returns the licenses of `license` or `licenses`: strings, objects with `id` or `name`, or lists. */
export function licensesOf({ license, licenses }: Record<string, unknown>): BomLicense[] {
  const names = [license, licenses].flat().map(nameOf).filter((name) => name !== undefined);
  const known = new Set(names.map((name) => IDS.get(name.toLowerCase()) ?? name));
  return [...known].map((name) => ({
    license: IDS.has(name.toLowerCase()) ? { id: name } : { name },
  }));
}

function nameOf(value: unknown): string | undefined {
  const name = isJsonObject(value) ? value.id ?? value.name : value;
  return typeof name === "string" && name.trim() !== "" ? name.trim() : undefined;
}
