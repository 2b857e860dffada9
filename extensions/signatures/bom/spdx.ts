// A bill of materials as SPDX 3.0.1 with its AI profile: JSON-LD, made from that of CycloneDX.
// https://spdx.github.io/spdx-spec/v3.0.1/
import { compareUtf8 } from "../../../core/kernel.ts";
import type { BillOfMaterials } from "./bill.ts";
import type { BomComponent } from "./component.ts";

/** A bill of materials: SPDX 3.0.1, plain JSON. */
export interface SpdxBill {
  "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
  "@graph": SpdxElement[];
}

/** An element of SPDX, with members by its type. */
export interface SpdxElement {
  type: string;
  spdxId?: string;
  [member: string]: unknown;
}

const CREATION = "_:creation";
const UNKNOWN_LICENSE = "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense";
const TYPES = {
  "machine-learning-model": { type: "ai_AIPackage", purpose: "model" },
  data: { type: "dataset_DatasetPackage", purpose: "data" },
  application: { type: "software_Package", purpose: "application" },
  file: { type: "software_File", purpose: "file" },
} as const;

/** Returns a bill of materials as SPDX 3.0.1. Equal bills give equal elements. */
export function spdxOf(bom: BillOfMaterials): SpdxBill {
  const { serialNumber, metadata: { timestamp, component }, components, dependencies } = bom;
  const elements = new Elements(serialNumber);
  const tool = elements.agent("holdfast", "SoftwareAgent");
  const all = [component, ...components], types = new Map<string, string>();
  for (const each of all) {
    types.set(refOf(each), elements.package(each).type);
    if (each.components !== undefined) elements.files(each, each.components);
  }
  const root = refOf(component);
  const incomplete = new Set(bom.compositions?.flatMap((each) => each.dependencies));
  for (const { ref, dependsOn } of dependencies) {
    const trains = (input: string) =>
      types.get(ref) === "ai_AIPackage" && types.get(input) === "dataset_DatasetPackage";
    const completeness = incomplete.has(ref) ? { completeness: "incomplete" } : {};
    for (const [type, inputs] of Map.groupBy(dependsOn, (input) => trains(input) ? 1 : 0)) {
      const kind = type === 1 ? "trainedOn" : "dependsOn";
      elements.relate(ref, kind, inputs.map((input) => elements.id(input)), completeness);
    }
  }
  return {
    "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
    "@graph": [
      {
        type: "CreationInfo",
        "@id": CREATION,
        specVersion: "3.0.1",
        created: seconds(timestamp),
        createdBy: [tool],
      },
      {
        type: "SpdxDocument",
        spdxId: serialNumber,
        creationInfo: CREATION,
        name: root,
        profileConformance: ["core", "software", "simpleLicensing", "ai", "dataset"],
        rootElement: [elements.id(root)],
      },
      ...[...elements.all.values()].sort((a, b) => compareUtf8(a.spdxId, b.spdxId)),
    ],
  };
}

/** The elements of a bill, each once. */
class Elements {
  readonly all = new Map<string, SpdxElement & { spdxId: string }>();
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  id(...parts: readonly string[]): string {
    return `${this.#prefix}#${parts.map(encodeURIComponent).join("/")}`;
  }

