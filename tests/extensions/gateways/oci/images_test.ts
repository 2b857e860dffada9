// Versions as container images: their layers, ranges of them, and what a service reads for digests.
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { HandlerOptions } from "../../../../apps/server.ts";
import { type Artifact, type ArtifactFile, onePage } from "../../../../core/artifact.ts";
import { silentLogger } from "../../../../core/system.ts";
import { readTarEntries } from "../../../../formats/archive/tar_read.ts";
import { keysOf, noise } from "../../../registry/registries.ts";
import { containerOf } from "../../../../extensions/gateways/oci/container.ts";
import { TarLayer } from "../../../../extensions/gateways/oci/tar_layer.ts";
import { createMemoryBackend, openRegistry, type OpenRegistryOptions } from "../../../../mod.ts";
import { createCheckedHandler } from "../../../apps/server/checked_handler.ts";
import { oci } from "../../../../extensions/gateways/oci/oci.ts";
import { type Descriptor, digestOf, type Manifest, openOci } from "./open_oci.ts";

const MIB = 1024 ** 2;
const LONG = `${"folder/".repeat(20)}ü.txt`;
const SHARDS = [noise(5 * MIB, 1), noise(4 * MIB, 2), noise(4 * MIB + 100, 3)];
const FILES: Record<string, string | Uint8Array<ArrayBuffer>> = {
  "a.safetensors": SHARDS[0]!,
  "b.safetensors": SHARDS[1]!,
  "config.json": "{}\n",
  "empty": "",
  [LONG]: "text",
};

interface Index {
  mediaType: string;
  manifests: (Descriptor & { platform: { architecture: string; os: string } })[];
}

/** Opens a service, and keeps the lines in which it says what it computed. */
async function openImages(options: HandlerOptions = {}, registry: OpenRegistryOptions = {}) {
  const lines: string[] = [];
  const info = (line: string) => void (line.startsWith("oci:") && lines.push(line));
  const oci = await openOci({ logger: { ...silentLogger, info }, ...options }, registry);
  const bytesOf = async (repository: string, digest: string, headers = {}) => {
    const answer = await oci.send(`${repository}/blobs/${digest}`, { headers });
    if (!answer.ok) throw new Error(await answer.text());
    return new Uint8Array(await answer.arrayBuffer());
  };
  const image = async (repository: string, reference: string) => {
    const { text, digest } = await oci.manifest(repository, reference);
    const index: Index = JSON.parse(text);
    const manifests: Manifest[] = [];
    for (const { digest } of index.manifests) {
      manifests.push(await oci.manifest(repository, digest));
    }
    return { index, digest, manifests, layers: manifests[0]!.layers };
  };
  return {
    ...oci,
    image,
    bytesOf,
    /** Returns how many layers were read for their digests since the last call. */
    computed: () => lines.splice(0).length,
    async [Symbol.asyncDispose]() {
      await oci[Symbol.asyncDispose]();
    },
  };
}

/** Returns the files of a layer, as the reader of archives finds them. */
async function unpacked(bytes: Uint8Array<ArrayBuffer>): Promise<[string, Uint8Array][]> {
  const file = {
    path: "layer.tar",
    size: bytes.length,
    bytes: () => Promise.resolve(bytes),
    stream: (range = { offset: 0, length: bytes.length }) => {
      const { offset, length = bytes.length } = range;
      return new Blob([bytes.subarray(offset, offset + length)]).stream();
    },
  };
  const found: [string, Uint8Array][] = [];
  for await (const entry of readTarEntries(file)) found.push([entry.path, await entry.bytes()]);
  return found;
}

const asBytes = (content: string | Uint8Array<ArrayBuffer>) =>
  typeof content === "string" ? new TextEncoder().encode(content) : content;

Deno.test("an image has the files below models/, and one in its root has them there", async () => {
  await using oci = await openImages();
  await oci.save("my:model", FILES, { alias: "production" });
  for (const [end, folder] of [["image", "models/"], ["root", ""]] as const) {
    const { index, manifests, layers } = await oci.image("my/model", `production__${end}`);
    assertEquals(index.manifests.map(({ platform }) => `${platform.os}/${platform.architecture}`), [
      ...["linux/amd64", "linux/arm64", "linux/ppc64le", "linux/s390x"],
    ]);
    for (const { config, ...manifest } of manifests) {
      assertEquals(manifest.layers, layers);
      const { architecture, os, rootfs } = JSON.parse(
        new TextDecoder().decode(await oci.bytesOf("my/model", config.digest)),
      );
      assert(
        index.manifests.some(({ platform }) =>
          platform.architecture === architecture && platform.os === os
        ),
      );
      assertEquals(rootfs, { type: "layers", diff_ids: layers.map(({ digest }) => digest) });
    }
    assertEquals(layers.length, 3);
    const files: Record<string, Uint8Array> = {};
    for (const { digest, size, mediaType } of layers) {
      assertEquals(mediaType, "application/vnd.oci.image.layer.v1.tar");
      const bytes = await oci.bytesOf("my/model", digest);
      assertEquals([digestOf(bytes), bytes.length], [digest, size]);
      for (const [path, content] of await unpacked(bytes)) files[path] = content;
    }
    assertEquals(Object.keys(files).length, Object.keys(FILES).length);
    for (const [path, content] of Object.entries(FILES)) {
      assert(digestOf(files[folder + path]!) === digestOf(asBytes(content)), path);
    }
  }
  // The forms of all tags of a version are the same.
  const { digest } = await oci.image("my/model", "1.0.0__image");
  assertEquals((await oci.image("my/model", "latest__image")).digest, digest);
  assert((await oci.manifest("my/model", "1.0.0")).artifactType !== undefined);
});

