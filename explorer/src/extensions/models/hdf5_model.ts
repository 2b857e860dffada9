// An HDF5 file: its tree, and its attributes.
import type { ArtifactFile, Column, OpenedModel } from "../../extending.ts";
import { listPart, shapeText } from "../../previews/models/model.ts";
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

export async function hdf5Model(file: ArtifactFile, signal?: AbortSignal): Promise<OpenedModel> {
  const { objects, attributes, ...model } = await openHdf5(file, signal);
  const parts = [
    listPart("tree", "Tree", { entries: objects, columns: OBJECT_COLUMNS, unit: "objects" }),
    listPart("attributes", "Attributes", {
      entries: attributes,
      columns: ATTRIBUTE_COLUMNS,
      unit: "attributes",
    }),
  ];
  return { ...model, parts };
}