  #add(spdxId: string, { type, ...members }: SpdxElement): string {
    this.all.set(spdxId, { type, spdxId, creationInfo: CREATION, ...members });
    return spdxId;
  }

  agent(name: string, type = "Agent"): string {
    return this.#add(this.id(type === "Agent" ? "agents" : "tools", name), { type, name });
  }

  relate(from: string, relationshipType: string, to: readonly string[], more: object = {}): void {
    const members = { type: "Relationship", from: this.id(from), relationshipType, to, ...more };
    this.#add(this.id("relationships", from, relationshipType), members);
  }

  package(component: BomComponent): SpdxElement {
    const { name, version, description, authors = [], properties = [] } = component;
    const saved = properties.find((each) => each.name === "holdfast:savedAt")?.value;
    const { type, purpose } = TYPES[component.type];
    // Models and data need these: of an input that is missing, they are unknown.
    const isKnown = version !== undefined && saved !== undefined;
    const time = saved !== undefined && seconds(saved);
    const agents = (authors.length > 0 ? authors : [{ name: "NOASSERTION" }])
      .map((author) => this.agent(author.name));
    const ref = refOf(component), isData = component.type === "data" && isKnown;
    const references = component.externalReferences?.map(({ url, comment }) => ({
      type: "ExternalRef",
      externalRefType: "other",
      locator: [url],
      comment,
    }));
    const element = {
      type: isKnown ? type : "software_Package",
      name,
      ...description !== undefined && { description },
      comment: properties.map((each) => `${oneLine(each.name)}: ${oneLine(each.value)}`)
        .join("\n"),
      software_primaryPurpose: purpose,
      software_downloadLocation: `holdfast://${encodeURI(ref)}`,
      suppliedBy: agents[0],
      ...version !== undefined && { software_packageVersion: version },
      ...time && { releaseTime: time, builtTime: time },
      ...isData && { dataset_datasetType: ["noAssertion"] },
      ...(isData || authors.length > 1) && { originatedBy: agents },
      ...references !== undefined && { externalRef: references },
      ...component.type === "machine-learning-model" && isKnown && cardOf(component),
    };
    this.#add(this.id(ref), element);
    this.relate(ref, "hasDeclaredLicense", [this.#license(ref, component)]);
    this.relate(ref, "hasConcludedLicense", [UNKNOWN_LICENSE]);
    return element;
  }

  /** Returns the declared license: an expression, in which other names are texts of their own. */
  #license(ref: string, { licenses = [] }: BomComponent): string {
    if (licenses.length === 0) return UNKNOWN_LICENSE;
    const custom: SpdxElement[] = [];
    const parts = licenses.map(({ license }, at) => {
      if ("id" in license) return license.id;
      const key = `LicenseRef-${at}`, value = this.id("licenses", ref, key), { name } = license;
      const text = { type: "simplelicensing_SimpleLicensingText", name };
      this.#add(value, { ...text, simplelicensing_licenseText: name });
      custom.push({ type: "DictionaryEntry", key, value });
      return key;
    });
    return this.#add(this.id("licenses", ref), {
      type: "simplelicensing_LicenseExpression",
      simplelicensing_licenseExpression: parts.join(" AND "),
      ...custom.length > 0 && { simplelicensing_customIdToUri: custom },
    });
  }

  files(owner: BomComponent, files: readonly BomComponent[]): void {
    const ids = files.map((file) =>
      this.#add(this.id(refOf(owner), "files", file.name), {
        type: "software_File",
        name: file.name,
        ...file["mime-type"] !== undefined && { contentType: file["mime-type"] },
        ...file.hashes && {
          verifiedUsing: file.hashes.map(({ content: hashValue }) => ({
            type: "Hash",
            algorithm: "sha256",
            hashValue,
          })),
        },
      })
    );
    if (ids.length > 0) this.relate(refOf(owner), "contains", ids);
  }
}

function refOf(component: BomComponent): string {
  return component["bom-ref"] ?? component.name;
}

/** Returns a text on one line, which nothing in it reorders. */
function oneLine(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Times of SPDX have no fractions of seconds. */
function seconds(time: string): string {
  return time.replace(/\.\d+Z$/, "Z");
}

/** Returns the parameters and metrics of a model card. */
function cardOf({ modelCard = {} }: BomComponent): object {
  const { modelParameters, quantitativeAnalysis, properties } = modelCard as {
    modelParameters?: { task?: string };
    quantitativeAnalysis?: { performanceMetrics: { type: string; value: string }[] };
    properties?: { name: string; value: string }[];
  };
  const entries = (pairs: readonly (readonly [key: string, value: string])[]) =>
    pairs.map(([key, value]) => ({ type: "DictionaryEntry", key, value }));
  const metrics = quantitativeAnalysis?.performanceMetrics.map((each) =>
    [each.type, each.value] as const
  );
  const parameters = properties?.map(({ name, value }) =>
    [name.replace(/^holdfast:param:/, ""), value] as const
  );
  return {
    ...modelParameters?.task !== undefined && { ai_domain: [modelParameters.task] },
    ...metrics && { ai_metric: entries(metrics) },
    ...parameters && { ai_hyperparameter: entries(parameters) },
  };
}
