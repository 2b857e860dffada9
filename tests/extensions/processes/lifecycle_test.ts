// A service with several processes: they start and end together, and one that crashes is replaced.
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { request } from "node:http";
import { realSystem } from "../../../core/system.ts";
import { runDeno } from "../../support/run_deno.ts";
import { partOfRun } from "../../support/seeds.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { takeSharedPort } from "../../../extensions/processes/shared_port.ts";
import { openRegistry, RegistryError } from "../../../mod.ts";
import { sampleBytes } from "../../conformance/backend/samples.ts";
import { isRunning, MANY, serveProcesses } from "./served_processes.ts";

const ignore = Deno.build.os !== "linux";

Deno.test({
  name:
    "a process that is killed in the middle of requests is replaced, and no answered save is lost",
  ignore,
  async fn() {
    await using service = await serveProcesses([]);
    const { ask, pids, program, registry } = service;
    const before = await pids();
    assertEquals(before.length, 2);
    const saved: string[] = [];
    let isKilled = false;
    const save = async (name: string) => {
      for (let i = 0; !isKilled || i < 4; i++) {
        const body = JSON.stringify({
          materializer: { id: "folder", formatVersion: 1 },
          files: [{ path: "f", data: btoa(`${name} ${i}`) }],
        });
        const headers = { "content-type": "application/json" };
        const answer = await ask(`/artifacts/${name}/versions`, { method: "POST", headers, body })
          .catch(() => undefined); // it was cut
        if (answer?.status === 201) saved.push(`${name}@${JSON.parse(answer.text).version}`);
      }
    };
    const saving = Promise.all(["a", "b", "c", "d"].map(save));
    await program.until(() => saved.length >= 8);
    Deno.kill(before[0]!, "SIGKILL");
    await program.until(async () => {
      const now = await pids();
      return now.length === 2 && !now.includes(before[0]!);
    });
    isKilled = true;
    await saving;
    for (const ref of saved) assertEquals((await registry.info(ref)).files.length, 1, ref);
    assertMatch(program.stderr, /^A process of the service ended \(SIGKILL\)/m);
    const answers = await Promise.all(Array.from({ length: MANY }, () => ask("/names")));
    assertEquals(new Set(answers.map(({ status }) => status)), new Set([200]));
    const [first, second] = [await countOf(), await countOf()];
    assert(second > first);

    async function countOf(): Promise<number> {
      const { text } = await ask("/metrics");
      const counts = [...text.matchAll(/^holdfast_requests_total\{.*\} (\d+)$/gm)];
      return counts.reduce((sum, [, count]) => sum + Number(count), 0);
    }
  },
});

Deno.test({
  name: "on a signal, all processes finish their downloads and end",
  ignore,
  async fn() {
    const bytes = sampleBytes(8 * 1024 ** 2);
    await using service = await serveProcesses([], {
      fill: async (registry) => void await registry.save("big", bytes),
    });
    const { url, registry, program, pids } = service;
    const { files: [file] } = await registry.info("big");
    const running = await pids();
    const path = `${url}/artifacts/big/versions/1.0.0/files/${file!.path}`;
    const downloads = Array.from({ length: 8 }, () => slowDownload(path));
    const begun = await Promise.all(downloads);
    program.signal("SIGTERM");
    const received = await Promise.all(begun.map(({ rest }) => rest()));
    assertEquals(new Set(received), new Set([bytes.byteLength]));
    const { code, stderr } = await program.ended;
    assertEquals(code, 0);
    assertStringIncludes(stderr, "Stopped");
    assertEquals(stderr.includes("Aborted"), false, stderr);
    for (const pid of running) assertEquals(isRunning(pid), false);
  },
});

/** Begins a download. `rest` reads the rest of it. */
function slowDownload(url: string): Promise<{ rest(): Promise<number> }> {
  return new Promise((resolve, reject) => {
    request(url, { agent: false }, (answer) => {
      answer.pause();
      resolve({
        rest: () =>
          new Promise((resolve, reject) => {
            let bytes = 0;
            answer.on("data", (chunk: Uint8Array) => bytes += chunk.byteLength);
            answer.on("end", () => resolve(bytes));
            answer.on("error", reject);
            answer.resume();
          }),
      });
    }).on("error", reject).end();
  });
}

