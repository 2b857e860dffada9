// The border of the page of the explorer, and the modules of other rooms that it imports.

/** Modules that the page of the explorer may import beside the entry points: it reads files by parts of formats. */
export const PARTS_OF_EXPLORER = [
  "apps/diff.ts",
  "apps/difference/compare_rows.ts",
  "apps/difference/sort_by_field.ts",
  "apps/metadata_text.ts",
  "apps/rule_text.ts",
  "apps/server/access/sign_in.ts",
  "apps/server/explorer/site_path.ts",
  "apps/server/search/query.ts",
  "apps/server/search/terms.ts",
  "core/",
  "files/ome/image.ts",
  "formats/archive/tar_read.ts",
  "formats/archive/zip_",
  "formats/arrays/",
  "formats/compression/lz4.ts",
  "formats/csv/",
  "formats/npy.ts",
  "formats/parquet/columns.ts",
  "formats/parquet/footer.ts",
  "formats/parquet/read_groups.ts",
  "formats/safetensors/describe.ts",
  "formats/safetensors/tensor_file.ts",
  "formats/tables/",
  "formats/tiff.ts",
];

/** The border of the page: what its extensions may import, beside parts of formats and of the kernel. */
export const BORDERS_OF_PAGE: readonly string[] = [
  "explorer/src/extending.ts",
  "explorer/src/extension.ts",
];

/** Files of the page that its extensions may import: its border, and what draws runs, models and arrays. */
export const PARTS_OF_PAGE_EXTENSIONS: readonly string[] = [
  ...BORDERS_OF_PAGE,
  ...["live_points", "panels_view", "summary"].map((name) => `explorer/src/curves/${name}.ts`),
  ...["arrays/numbers", "models/model", "zoom"].map((name) => `explorer/src/previews/${name}.ts`),
  "explorer/src/views/runs/",
  "explorer/src/views/versions/metadata.ts",
];
