// Builds the servers and clients that tests run against, once, from pinned versions by the Go toolchain, and
// the checker of histories from its source in this repository.
import { join } from "@std/path";
import {
  CHECKER,
  CHECKER_SOURCE,
  sourceVersion,
} from "../../tests/judges/linearizability/checker_program.ts";
import { tempRoot } from "../../tests/support/temp_root.ts";
import { OLLAMA, prepareOllama } from "./ollama_client.ts";

interface Module {
  module: string;
  /** The folder of its program. @default that of the module */
  program?: string;
  version: string;
}

/** Binaries and where they come from; nothing of them is shipped. */
const MODULES: Record<string, Module> = {
  minio: {
    module: "github.com/minio/minio",
    version: "v0.0.0-20260212201848-7aac2a2c5b7c", // the last of an archived repository; AGPL, so a tool of tests only
  },
  versitygw: {
    module: "github.com/versity/versitygw",
    program: "cmd/versitygw",
    version: "v1.8.0",
  },
  "fake-gcs-server": { module: "github.com/fsouza/fake-gcs-server", version: "v1.56.1" },
  gofakes3: {
    module: "github.com/johannesboyne/gofakes3",
    program: "cmd/gofakes3",
    version: "v1.2.0",
  },
  s5cmd: { module: "github.com/peak/s5cmd/v2", version: "v2.3.0" },
  // Clients of container registries, which read what `serve --oci` serves.
  crane: {
    module: "github.com/google/go-containerregistry",
    program: "cmd/crane",
    version: "v0.22.1",
  },
  oras: { module: "oras.land/oras", program: "cmd/oras", version: "v1.3.6" },
  "oras-1.2": { module: "oras.land/oras", program: "cmd/oras", version: "v1.2.0" },
  "oras-1.1": { module: "oras.land/oras", program: "cmd/oras", version: "v1.1.0" },
  "oci-conformance": {
    module: "github.com/opencontainers/distribution-spec/conformance",
    version: "v0.0.0-20260831232431-97274622c111",
  },
  "ollama-pull": OLLAMA,
};

/** Programs whose source is in this repository, by their folders. */
const OWN: Record<string, string> = { [CHECKER]: CHECKER_SOURCE };
const ALL = [...Object.keys(MODULES), ...Object.keys(OWN)];

/** Builds the binaries that are not in the folder yet in their pinned version. */
export async function installServers(
  folder: string,
  binaries = ALL.filter((binary) => binary !== "s5cmd"), // which is only measured against
): Promise<void> {
  const unknown = binaries.find((binary) => !ALL.includes(binary));
  if (unknown !== undefined) {
    throw new Error(`Cannot install "${unknown}": there are only ${ALL.join(", ")}`);
  }
  const missing: string[] = [];
  for (const binary of binaries) if (!await isPresent(folder, binary)) missing.push(binary);
  if (missing.length === 0) return;
  await checkGo();
  await Deno.mkdir(folder, { recursive: true });
  for (const binary of missing) {
    console.log(`Building ${binary} ${versionOf(binary)}`);
    const startedAt = performance.now();
    await build(folder, binary);
    console.log(`Built ${binary} in ${Math.round((performance.now() - startedAt) / 1000)} s`);
  }
}

/** A binary beside which no version is written was put there by hand, and stays. */
async function isPresent(folder: string, binary: string): Promise<boolean> {
  try {
    await Deno.stat(join(folder, binary));
    const version = await Deno.readTextFile(versionFile(folder, binary)).catch(() => undefined);
    return version === undefined || version === versionOf(binary);
  } catch {
    return false;
  }
}

function versionOf(binary: string): string {
  return OWN[binary] ? sourceVersion(OWN[binary]) : MODULES[binary]!.version;
}

async function checkGo(): Promise<void> {
  await run("go", ["version"]).catch(() => {
    throw new Error(
      "Cannot build the servers: there is no Go toolchain; install Go 1.26 or later " +
        "(https://go.dev/dl, or a package of your system) and run this again",
    );
  });
}

/** Builds a binary, and puts it into the folder whole or not at all, also beside another installation. */
async function build(folder: string, binary: string): Promise<void> {
  const staged = join(folder, `.${binary}-${crypto.randomUUID()}`);
  const version = versionOf(binary);
  if (OWN[binary]) {
    await run("go", buildArgs("readonly", staged, "."), { cwd: OWN[binary], env: GO_ENV });
  } else if (MODULES[binary] === OLLAMA) await buildOllama(staged);
  else await buildModule(MODULES[binary]!, staged);
  await Deno.rename(staged, join(folder, binary));
  await Deno.writeTextFile(versionFile(folder, binary), version);
}

const GO_ENV = { CGO_ENABLED: "0", GOFLAGS: "-buildvcs=false" };

function buildArgs(mod: string, output: string, program: string): string[] {
  return ["build", `-mod=${mod}`, "-trimpath", "-ldflags=-s -w", "-o", output, program];
}

/**
 * A module of its own that requires exactly this version: unlike `go install program@version` it never asks a module
 * proxy for the list of versions, which some do not serve.
 */
async function buildModule({ program, module, version }: Module, output: string): Promise<void> {
  const root = await tempRoot();
  const inModule = { cwd: root.path, env: GO_ENV };
  try {
    await run("go", ["mod", "init", "tools"], inModule);
    await run("go", ["mod", "edit", `-require=${module}@${version}`], inModule);
    await run("go", buildArgs("mod", output, join(module, program ?? "")), inModule);
  } finally {
    await root.remove();
  }
}

async function buildOllama(output: string): Promise<void> {
  const root = await tempRoot();
  try {
    const described = `${OLLAMA.module}@${OLLAMA.version}`;
    const { Dir } = JSON.parse(await run("go", ["mod", "download", "-json", described]));
    await prepareOllama(Dir, root.path);
    await run("go", buildArgs("mod", output, "./pull"), { cwd: root.path, env: GO_ENV });
  } finally {
    await root.remove();
  }
}

function versionFile(folder: string, binary: string): string {
  return join(folder, `${binary}.version`);
}

async function run(command: string, args: string[], more: Deno.CommandOptions = {}) {
  const { success, stdout, stderr } = await new Deno.Command(command, { args, ...more }).output();
  if (success) return new TextDecoder().decode(stdout);
  const said = new TextDecoder().decode(stderr);
  throw new Error(`Cannot run ${command} ${args.join(" ")}: it failed\n${said}`);
}