Deno.test({
  name: "if the process that watches them is killed, the others end",
  ignore,
  async fn() {
    await using service = await serveProcesses([]);
    const { pids, program, ask } = service;
    const running = await pids();
    assertEquals((await ask("/names")).status, 200);
    program.signal("SIGKILL");
    await program.ended;
    while (running.some(isRunning)) await realSystem.sleep(10);
  },
});

Deno.test({
  name: "an upload goes on after the process that received it was killed",
  ignore,
  async fn() {
    await using service = await serveProcesses([]);
    const { url, ask, pids, program } = service;
    const tus = { "tus-resumable": "1.0.0" };
    const begun = await ask("/uploads", {
      method: "POST",
      headers: { ...tus, "upload-length": "10" },
    });
    const path = new URL(String(begun.headers.location), `${url}/uploads`).pathname;
    const patch = { ...tus, "content-type": "application/offset+octet-stream" };
    const headers = { ...patch, "upload-offset": "0", "content-length": "10" };
    const stuck = request(url + path, { method: "PATCH", agent: false, headers });
    stuck.on("error", () => {});
    stuck.write("abc");
    // Both run: the upload, and the request for the metrics.
    await program.until(async () =>
      /^holdfast_requests_under_way 2$/m.test((await ask("/metrics")).text)
    );
    const before = await pids();
    for (const pid of before) Deno.kill(pid, "SIGKILL"); // one of them has the upload
    await program.until(async () => {
      const now = await pids();
      return now.length === 2 && !now.some((pid) => before.includes(pid));
    });
    let offset = NaN;
    await program.until(async () => { // they start
      const head = await ask(path, { method: "HEAD", headers: tus }).catch(() => undefined);
      offset = Number(head?.headers["upload-offset"]);
      return head !== undefined;
    });
    const rest = await ask(path, {
      method: "PATCH",
      headers: { ...patch, "upload-offset": String(offset) },
      body: "abcdefghij".slice(offset),
    });
    assertEquals([rest.status, rest.headers["upload-offset"]], [204, "10"], rest.text);
  },
});

Deno.test({
  name: "a service with several processes that cannot start has one error, as with one process",
  ignore,
  async fn() {
    await using root = await tempRoot();
    await (await openRegistry(root.join("r")))[Symbol.asyncDispose]();
    await Deno.writeTextFile(root.join("bad.json"), "{");
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const cases = [
      ["-r", "r", "--port", String(taken.addr.port)],
      ["-r", "none", "--port", "0"],
      ["-r", "r", "--port", "0", "--tokens", "bad.json"],
      ["-r", "r", "--port", "0", "--host", "0.0.0.0"],
      ["-r", "r", "--port", "0", "--cert", "none.pem", "--key", "none.pem"],
    ];
    for (const args of partOfRun(cases, 3)) {
      const run = (more: string[]) =>
        runDeno("apps/cli.ts", ["serve", ...args, ...more], {
          permissions: ["-A"],
          cwd: root.path,
        });
      const alone = await run([]);
      const both = await run(["--processes", "2"]);
      assertEquals(both, alone, args.join(" "));
      assert(both.code > 0);
    }
  },
});

Deno.test({
  name: "of two services that take one port at the same time, one gets it",
  ignore,
  async fn() {
    let taken = 0;
    for (let i = 0; i < 10 && taken === 0; i++) { // another program may take a port that is free
      const first = await takeSharedPort({ host: "127.0.0.1", port: 0 });
      const { port } = first;
      const again = () => takeSharedPort({ host: "127.0.0.1", port });
      // The port is free until its processes listen.
      const error = await assertRejects(again, RegistryError, "the port is in use");
      assertEquals(error.code, "Conflict");
      await first.release();
      const both = await Promise.allSettled([again(), again(), again()]);
      const got = both.filter((each) => each.status === "fulfilled");
      assert(got.length <= 1, `${got.length} have it`);
      for (const each of got) await each.value.release();
      taken = got.length;
    }
    assertEquals(taken, 1);
  },
});
