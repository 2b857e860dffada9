// An ONNX file: its inputs and outputs, its operators, and its weights as tensors.
import { type ArtifactFile, type Column, formatNumber, type OpenedModel } from "../../extending.ts";
import { listPart, shapeText } from "../../previews/models/model.ts";
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

export async function onnxModel(file: ArtifactFile, signal?: AbortSignal): Promise<OpenedModel> {
  const { values, operators, ...model } = await openOnnx(file, signal);
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
  return { ...model, parts };
}