Deno.test("digests of layers stay the same in later releases", async () => {
  await using oci = await openImages();
  await oci.save("m", { "a.txt": "text", [LONG]: "", "b/c": "1" });
  assertEquals((await oci.image("m", "1__image")).layers, [{
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    digest: "sha256:782322ebbffdbbaa479ccb7806d188da14899f19a7ad53e024fe14a31cdcc86e",
    size: 4608,
  }] as unknown as Descriptor[]);
});

Deno.test("ranges of a layer are those of its bytes", async () => {
  await using oci = await openImages();
  await oci.save("m", FILES);
  const { layers } = await oci.image("m", "latest__image");
  for (const [at, { digest, size }] of layers.entries()) {
    const whole = await oci.bytesOf("m", digest);
    const cuts = [0, 1, 511, 512, 513, 1024, 1536, size - 1025, size - 1024, size - 1, size];
    const random = noise(64, at + 9);
    for (let i = 0; i < random.length; i += 4) {
      cuts.push(new DataView(random.buffer).getUint32(i) % size);
    }
    cuts.sort((a, b) => a - b);
    const joined: Uint8Array[] = [];
    for (const [i, from] of cuts.entries()) {
      const to = cuts[i + 1];
      if (to === undefined || to === from) continue;
      const part = await oci.bytesOf("m", digest, { range: `bytes=${from}-${to - 1}` });
      assertEquals(part.length, to - from);
      joined.push(part);
    }
    assertEquals(
      digestOf(new Uint8Array(await new Blob(joined as BlobPart[]).arrayBuffer())),
      digest,
    );
    assertEquals(digestOf(whole), digest);
  }
});

Deno.test("a layer is read once for its digest, and only if its files are new", async () => {
  await using oci = await openImages();
  await oci.save("m", FILES);
  const all = await Promise.all(
    ["1.0.0__image", "latest__image"].map((tag) => oci.image("m", tag)),
  );
  assertEquals([oci.computed(), all[0]!.digest], [3, all[1]!.digest]);
  await oci.save("m", { ...FILES, "b.safetensors": SHARDS[2]! });
  const next = await oci.image("m", "2.0.0__image");
  assertEquals(oci.computed(), 1);
  const before = new Set(all[0]!.layers.map(({ digest }) => digest));
  assertEquals(next.layers.filter(({ digest }) => !before.has(digest)).length, 1);
  // Another name with the same files, a restart, and the images of both versions read nothing.
  await oci.save("copy", FILES);
  await oci.restart();
  for (const [name, tag] of [["copy", "1"], ["m", "1"], ["m", "2"]]) {
    await oci.image(name!, `${tag}__image`);
  }
  assertEquals(oci.computed(), 0);
  assertEquals((await oci.image("m", "1__root")).layers.length, 3);
  assertEquals(oci.computed(), 3);
});

Deno.test("after a restart, images and their layers are found by digest", async () => {
  await using oci = await openImages();
  for (const shard of SHARDS) await oci.save("m", { "w.bin": shard, "a.txt": "same" });
  const first = await oci.image("m", "1.0.0__image");
  await oci.restart();
  assertEquals((await oci.image("m", first.digest)).layers, first.layers);
  await oci.restart();
  for (const { digest } of first.layers) {
    assertEquals(digestOf(await oci.bytesOf("m", digest)), digest);
    await oci.restart();
  }
  const config = first.manifests[1]!.config.digest;
  assertEquals(digestOf(await oci.bytesOf("m", config)), config);
  assertEquals(oci.computed(), 2);
  await oci.registry.delete("m", { version: "1.0.0" });
  await oci.restart();
  assertEquals(await oci.fails(`m/manifests/${first.digest}`), [404, "MANIFEST_UNKNOWN"]);
});

Deno.test("layers of images that other services served are found by notes", async () => {
  await using oci = await openImages();
  for (let i = 0; i < 40; i++) await oci.save("m", { "a.txt": `${i}` });
  const images = [];
  for (const version of [3, 1, 2]) images.push(await oci.image("m", `${version}__image`));
  oci.computed();
  await oci.restart();
  for (const { layers: [layer] } of images) await oci.bytesOf("m", layer!.digest);
  // A blob of an image that was not among the last 32 is found once its manifest was asked for.
  for (let i = 4; i <= 36; i++) await oci.image("m", `${i}__root`);
  await oci.restart();
  const { digest, layers: [layer] } = images[0]!;
  assertEquals(await oci.fails(`m/blobs/${layer!.digest}`), [404, "BLOB_UNKNOWN"]);
  await oci.image("m", digest);
  await oci.restart();
  await oci.bytesOf("m", layer!.digest);
});

