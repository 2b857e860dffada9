// The details of the chosen node of a lineage: of a version, or of a step that ran.
import { elementOf } from "../../framework/element_of.ts";
import { nameSegment } from "../../../../core/naming/names.ts";
import { openVersion } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import { FactList } from "../../components/fact_list.ts";
import { formatBytes, formatCount, formatMs, formatTime } from "../../format/format.ts";
import { html } from "../../framework/html.ts";
import { useEffect, useRef } from "../../framework/preact.ts";
import { hrefOf, hrefOfRef, splitRef } from "../../framework/router.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { RestoreOffer } from "../artifact/deleted_versions.ts";
import { hasPipelines, type Run } from "../../api/runs.ts";
import type { LineageNode } from "./lineage_part.ts";
import { jsonText } from "../../format/short_number.ts";

type Facts = Readonly<Record<string, unknown>>;

export function hrefOfNode({ ref, made, count }: LineageNode): string {
  return made === undefined
    ? hrefOfRef(count === undefined ? ref : splitRef(ref).name)
    : hrefOf(["runs", made.run, made.step]);
}

export function NodeDetails({ node, changed }: {
  node: LineageNode;
  /** Called after its version is restored. */
  changed: () => void;
}) {
  const { service, about } = useSession();
  const { ref, state, made, createdAt, metadata } = node;
  const known: Facts = made === undefined
    ? { State: state, ...createdAt && { Saved: formatTime(createdAt) } }
    : { Pipeline: made.pipeline, Operator: made.operator, Parameters: made.params };
  const more = useLoaded(async (signal): Promise<Facts> => {
    if (made !== undefined) {
      if (!hasPipelines(about)) return {};
      const run = await service.json<Run>(`runs/${nameSegment(made.run)}`, { signal });
      const step = run.steps.find(({ step }) => step === made.step);
      return {
        Status: step?.end,
        Began: step?.startedAt && formatTime(step.startedAt),
        Took: step && formatMs(step.durationMs),
      };
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
        ${(made === undefined || !service.isSite) &&
          html`<a class="button" href=${hrefOfNode(node)}>Open</a>`}
      </div>
      ${state === "missing" && html`<${RestoreOffer} of=${ref} changed=${changed} />`}
      <${FactList} facts=${facts.map(([key, value]) => [key, jsonText(value)])} />
    </section>
  `;
}
