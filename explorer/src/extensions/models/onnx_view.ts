// An ONNX file: its inputs and outputs, its operators, and its weights as tensors.
import type { ArtifactFile } from "../../artifact_file.ts";
import { ModelComparison } from "../../compare/models.ts";
import type { PairProps } from "../../compare/pair.ts";
import { whenLoaded } from "../../components/notices.ts";
import type { Column } from "../../components/table.ts";
import { formatNumber } from "../../format/format.ts";
import { html } from "../../framework/html.ts";
import type { VNode } from "../../framework/preact.ts";
import { shapeText } from "../../previews/models/model.ts";
import { listPart, ModelParts } from "../../previews/models/model_parts.ts";
import { useFiles } from "../../previews/parts.ts";
import { type OnnxOperator, type OnnxValue, openOnnx } from "./onnx.ts";

const VALUE_COLUMNS: readonly Column<OnnxValue>[] = [
  { title: "Name", cell: ({ name }) => name },
  { title: "Kind", cell: ({ kind }) => kind },
  { title: "Type", cell: ({ type }) => type },
  { title: "Shape", cell: ({ shape }) => shapeText(shape) },
];

const OPERATOR_COLUMNS: readonly Column<OnnxOperator>[] = [
  { title: "Operator", cell: ({ name }) => name },
  { title: "Nodes", class: "number", cell: ({ nodes }) => formatNumber(nodes) },
];

export function OnnxView({ file }: { file: ArtifactFile }): VNode {
  const loaded = useFiles((signal) => openOnnx(file, signal), file);
  return whenLoaded(loaded, ({ values, operators, ...model }) => {
    const parts = [
      listPart("values", "Inputs and outputs", {
        entries: values,
        columns: VALUE_COLUMNS,
        unit: "inputs and outputs",
      }),
      listPart("operators", "Operators", {
        entries: operators,
        columns: OPERATOR_COLUMNS,
        unit: "operators",
      }),
    ];
    return html`<${ModelParts} ...${model} parts=${parts} />`;
  });
}

export function OnnxComparison(props: PairProps): VNode {
  return html`<${ModelComparison} ...${props} open=${openOnnx} />`;
}
