// An HDF5 file: its tree, and its attributes.
import type { ArtifactFile } from "../../artifact_file.ts";
import { ModelComparison } from "../../compare/models.ts";
import type { PairProps } from "../../compare/pair.ts";
import { whenLoaded } from "../../components/notices.ts";
import type { Column } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import { shapeText } from "../../previews/models/model.ts";
import { listPart, ModelParts } from "../../previews/models/model_parts.ts";
import { LeftOut, useFiles } from "../../previews/parts.ts";
import { type Hdf5Attribute, type Hdf5Object, openHdf5 } from "./hdf5/open_hdf5.ts";

const OBJECT_COLUMNS: readonly Column<Hdf5Object>[] = [
  { title: "Path", cell: ({ path }) => path },
  { title: "Kind", cell: ({ kind }) => kind },
  { title: "Type", cell: ({ type }) => type },
  { title: "Shape", cell: ({ kind, shape }) => kind === "dataset" ? objectShape(shape) : "" },
  { title: "Storage", cell: ({ note }) => note },
];

const ATTRIBUTE_COLUMNS: readonly Column<Hdf5Attribute>[] = [
  { title: "Attribute", cell: ({ name }) => name },
  { title: "Value", class: "wide", cell: ({ text }) => text },
];

function objectShape(shape: Hdf5Object["shape"]): string {
  return shape === undefined ? "empty" : shapeText(shape);
}

export function Hdf5View({ file }: { file: ArtifactFile }): VNode {
  const loaded = useFiles((signal) => openHdf5(file, signal), file);
  return whenLoaded(loaded, ({ objects, attributes, end, ...model }) => {
    const parts = [
      listPart("tree", "Tree", { entries: objects, columns: OBJECT_COLUMNS, unit: "objects" }),
      listPart("attributes", "Attributes", {
        entries: attributes,
        columns: ATTRIBUTE_COLUMNS,
        unit: "attributes",
      }),
    ];
    return html`
      ${end !== undefined && html`<${LeftOut} file=${file}>${`${end}.`}<//>`}
      <${ModelParts} ...${model} parts=${parts} />
    `;
  });
}

export function Hdf5Comparison(props: PairProps): VNode {
  return html`<${ModelComparison} ...${props} open=${openHdf5} />`;
}
