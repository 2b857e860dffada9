// A version as a bill of materials: CycloneDX 1.7 as JSON.
import { checkOptions, compareUtf8, mapAtOnce, sha256, shown } from "../../../core/kernel.ts";
import { type ArtifactInfo, readLineage, type Registry } from "../../../mod.ts";
import type { Lineage } from "../../../registry/mod.ts";
import { type BomComponent, inputComponent, type Kinds, versionComponent } from "./component.ts";

/** Options of {@linkcode billOfMaterials}. */
export interface BillOfMaterialsOptions {
  /** Steps of lineage towards the inputs, at least 1. @default unlimited */
  depth?: number;
  /** Prefix of the names of models. Versions with metrics are models, too. @default "models:" */
  models?: string;
  signal?: AbortSignal;
}

/** A bill of materials: CycloneDX 1.7, plain JSON. */
export interface BillOfMaterials {
  bomFormat: "CycloneDX";
  specVersion: "1.7";
  /** `urn:uuid:`, made from the content: equal content has an equal number. */
  serialNumber: string;
  version: 1;
  metadata: {
    /** When the version was saved. */
    timestamp: string;
    tools: { components: { type: "application"; name: string }[] };
    component: BomComponent;
  };
  /** The inputs; for a release its members, with their files. */
  components: BomComponent[];
  dependencies: { ref: string; dependsOn: string[] }[];
  /** Present if inputs are left out, or are not what they were. */
  compositions?: { aggregate: "incomplete"; dependencies: string[] }[];
}

/**
 * Returns the bill of materials of a version: its files with their SHA-256, inputs, parameters and
 * metrics as a model card, authors, licenses and signatures. Of a release, each member is described
 * like the version itself. Reads no payload.
 *
 * @throws {RegistryError} `NotFound` if there is no such version
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { billOfMaterials } from "@holdfast/holdfast/signatures";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await registry.save("data:digits", [1, 2, 3]);
 * await registry.save("models:digits", { layers: 3 }, {
 *   inputs: ["data:digits@1.0.0"],
 *   metadata: { license: "apache-2.0", metrics: { auc: 0.93 } },
 * });
 *
 * const bom = await billOfMaterials(registry, "models:digits");
 * assertEquals(bom.metadata.component.licenses, [{ license: { id: "Apache-2.0" } }]);
 * assertEquals(bom.components.map(({ name }) => name), ["data:digits"]);
 * ```
 */
export async function billOfMaterials(
  registry: Registry,
  ref: string,
  options: BillOfMaterialsOptions = {},
): Promise<BillOfMaterials> {
  const { depth, models = "models:", signal } = checkOptions(
    `export the bill of materials of ${shown(ref)}`,
    options,
    { depth: {}, models: { sent: "text" }, signal: {} },
  );
  const info = await registry.info(ref, { annotations: true, signal });
  const { name, version, materializer } = info, pinned = `${name}@${version}`;
  const lineage = await readLineage(registry, pinned, {
    direction: "up",
    ...depth !== undefined && { depth },
    signal,
  });
  const { root } = lineage, kinds = { models };
  const members = materializer.id === "release"
    ? await membersOf(registry, lineage, signal)
    : new Map<string, ArtifactInfo>();
  return numbered({
    bomFormat: "CycloneDX",
    specVersion: "1.7",
    version: 1,
    metadata: {
      timestamp: info.createdAt.toISOString(),
      tools: { components: [{ type: "application", name: "holdfast" }] },
      component: versionComponent(root, info, datasetsOf(lineage, root, kinds), kinds),
    },
    components: lineage.nodes.filter((node) => node.ref !== root)
      .toSorted((a, b) => compareUtf8(a.ref, b.ref))
      .map((node) => {
        const member = members.get(node.ref);
        if (member === undefined) return inputComponent(node, kinds);
        return versionComponent(node.ref, member, datasetsOf(lineage, node.ref, kinds), kinds);
      }),
    dependencies: dependenciesOf(lineage),
    ...compositionsOf(lineage),
  });
}

/** Reads the members of a release that are as they were when it was published. */
async function membersOf(
  registry: Registry,
  { root, nodes, edges }: Lineage,
  signal?: AbortSignal,
): Promise<Map<string, ArtifactInfo>> {
  const direct = new Set(edges.filter(({ to }) => to === root).map(({ from }) => from));
  const present = nodes.filter(({ ref, state }) => state === "present" && direct.has(ref));
  const read = async ({ ref }: { ref: string }) =>
    [ref, await registry.info(ref, { annotations: true, signal })] as const;
  const members = new Map<string, ArtifactInfo>();
  for await (const [ref, info] of mapAtOnce(present, read)) members.set(ref, info);
  return members;
}

function datasetsOf({ nodes, edges }: Lineage, ref: string, kinds: Kinds): string[] {
  const direct = new Set(edges.filter(({ to }) => to === ref).map(({ from }) => from));
  return nodes.filter((node) => direct.has(node.ref) && inputComponent(node, kinds).type === "data")
    .map((node) => node.ref).sort(compareUtf8);
}

function dependenciesOf({ nodes, edges }: Lineage): BillOfMaterials["dependencies"] {
  const inputs = new Map(nodes.map(({ ref }) => [ref, new Set<string>()]));
  for (const { from, to } of edges) inputs.get(to)?.add(from);
  return [...inputs].toSorted(([a], [b]) => compareUtf8(a, b))
    .map(([ref, from]) => ({ ref, dependsOn: [...from].sort(compareUtf8) }));
}

function compositionsOf({ root, nodes, cut }: Lineage): Pick<BillOfMaterials, "compositions"> {
  if (!cut && nodes.every(({ state }) => state === "present")) return {};
  return { compositions: [{ aggregate: "incomplete", dependencies: [root] }] };
}

/** Adds a serial number that is made from the content, in the form of a UUID of version 8. */
function numbered(
  { bomFormat, specVersion, ...content }: Omit<BillOfMaterials, "serialNumber">,
): BillOfMaterials {
  const digest = sha256(JSON.stringify(content));
  const variant = (parseInt(digest.charAt(16), 16) & 3 | 8).toString(16);
  const uuid = [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join("-");
  return { bomFormat, specVersion, serialNumber: `urn:uuid:${uuid}`, ...content };
}
