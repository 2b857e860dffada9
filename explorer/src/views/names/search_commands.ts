// The command and the code that find what a search of the page finds: names, aliases, notes and
// metadata of all versions. `holdfast ls` would find names alone.
import type { Service } from "../../api/service.ts";
import { shellWord } from "../../../../core/text/shell_word.ts";

type Asked = Pick<Service, "base" | "hasToken">;

/** Returns the command for a query; without one, to list all names. */
export function commandOf(query: string, { base, hasToken }: Asked): string {
  if (query === "") return "holdfast ls";
  const token = hasToken ? ' --header "Authorization: Bearer $HOLDFAST_TOKEN"' : "";
  const asked = `--data-urlencode ${shellWord(`q=${query}`)}`;
  return `curl --get ${shellWord(`${base}search`)}${token} ${asked}`;
}

/** Returns the TypeScript for a query; without one, to list all names. */
export function codeOf(query: string, { base, hasToken }: Asked): string {
  if (query === "") return "for await (const name of registry.names()) console.log(name);";
  const token = hasToken ? ", { headers: { authorization: `Bearer ${token}` } }" : "";
  return `const query = new URLSearchParams({ q: ${JSON.stringify(query)} });
const found = await fetch(\`${base}search?\${query}\`${token});
for (const { name, version } of (await found.json()).items) console.log(\`\${name}@\${version}\`);`;
}
