// The `package.json` of the npm package.
import { placeOf } from "./package_files.ts";

/** What `deno.json` says of the package. */
export interface Configuration {
  name: string;
  version: string;
  license: string;
  exports: Record<string, string>;
}

/**
 * What few programs need, and is large: SDKs of stores, clients of queues on servers. Who uses one installs it; the
 * first use says which.
 */
export const OPTIONAL: readonly string[] = [
  "@aws-sdk/client-s3",
  "@google-cloud/storage",
  "bullmq",
  "ioredis",
  "pg",
];

/** What only pins a version for Deno's lock file. */
const LEFT_OUT = ["msgpackr-extract"];

/** The program that `bin` names. */
export const PROGRAM = "bin/holdfast.js";

/** @param packages what its files import: `hono@^4.13` */
export function packageManifest(
  configuration: Configuration,
  packages: ReadonlySet<string>,
): Record<string, unknown> {
  const { name, version, license, exports } = configuration;
  const versions = Array.from(packages, (text) => {
    const at = text.lastIndexOf("@");
    return [text.slice(0, at), text.slice(at + 1)] as const;
  }).filter(([name]) => !LEFT_OUT.includes(name)).sort();
  const optional = versions.filter(([name]) => OPTIONAL.includes(name));
  return {
    name,
    version,
    description: "A versioned registry of artifacts on folders and buckets, without a server.",
    license,
    type: "module",
    engines: { node: ">=22.12.0" },
    bin: { holdfast: `./${PROGRAM}` },
    exports: {
      ...Object.fromEntries(
        Object.entries(exports).map(([subpath, file]) => [subpath, doorOf(file)]),
      ),
      "./package.json": "./package.json",
    },
    types: "./mod.d.ts", // for tools that look no further
    dependencies: Object.fromEntries(versions.filter(([name]) => !OPTIONAL.includes(name))),
    peerDependencies: Object.fromEntries(optional),
    peerDependenciesMeta: Object.fromEntries(optional.map(([name]) => [name, { optional: true }])),
  };
}

function doorOf(file: string): { types: string; default: string } {
  const place = `./${placeOf(file.replace("./", "")).replace(/\.ts$/, "")}`;
  return { types: `${place}.d.ts`, default: `${place}.js` };
}
