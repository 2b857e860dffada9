// The contents of the registry in tests/fixtures/registry.

export const KEPT = "tests/fixtures/registry";

/** More than fits into a record, and compressible. */
export const PAYLOAD: Uint8Array = new Uint8Array(70_000).map((_, i) => i >> 8);

export const MANY_FILES: Record<string, unknown> = {
  when: new Date(0),
  bytes: new Uint8Array([1, 2, 3]),
  array: { data: new Float32Array([1, 2.5, -3]), shape: [3], dtype: "float32" },
};
