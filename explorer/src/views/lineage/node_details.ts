// The details of the chosen node of a lineage: of a version, or of a step that ran.
import { elementOf } from "../../framework/element_of.ts";
import { openVersion } from "../../api/artifacts.ts";
import { useSession, useVersionRuns } from "../../api/context.ts";
import { FactList } from "../../components/fact_list.ts";
import { formatBytes, formatCount, formatTime } from "../../format/format.ts";
import { html } from "../../framework/html.ts";
import { useEffect, useRef } from "../../framework/preact.ts";
import { hrefOf, hrefOfRef, splitRef } from "../../framework/router.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { RestoreOffer } from "../artifact/deleted_versions.ts";
import type { Facts } from "../../extension.ts";
import type { LineageNode } from "./lineage_part.ts";
import { jsonText } from "../../format/short_number.ts";

/** Returns the address of a version or a step; undefined if the page has no view of it. */
export function useHrefOfNode({ ref, made, count }: LineageNode): string | undefined {
  const runs = useVersionRuns();
  if (made !== undefined) {
    const path = runs?.pathOf(made);
    return path && hrefOf(path);
  }
  return hrefOfRef(count === undefined ? ref : splitRef(ref).name);
}

export function NodeDetails({ node, changed }: {
  node: LineageNode;
  /** Called after its version is restored. */
  changed: () => void;
}) {
  const { service } = useSession();
  const runs = useVersionRuns();
  const href = useHrefOfNode(node);
  const { ref, state, made, createdAt, metadata } = node;
  const known: Facts = made === undefined
    ? { State: state, ...createdAt && { Saved: formatTime(createdAt) } }
    : { Pipeline: made.pipeline, Operator: made.operator, Parameters: made.params };
  const more = useLoaded(async (signal): Promise<Facts> => {
    if (made !== undefined) {
      return await (await runs?.load())?.readStep(service, made, signal) ?? {};
    }
    if (state !== "present") return {};
    const { name, version = "" } = splitRef(ref);
    const { materializer, size, files } = await openVersion(service, { name, version }, signal);
    return {
      Kind: materializer,
      Size: `${formatBytes(size)} in ${formatCount(files.length, "file")}`,
    };
  }, [ref]);
  const card = useRef<HTMLElement>(null);
  useEffect(() => elementOf(card).scrollIntoView({ block: "nearest" }), [more.value]);
  const facts = Object.entries({ ...known, ...more.value, ...metadata });
  return html`
    <section ref=${card} class="card stack details" tabindex="0" aria-label=${`Details of ${ref}`}>
      <div class="row spread">
        <h2 class="mono">${ref}</h2>
        ${href !== undefined && html`<a class="button" href=${href}>Open</a>`}
      </div>
      ${state === "missing" && html`<${RestoreOffer} of=${ref} changed=${changed} />`}
      <${FactList} facts=${facts.map(([key, value]) => [key, jsonText(value)])} />
    </section>
  `;
}
