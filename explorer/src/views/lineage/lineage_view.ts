// The lineage of a version: as a graph that can be zoomed, or as a nested list.
import { exactRef } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import { type AliasesOfNames, readAliases } from "../../api/names.ts";
import type { Service } from "../../api/service.ts";
import { AliasTags, UnreadAliases } from "../../compare/version_labels.ts";
import { Choice } from "../../components/choice.ts";
import { SameByCode, shellWord } from "../../components/copy_box.ts";
import { formatCount } from "../../format/format.ts";
import { Empty, Shown } from "../../components/notices.ts";
import { type Offer, Offers } from "../offers.ts";
import { RefForm } from "../../components/ref_field.ts";
import { html } from "../../framework/html.ts";
import { useMemo } from "../../framework/preact.ts";
import {
  hrefOf,
  hrefOfRef,
  joinValues,
  openPlace,
  splitRef,
  splitValues,
} from "../../framework/router.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import type { ViewProps } from "../mod.ts";
import { useQuery } from "../../framework/use_query.ts";
import { GraphView } from "./graph_view.ts";
import { foldNames, neighbors, partOf, withRuns } from "./lineage_part.ts";
import type { Direction, Lineage, LineageNode } from "./lineage_part.ts";
import { Legend } from "./graph_node.ts";
import { NodeDetails } from "./node_details.ts";
import { kindWord, looksOf, oddWord } from "./node_looks.ts";

const DEPTH = "10";
/** More nodes than this are not drawn. */
const MOST = { graph: 400, list: 2000 };

export function LineageView({ place: { query } }: ViewProps) {
  const { service } = useSession();
  const { ref = "" } = query;
  const [as, setAs] = useQuery("as", "graph");
  const [way, setWay] = useQuery("direction", "both");
  const [steps, setSteps] = useQuery("depth", DEPTH);
  const [direction, depth] = [way as Direction, Number(steps) || Number(DEPTH)];
  const loaded = useLoaded(
    async (signal) => {
      if (ref === "") return undefined;
      const query = { ref: await exactRef(service, ref, signal), direction, depth };
      return await withAliases(service, await service.json("lineage", { query, signal }), signal);
    },
    [ref, direction, depth],
  );
  if (ref === "") {
    return html`
      <div class="stack">
        <h1>Lineage</h1>
        <p class="muted">The inputs of a version, and the versions that were made from it.</p>
        <${RefForm} action="Show its lineage" open=${(ref: string) =>
          openPlace(hrefOf(["lineage"], { ref }))} />
        <${Offers} label="Show the lineage of" hrefFor=${({ name, version }: Offer) =>
          hrefOf(["lineage"], { ref: `${name}@${version}` })} />
      </div>
    `;
  }
  return html`
    <div class=${as === "list" ? "stack whole" : "stack whole fill"}>
      <h1>Lineage of <span class="mono">${ref}</span></h1>
      <div class="row">
        <${Choice} label="Direction" value=${direction} change=${setWay}
          options=${[["both", "Both directions"], ["up", "Its inputs"], [
            "down",
            "Made from it",
          ]]} />
        <${Choice} label="Form" value=${as} change=${setAs}
          options=${[["graph", "Graph"], ["list", "Nested list"]]} />
        <${Choice} label="Steps" value=${String(depth)} change=${setSteps}
          options=${[1, 2, 3, 5, 10, 100].map((
            each,
          ) => [String(each), formatCount(each, "step")])} />
      </div>
      <${Shown} of=${loaded} what="Reading lineage">${(lineage: LineageWithAliases) =>
        html`
          <${UnreadAliases} errors=${lineage.aliasErrors} />
          <${Drawn} lineage=${lineage} changed=${loaded
            .reload} direction=${direction} depth=${depth}
            isList=${as === "list"} />
        `}<//>
      <${SameByCode} cli=${`holdfast lineage ${shellWord(ref)}${
        direction === "both" ? "" : ` --${direction}`
      }`}
        code=${`import { readLineage } from "@holdfast/holdfast";

const { nodes, edges } = await readLineage(registry, ${JSON.stringify(ref)}, ${
          JSON.stringify({ direction, depth })
        });`} />
    </div>
  `;
}

/** Names whose aliases are read, the nearest first. */
const MOST_NAMES = 30;

interface LineageWithAliases extends Lineage {
  readonly aliasErrors: AliasesOfNames["errors"];
}

