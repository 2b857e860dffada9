// Requests to the routes of the Hub. Each answer is checked against the OpenAPI document.
import { assertEquals } from "@std/assert";
import type { HandlerOptions } from "../../../../apps/server.ts";
import { realSystem } from "../../../../core/system.ts";
import { openRegistry, type Registry, type SavedArtifact } from "../../../../mod.ts";
import { createCheckedHandler } from "../../../apps/server/checked_handler.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";

export const HOST = "http://localhost";

/** Saves files of text as a version. */
export async function saveFiles(
  registry: Registry,
  name: string,
  files: Record<string, string>,
): Promise<SavedArtifact> {
  const draft = await registry.openDraft(name, { id: realSystem.id() });
  for (const [path, text] of Object.entries(files)) {
    await draft.addFile(path, new TextEncoder().encode(text));
  }
  return await draft.commit();
}

export interface Hub {
  registry: Registry;
  ask(path: string, init?: RequestInit): Promise<Response>;
  // deno-lint-ignore no-explicit-any -- JSON of any route
  json(path: string, init?: RequestInit): Promise<any>;
  /** Asks, and returns the status and the error that clients read. */
  fails(path: string, init?: RequestInit): Promise<[status: number, code: string | null]>;
}

export function hubTest(
  name: string,
  run: (hub: Hub) => Promise<void>,
  options: () => Promise<HandlerOptions> = () => Promise.resolve({}),
): void {
  Deno.test(name, async () => {
    await using registry = await openRegistry("memory:");
    await using handler = createCheckedHandler(registry, { gateways: [hub], ...await options() });
    const ask: Hub["ask"] = (path, init) => handler(new Request(`${HOST}${path}`, init));
    await run({
      registry,
      ask,
      async json(path, init) {
        const response = await ask(path, init);
        assertEquals(response.status, 200, await response.clone().text());
        return await response.json();
      },
      async fails(path, init) {
        const response = await ask(path, init);
        await response.body?.cancel();
        return [response.status, response.headers.get("x-error-code")];
      },
    });
  });
}

/** The path to which an answer to a request for another one redirects. */
export function movedFrom(path: string, { headers }: Response): string {
  const { pathname, search } = new URL(headers.get("location") ?? "", `${HOST}${path}`);
  return pathname + search;
}
