// Behaviors that write and read files.
import { described, invalid } from "../../../core/kernel.ts";
import type { BehaviorContext, PluginDefinition } from "../contract.ts";
import { type Behavior, Storage } from "../interfaces.ts";
import { defineSettings, text, word } from "../sets/settings.ts";
import type { FileData, FileStorage } from "../storage/file_storage.ts";

type Members = Record<string, unknown>;

/** `storage_write`: writes `data` to `path`, and passes on everything but the data. */
export const storageWrite: PluginDefinition<Behavior> = {
  config: defineSettings({ backend: text }, { others: "kept" }),
  uses: { interface: Storage, key: "backend", settings },
  consumes: ["data"],
  create: () => ({
    async execute(next, input, context) {
      const { path, data, ...others } = membersOf(input, ["path", "data"], "write a file");
      const storage = await storageOf(context);
      await storage.writeFile(path as string, data as FileData, { signal: context.signal });
      return await next({ path, ...others });
    },
  }),
};

/** `storage_read`: reads `path`, and adds its bytes, string or stream as `data`. */
export const storageRead: PluginDefinition<Behavior> = {
  config: defineSettings({
    backend: text,
    as: { ...word("bytes", "text", "stream"), otherwise: "bytes" },
  }, { others: "kept" }),
  uses: { interface: Storage, key: "backend", settings },
  consumes: [],
  create: () => ({
    async execute(next, input, context) {
      const { path, ...others } = membersOf(input, ["path"], "read a file");
      const { signal, config: { as } } = context;
      const storage = await storageOf(context);
      const data = as === "stream"
        ? await storage.openFile(path as string, { signal })
        : await storage.readFile(path as string, { signal });
      const isText = as === "text" && data instanceof Uint8Array;
      return await next({ ...others, path, data: isText ? new TextDecoder().decode(data) : data });
    },
  }),
};

async function storageOf({ plugins, config }: BehaviorContext): Promise<FileStorage> {
  return await plugins.shared(Storage, config.backend as string, settings(config));
}

function settings({ backend: _backend, as: _as, ...others }: Readonly<Members>): Members {
  return others;
}

function membersOf(input: unknown, names: string[], action: string): Members {
  const members = (typeof input === "object" ? input : undefined) as Members | null | undefined;
  const missing = names.filter((name) => members?.[name] === undefined || members[name] === null);
  if (missing.length === 0 && typeof members!.path === "string") return members!;
  let state = `the path in its input is ${described(members?.path)}`;
  if (missing.length > 0) state = `its input has no ${missing.join(" and no ")}`;
  if (members === undefined || members === null) state = `its input is ${described(input)}`;
  throw invalid(action, undefined, state, {
    hint: 'Submit { path: "uploads/file.bin", data }, with bytes, a string, a Blob or a stream.',
  });
}