async function withAliases(
  service: Service,
  lineage: Lineage,
  signal: AbortSignal,
): Promise<LineageWithAliases> {
  const present = lineage.nodes.filter(({ state }) => state === "present");
  const names = [...new Set(present.map(({ ref }) => splitRef(ref).name))].slice(0, MOST_NAMES);
  const { byRef, errors } = await readAliases(service, names, signal);
  return {
    ...lineage,
    nodes: lineage.nodes.map((node) => ({ ...node, aliases: byRef.get(node.ref) })),
    aliasErrors: errors,
  };
}

function Drawn(
  { lineage, changed, direction, depth, isList }: {
    lineage: Lineage;
    changed: () => void;
    direction: Direction;
    depth: number;
    isList: boolean;
  },
) {
  /** Names whose versions are nodes of their own. */
  const [opened, setOpened] = useQuery("open");
  const [at, setAt] = useQuery("at");
  const most = isList ? MOST.list : MOST.graph;
  const part = useMemo(() => partOf(lineage, { direction, depth, most }), [
    lineage,
    direction,
    depth,
    most,
  ]);
  const folded = useMemo(() => foldNames(withRuns(part), new Set(splitValues(opened))), [
    part,
    opened,
  ]);
  const choose = ({ ref, count }: LineageNode) =>
    count === undefined
      ? setAt(ref)
      : setOpened(joinValues([...splitValues(opened), splitRef(ref).name]));
  const { lookOf, legend } = useMemo(() => looksOf(folded.nodes), [folded]);
  const chosen = folded.nodes.find(({ ref }) => ref === at);
  return html`
    ${part.nodes.length <= 1 && html`
      <${Empty} title="Nothing is connected with this version">
        <p>Save with <code>inputs</code>, or run a pipeline, and it appears here.</p>
        <//>
    `}
    ${part.nodes.length > 1 &&
      (isList ? html`<${NestedList} lineage=${part} direction=${direction} />` : html`
        <${Legend} looks=${legend} />
        <div class=${chosen ? "lineage with-details" : "lineage"}>
          <${GraphView} lineage=${folded} lookOf=${lookOf} at=${at} choose=${choose} />
          ${chosen && html`<${NodeDetails} key=${at} node=${chosen} changed=${changed} />`}
        </div>
      `)}
    <p class="muted" role="status">${formatCount(part.nodes.length, "version")}, ${formatCount(
      part.edges.length,
      "connection",
    )}${part.cut ? ". More are further away: choose more steps, or one direction" : ""}.</p>
  `;
}

/** The most lines: a version that is an input of many is below each of them. */
const MOST_LINES = 1000;

function NestedList({ lineage, direction }: { lineage: Lineage; direction: Direction }) {
  return html`
    <div class="columns">${(["up", "down"] as const).filter((way) =>
      direction === "both" || direction === way
    ).map((way) =>
      html`
        <section class="card">
          <h2>${way === "up" ? "Its inputs" : "Made from it"}</h2>
          <${Branches} lineage=${lineage} way=${way} />
        </section>
      `
    )}</div>
  `;
}

function unknownNode(ref: string): LineageNode {
  return { ref, state: "missing" };
}

function Branches({ lineage, way }: { lineage: Lineage; way: "up" | "down" }) {
  const next = neighbors(lineage.edges, way);
  const nodes = new Map(lineage.nodes.map((node) => [node.ref, node]));
  const room = { lines: MOST_LINES };
  const below = (ref: string, above: ReadonlySet<string>): unknown => {
    const refs = (next.get(ref) ?? []).filter((each) => !above.has(each));
    if (refs.length === 0 || room.lines <= 0) return null;
    return html`<ul class="nested">${
      refs.map((each) => {
        room.lines--;
        const node = nodes.get(each) ?? unknownNode(each);
        const odd = oddWord(node);
        return html`<li key=${each}><a href=${hrefOfRef(each)}>${each}</a> ${
          odd === undefined
            ? html`
              <span class="muted">${kindWord(node)}</span> <${AliasTags}
                aliases=${node.aliases} />
            `
            : html`<span class="tag tag-warn">${odd}</span>`
        }${below(each, new Set([...above, each]))}</li>`;
      })
    }</ul>`;
  };
  const list = below(lineage.root, new Set([lineage.root])) ?? html`<p class="muted">None.</p>`;
  return html`${list}${
    room.lines <= 0 &&
    html`<p class="muted">The list ends after ${MOST_LINES} lines.</p>`
  }`;
}
