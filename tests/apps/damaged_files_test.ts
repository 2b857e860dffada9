// Every entry point names the file of the version that cannot be read, and what is wrong with it.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { openHttpRegistry } from "../../apps/client.ts";
import { mirrorRegistry, verifyRegistry } from "../../apps/maintenance.ts";
import { createHandler } from "../../apps/server.ts";
import type { Artifact } from "../../core/artifact.ts";
import { messageOf } from "../../core/errors.ts";
import { dav } from "../../extensions/gateways/dav/dav.ts";
import { hub } from "../../extensions/gateways/hub/hub.ts";
import { createS3Gateway } from "../../extensions/gateways/s3/s3_gateway.ts";
import { createLocalBackend, openRegistry } from "../../mod.ts";
import type { Registry } from "../../mod.ts";
import { openPages } from "../../registry/mod.ts";
import { signer } from "../extensions/gateways/s3/open_s3.ts";
import { keysOf, noise } from "../registry/registries.ts";
import { type TempRoot, testInRoot } from "../support/temp_root.ts";
import { captureIo } from "./captured_io.ts";
import { runCli } from "./run_cli.ts";

/** A file, the size of its object, and which files an error about the version may name. */
const FILES = {
  "a file in a pack": { path: "config/2.json", size: 120_000, any: "config/\\d\\.json" },
  "a file": { path: "plain.bin", size: 300_000, any: "plain\\.bin" },
  "a large file": { path: "large.bin", size: 2_000_000, any: "large\\.bin" },
};

const CUT = 0.6;
const DAMAGE: Record<string, { change(bytes: Uint8Array): Uint8Array | undefined; state: string }> =
  {
    missing: { change: () => undefined, state: "a stored object is missing" },
    cut: {
      change: (bytes) => bytes.subarray(0, bytes.length * CUT),
      state: "a stored object is cut off: \\d+ bytes, expected at least \\d+",
    },
    changed: {
      change(bytes) {
        bytes[bytes.length * CUT]! ^= 1;
        return bytes;
      },
      state: "(its SHA-256 is \\w+, expected \\w+|SHA-256 of the bytes at \\d+ does not match)",
    },
  };

/** Returns the message of an error, or the result as JSON. */
async function errorOf(run: () => Promise<unknown>): Promise<string> {
  try {
    return JSON.stringify(await run());
  } catch (error) {
    return messageOf(error);
  }
}

function readersOf(open: () => Promise<Artifact>, path: string) {
  const stream = async (offset: number) => {
    const file = (await open()).file(path);
    const range = offset === 0 ? undefined : { offset, length: file.info.size - offset };
    return (await new Response(file.stream(range)).bytes()).byteLength;
  };
  return {
    bytes: async () => (await (await open()).file(path).bytes()).byteLength,
    stream: () => stream(0),
    range: () => stream(1),
  };
}

function answersOf(registry: Registry, path: string) {
  const handler = createHandler(registry, { gateways: [dav, hub, createS3Gateway()] });
  const ask = async (request: string | Request) => {
    const asked = typeof request === "string"
      ? new Request(`http://localhost/${request}`)
      : request;
    const answer = await handler(asked);
    return answer.status === 500 ? unescaped(await answer.text()) : `${answer.status}`;
  };
  return {
    handler,
    answers: {
      service: () => ask(`artifacts/folder/versions/1.0.0/files/${path}`),
      WebDAV: () => ask(`dav/folder/1.0.0/${path}`),
      Hub: () => ask(`folder/resolve/main/${path}`),
      S3: async () => ask(await signer().sign(`http://localhost/holdfast/folder/@1.0.0/${path}`)),
    },
  };
}

function unescaped(text: string): string {
  return text.replaceAll("&quot;", '"').replaceAll('\\"', '"');
}

/** Runs a command, and returns what it prints. */
async function command(root: TempRoot, ...args: string[]): Promise<string> {
  const io = captureIo({
    cwd: root.path,
    env: { HOLDFAST_REGISTRY: root.join("registry") },
    columns: 500,
  });
  assert(await runCli(args, io) > 0, args.join(" "));
  return io.errors() + new TextDecoder().decode(io.output());
}

for (const [kind, { path, size, any }] of Object.entries(FILES)) {
  for (const [damage, { change, state }] of Object.entries(DAMAGE)) {
    testInRoot(`${kind}, ${damage}: each entry point names it`, async (root) => {
      const backend = createLocalBackend({ path: root.join("registry"), durability: "os" });
      await using registry = await openRegistry(backend, { cache: false });
      const save = () => [
        ...[0, 1, 2, 3].map((n) => ({ path: `config/${n}.json`, content: noise(30_000, n) })),
        { path: "plain.bin", content: noise(300_000, 8) },
        { path: "large.bin", content: noise(2_000_000, 9) },
      ];
      await registry.save("folder", 0, {
        as: { id: "folder", formatVersion: 1, load: () => 0, save },
      });
      for (const key of await keysOf(backend, "objects/")) {
        const bytes = (await (await backend.get(key))!.bytes()).slice();
        if (bytes.byteLength !== size) continue;
        const changed = change(bytes);
        if (changed === undefined) await backend.delete(key);
        else await backend.put(key, changed);
      }
      const { handler, answers } = answersOf(registry, path);
      const remote = await openHttpRegistry("http://localhost", { fetch: handler });
      const isFound = damage !== "changed"; // by sizes, and before the first byte of a large file
      const one = {
        ...readersOf(() => registry.open("folder"), path),
        paged: async () => (await (await openPages(registry, "folder")).file(path)).bytes(),
        client: readersOf(() => remote.open("folder"), path).bytes,
        cat: () => command(root, "cat", "folder", path, "--quiet"),
        ...isFound || kind !== "a large file" ? answers : {},
      };
      const to = await openRegistry("memory:");
      const all = {
        download: () => registry.download("folder", { to: root.join("a") }),
        "client: download": () => remote.download("folder", { to: root.join("b") }),
        verify: async () => (await verifyRegistry(registry)).problems[0]?.message,
        mirror: async () => (await mirrorRegistry(registry, to)).failures[0]?.error.message,
        "$ download": () => command(root, "download", "folder", "c"),
        "$ verify": () => command(root, "verify"),
        ...isFound
          ? {
            listed: async () =>
              (await verifyRegistry(registry, { listed: true })).problems[0]?.message,
            copy: () => registry.copy("folder", "other"),
          }
          : {},
      };
      for (
        const [entryPoints, named] of [[one, path.replaceAll(".", "\\.")], [all, any]] as const
      ) {
        for (const [entryPoint, run] of Object.entries(entryPoints)) {
          const text = unescaped(await errorOf(run));
          const expected = new RegExp(`Cannot read file "${named}" of "folder@1.0.0": ${state}`);
          assertMatch(text, expected, `${entryPoint}: ${text}`);
          assertEquals(text.includes(root.path), false, `${entryPoint}: ${text}`);
        }
      }
      await Promise.all([remote.close(), handler.close(), to.close()]);
    });
  }
}