Deno.test("a pull goes on with its version if the alias moves, also at another service", async () => {
  await using oci = await openImages();
  await oci.save("m", { a: "one" }, { alias: "production" });
  await oci.save("m", { a: "two" });
  const { index, layers: [layer] } = await oci.image("m", "production__image");
  await oci.registry.setAlias("m", "production", "2.0.0");
  await oci.restart();
  const moved = await oci.image("m", "production__image");
  assert(moved.layers[0]!.digest !== layer!.digest);
  for (const { digest } of index.manifests) {
    assertEquals((await oci.manifest("m", digest)).layers, [layer!]);
  }
  assertEquals(digestOf(await oci.bytesOf("m", layer!.digest)), layer!.digest);
});

Deno.test("a read-only service serves images, and writes no notes", async () => {
  const backend = createMemoryBackend();
  await using writing = await openRegistry(backend);
  await writing.save("m", { a: "text" });
  const before = await keysOf(backend);
  await using registry = await openRegistry(backend, { readOnly: true });
  await using handler = createCheckedHandler(registry, { gateways: [oci] });
  const ask = async (path: string) => {
    const answer = await handler(new Request(`http://localhost/v2/m/${path}`));
    return { status: answer.status, text: await answer.text() };
  };
  const { manifests: [amd] } = JSON.parse((await ask("manifests/1__image")).text);
  const { layers: [layer] } = JSON.parse((await ask(`manifests/${amd.digest}`)).text);
  assertEquals(digestOf((await ask(`blobs/${layer.digest}`)).text), layer.digest);
  assertEquals(await keysOf(backend), before);
});

Deno.test("a request that was given up reads nothing, and one that waits goes on", async () => {
  await using oci = await openImages();
  await oci.save("m", FILES);
  const left = AbortSignal.abort();
  await assertRejects(async () => {
    const answer = await oci.send("m/manifests/latest__image", { signal: left });
    throw new Error(String(answer.status));
  });
  assertEquals(oci.computed(), 0);
  assertEquals((await oci.image("m", "latest__image")).layers.length, 3);
});

Deno.test("many large files share layers, as nodes mount about 120", async () => {
  const layersOf = async (count: number) => {
    const files = Array.from({ length: count }, (_, i) => ({
      path: `model-${i}.safetensors`,
      size: i === 0 ? 10 : 5 * 1024 ** 3,
      sha256: `${i}`.padStart(64, "0"),
    }));
    const info = { name: "m", version: "1.0.0", commit: "c", createdAt: new Date(0), files };
    const artifact = onePage({ info } as unknown as Artifact, count);
    const counts: number[] = [];
    await containerOf(artifact, "image", (layer) => {
      counts.push(layer.count);
      return Promise.resolve(digestOf(layer.key));
    });
    return counts;
  };
  assertEquals(await layersOf(4), [1, 1, 1, 1]);
  assertEquals((await layersOf(101)).length, 101);
  const many = await layersOf(164);
  assertEquals([many.length, many[0], many[1], many.at(-1)], [83, 1, 2, 1]);
});

Deno.test("names that delete files of an image, and other ends of tags, are refused", async () => {
  await using oci = await openImages();
  await oci.save("m", { "a": "text", "in/.wh.a": "" });
  assertEquals(await oci.fails("m/manifests/latest__image"), [422, "UNSUPPORTED"]);
  assertEquals(await oci.fails("m/manifests/latest"), [200, undefined]);
  assertEquals(await oci.fails("m/manifests/latest__other"), [404, "MANIFEST_UNKNOWN"]);
  assertEquals(await oci.fails("m/manifests/__image"), [404, "MANIFEST_UNKNOWN"]);
});

Deno.test("a file of over 8 GiB has its size in a pax header", async () => {
  const size = 9 * 1024 ** 3 + 5;
  const layer = new TarLayer("", [{ path: "big", size, sha256: "0".repeat(64) }]);
  assertEquals(layer.size, 3 * 512 + Math.ceil(size / 512) * 512 + 1024);
  const open = () => Promise.reject<ArtifactFile>(new Error("its bytes are not read"));
  const parts = await Array.fromAsync(layer.read(open, { offset: 0, length: 1536 }));
  const header = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  assertEquals(
    new TextDecoder().decode(header.subarray(512, 532)).split("\n")[0],
    `19 size=${size}`,
  );
  const end = await Array.fromAsync(layer.read(open, { offset: layer.size - 1024, length: 1024 }));
  assertEquals(end.map((bytes) => bytes.length), [1024]);
});
