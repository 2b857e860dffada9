// The library over a folder, and the client of a service.
import { openHttpRegistry } from "../../../apps/client.ts";
import { parseExactJson } from "../../../core/text/json_text.ts";
import { createMaterializers } from "../../../materializers/mod.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { type EntryPoint, type Location, orRefused } from "./entry_point.ts";

function entryPoint(open: (at: Location) => Promise<Registry>): EntryPoint {
  return {
    save: (at, name, { text, metadata, version, alias }) =>
      orRefused(async () => {
        await using registry = await open(at);
        const parsed = parseExactJson(metadata) as Record<string, never>;
        const saved = await registry.save(name, text, {
          metadata: parsed,
          ...(version !== undefined && { version }),
        });
        if (alias !== undefined) await registry.setAlias(name, alias, saved.version);
        return {};
      }),
    load: (at, ref) =>
      orRefused(async () => {
        await using registry = await open(at);
        const { metadata } = await registry.info(ref);
        return { text: await registry.load(ref) as string, metadata };
      }),
  };
}

export const library = entryPoint(({ folder }) => openRegistry(folder, { cache: false }));

export const client = entryPoint(({ url, token }) =>
  openHttpRegistry(url, { token, materializers: createMaterializers() })
);
