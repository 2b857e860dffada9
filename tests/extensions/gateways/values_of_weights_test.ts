// Each entry point reads the plain bytes of a file that is stored by values, though the versions that it is made from
// are gone.
import { assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { openHttpRegistry } from "../../../apps/client.ts";
import { copyVersion, mirrorRegistry, verifyRegistry } from "../../../apps/maintenance.ts";
import type { Registry, SavedArtifact, StoredRegistry } from "../../../core/registry.ts";
import type { Backend } from "../../../core/backend.ts";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { openRegistry, saveMany } from "../../../mod.ts";
import { openFile } from "../../../registry/mod.ts";
import { readAll } from "../../../core/bytes/bytes.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { createS3Gateway } from "../../../extensions/gateways/s3/s3_gateway.ts";
import { createMlflowGateway } from "../../../extensions/gateways/mlflow/mlflow_gateway.ts";
import { hub } from "../../../extensions/gateways/hub/hub.ts";
import { dav } from "../../../extensions/gateways/dav/dav.ts";
import { presignDownload } from "../../../extensions/transfers/mod.ts";
import { createCheckedHandler } from "../../apps/server/checked_handler.ts";
import { headOf } from "../../registry/payload/shared_bytes.ts";
import { rejected } from "../../registry/rejected.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { createPresigningStore } from "../transfers/presigning_store.ts";
import {
  AS,
  loaded,
  PATH,
  saveStates,
  statesOf,
  VALUES,
} from "../../registry/payload/weights/training.ts";

const STATES = statesOf(6);
const STATE = STATES[5]!, RANGE = { offset: 1_000_000, length: 300_001 };
const SLICE = STATE.slice(RANGE.offset, RANGE.offset + RANGE.length);

interface World {
  registry: StoredRegistry;
  store: Backend;
  /** A service of it, over HTTP. */
  remote: Registry;
  ask(path: string, headers?: Record<string, string>): Promise<Response>;
}

/** Opens a registry whose last version is made from versions that are gone. */
async function opened(kind: "memory" | "far"): Promise<World & AsyncDisposable> {
  const { backend } = createPresigningStore();
  const registry = await openRegistry({ ...backend, kind }, { cache: false });
  await saveStates(registry, STATES);
  for (let version = 1; version < 6; version++) await registry.delete(`a@${version}`);
  assertEquals((await collectGarbage(registry, { now: true })).failures, []);
  const { format, files: [file] } = await headOf(backend);
  assertEquals([format, file!.values!.base === undefined], ["holdfast/1-values", false]);
  const handler = createCheckedHandler(registry, {
    redirect: true,
    gateways: [createS3Gateway(), hub, dav, createMlflowGateway()],
  });
  const fetch = (input: RequestInfo | URL, init?: RequestInit) => handler(new Request(input, init));
  return {
    registry,
    store: backend,
    remote: await openHttpRegistry("http://localhost", { fetch }),
    ask: (path, headers = {}) => handler(new Request(`http://localhost${path}`, { headers })),
    [Symbol.asyncDispose]: async () => {
      await handler.close();
      await registry.close();
    },
  };
}

async function assertFile(registry: Registry, ref = "a@6", state = STATE): Promise<void> {
  const file = await openFile(registry, ref, { path: PATH });
  assertEquals(await file.bytes(), state);
  assertEquals(await readAll(file.stream()), state);
  const slice = state.slice(RANGE.offset, RANGE.offset + RANGE.length);
  assertEquals(await readAll(file.stream(RANGE)), slice);
  assertEquals([file.info.size, file.info.sha256], [state.length, sha256(state)]);
}

async function assertAnswer({ ask }: World, path: string): Promise<void> {
  const whole = await ask(path), range = `bytes=${RANGE.offset}-${RANGE.offset + RANGE.length - 1}`;
  assertEquals([whole.status, await whole.bytes()], [200, STATE]);
  const part = await ask(path, { range });
  assertEquals([part.status, await part.bytes()], [206, SLICE]);
}

const DOORS: Record<string, (world: World) => Promise<void>> = {
  "the library": async ({ registry }) => {
    await assertFile(registry);
    assertEquals(await loaded(registry, "a@6"), STATE);
  },
  "a download": async ({ registry }) => {
    await using root = await tempRoot();
    await registry.download("a@6", { to: root.join("file") });
    assertEquals(await Deno.readFile(root.join("file")), STATE);
    await Deno.writeFile(root.join("file"), STATES[4]!);
    await registry.download("a@6", { to: root.join("file"), overwrite: true });
    assertEquals(await Deno.readFile(root.join("file")), STATE);
  },
  "the client": async ({ remote }) => {
    await assertFile(remote);
    await using root = await tempRoot();
    await remote.download("a@6", { to: root.join("file") });
    assertEquals(await Deno.readFile(root.join("file")), STATE);
  },
  "the service": (world) => assertAnswer(world, `/artifacts/a/versions/6.0.0/files/${PATH}`),
  "the Hub": (world) => assertAnswer(world, `/a/resolve/main/${PATH}`),
  "MLflow": (world) => {
    const path = `mlflow-artifacts/artifacts/versions/a/6.0.0/${PATH}`;
    return assertAnswer(world, `/api/2.0/${path}`);
  },
  "S3": (world) => assertAnswer(world, `/holdfast/a/@6.0.0/${PATH}`),
  "WebDAV": (world) => assertAnswer(world, `/dav/a/6.0.0/${PATH}`),
  "a link to the bucket is refused by name": async ({ registry, ask }) => {
    const error = await rejected(
      "Unsupported",
      presignDownload(registry, "a@6", { path: PATH }),
    );
    assertStringIncludes(error.message, "by values");
    const headers = { "holdfast-accept": "redirect" };
    const answer = await ask(`/artifacts/a/versions/6.0.0/files/${PATH}`, headers);
    assertEquals([answer.status, await answer.bytes()], [200, STATE]);
  },
  "saves through the service": async ({ registry, remote, store }) => {
    const more = statesOf(8).slice(6);
    const assertValued = async (state: Uint8Array, ref: string, saved: SavedArtifact) => {
      assertLess(saved.addedBytes! / state.length, 0.3);
      assertEquals((await headOf(store, saved.name)).files[0]!.encoding, "values");
      assertEquals(await loaded(registry, ref), state);
      await assertFile(remote, ref, state);
    };
    await assertValued(more[0]!, "a@7", await remote.save("a", { [PATH]: more[0] }, VALUES));
    const entries = ["a", "b"].map((name) => ({ name, value: { [PATH]: more[1] }, ...VALUES }));
    const { results } = await saveMany(remote, entries);
    for (const result of results) if (!result.ok) throw result.error;
    assertEquals(await loaded(registry, "a@8"), more[1]);
    for (const name of ["a", "b"]) {
      assertEquals((await headOf(store, name)).files[0]!.encoding, "values");
    }
    assertEquals((await verifyRegistry(registry)).problems, []);
  },
  "a copy": async ({ registry }) => {
    for (const to of ["copied", "a"]) {
      const { version } = await registry.copy("a@6", to);
      await assertFile(registry, `${to}@${version}`);
    }
    assertEquals((await verifyRegistry(registry)).problems, []);
  },
  "a copy to another registry": async ({ registry, remote }) => {
    for (const from of [registry, remote]) {
      await using to = await openRegistry("memory:");
      await copyVersion(from, "a@6", { to });
      await assertFile(to, "a");
    }
  },
  "a mirror": async ({ registry }) => {
    const store = createMemoryBackend();
    await using to = await openRegistry(store);
    for (const copied of [1, 0]) assertEquals((await mirrorRegistry(registry, to)).copied, copied);
    await assertFile(to, "a@6");
    assertEquals((await verifyRegistry(to)).problems, []);
    assertEquals((await headOf(store)).format, "holdfast/1");
  },
  "a restored version": async ({ registry }) => {
    await registry.delete("a@6");
    await collectGarbage(registry);
    await registry.undelete("a@6");
    await collectGarbage(registry, { now: true });
    await assertFile(registry);
    assertEquals((await verifyRegistry(registry)).problems, []);
  },
  "a save of the same file": async ({ registry }) => {
    const saved = await registry.save("a", { [PATH]: STATE }, AS);
    assertLess(saved.addedBytes!, 5000); // the record
    await registry.delete("a@6");
    await collectGarbage(registry, { now: true });
    await assertFile(registry, "a@7");
  },
};

for (const kind of ["memory", "far"] as const) {
  for (const [door, play] of Object.entries(DOORS)) {
    Deno.test(`values: ${door} (${kind})`, async () => {
      await using world = await opened(kind);
      await play(world);
    });
  }
}
