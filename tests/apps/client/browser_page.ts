// A page that uses a service on another origin and posts the result to its own.
import { openHttpRegistry } from "../../../apps/client.ts";

const { service, token } = Object.fromEntries(new URLSearchParams(globalThis.location.search));

async function use(): Promise<Record<string, unknown>> {
  const registry = await openHttpRegistry(service, { token });
  const config = {
    depth: 12,
    when: new Date(0),
    seen: new Map([["a", new Float32Array([1, 2, 3])]]),
  };
  await registry.save("browser:config", config);
  const loaded = await registry.load("browser:config") as typeof config;
  const large = new Uint8Array(20 * 1024 * 1024).map((_, i) => i * 31 ^ i >> 8);
  await registry.save("browser:large", large);
  await registry.save("browser:stream", new Blob([large.subarray(0, 2_000_000)]).stream());
  const back = await registry.load("browser:large") as Uint8Array;
  const watched: unknown[] = [];
  for await (const { version } of registry.watch("browser:config")) {
    watched.push(version);
    if (watched.length === 2) break;
    await registry.save("browser:config", 2);
  }
  const refused = await registry.load("none").catch(({ code, hint }) => ({
    code,
    hasHint: hint.length > 8,
  }));
  const unwritable = await registry.download("browser:config", { to: "x" }).catch(({ code }) =>
    code
  );
  return {
    depth: loaded.depth,
    when: loaded.when.getTime(),
    seen: [...loaded.seen.get("a")!],
    isSame: back.length === large.length && back.every((byte, i) => byte === large[i]),
    streamed: (await registry.info("browser:stream")).size,
    names: await Array.fromAsync(registry.names()),
    watched,
    refused,
    unwritable,
  };
}

const result = await use().catch((error) => ({
  failed: `${error?.message} ${error?.cause ?? ""} ${error?.stack}`,
}));
await fetch("/result", { method: "POST", body: JSON.stringify(result) });
