// The modules of other rooms that the page of the explorer imports.

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
