// Files that try to run code, to hang the page or to fill its memory, and what is shown of them.
import { deflateRawSync, gzipSync, zstdCompressSync } from "node:zlib";
import { encodeNpyHeader } from "../../../formats/arrays/npy_header.ts";

const encoder = new TextEncoder();
const ATTACK = `<img src=x onerror="window.attacked = 1"><script>window.attacked = 1</script>`;

export interface HostileFile {
  path: string;
  bytes: Uint8Array;
  /** A text that the preview shows. */
  text: string;
}

/** A PNG that declares 100,000 x 100,000 pixels. */
function hugePng(): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]);
  const view = new DataView(bytes.buffer);
  view.setUint32(16, 100_000);
  view.setUint32(20, 100_000);
  return bytes;
}

/** A ZIP file whose one entry declares 4 GB. */
function bomb(): Uint8Array {
  const size = 4_000_000_000;
  const packed = new Uint8Array(Math.ceil(size / 1000));
  packed.set(deflateRawSync(new Uint8Array(1000)));
  const name = encoder.encode("zeros.bin");
  const bytes = new Uint8Array(30 + name.length + packed.length + 46 + name.length + 22);
  const view = new DataView(bytes.buffer);
  const entry = (at: number, signature: number, shift: number) => {
    view.setUint32(at, signature, true);
    view.setUint16(at + 8 + shift, 8, true);
    view.setUint32(at + 18 + shift, packed.length, true);
    view.setUint32(at + 22 + shift, size, true);
    view.setUint16(at + 26 + shift, name.length, true);
  };
  entry(0, 0x04034b50, 0);
  bytes.set(name, 30);
  bytes.set(packed, 30 + name.length);
  const directory = 30 + name.length + packed.length;
  entry(directory, 0x02014b50, 2);
  bytes.set(name, directory + 46);
  const end = directory + 46 + name.length;
  view.setUint32(end, 0x06054b50, true);
  view.setUint16(end + 8, 1, true);
  view.setUint16(end + 10, 1, true);
  view.setUint32(end + 12, 46 + name.length, true);
  view.setUint32(end + 16, directory, true);
  return bytes;
}

/** A zarr array of one chunk, whose stored bytes are given. */
function zarr(path: string, codec: string, chunk: Uint8Array): [string, Uint8Array][] {
  const document = {
    zarr_format: 3,
    node_type: "array",
    shape: [1000, 1000],
    data_type: "uint8",
    chunk_grid: { name: "regular", configuration: { chunk_shape: [1000, 1000] } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: 0,
    codecs: [{ name: "bytes" }, {
      name: codec,
      configuration: codec === "gzip" ? { level: 1 } : { level: 1, checksum: false },
    }],
    attributes: {},
  };
  return [[`${path}/zarr.json`, encoder.encode(JSON.stringify(document))], [
    `${path}/c/0/0`,
    chunk,
  ]];
}

function hostileNotebook() {
  const html = `<img src=x onerror="window.attacked = 1"><script>window.attacked = 1</script>`;
  const data = { "text/html": html, "application/javascript": "window.attacked = 1" };
  return {
    metadata: { language_info: { name: "__proto__" } },
    cells: [
      { cell_type: "markdown", source: `${html} [x](javascript:window.attacked=1)` },
      {
        cell_type: "code",
        source: html,
        outputs: [
          { output_type: "display_data", data },
          { output_type: "display_data", data: { "image/png": btoa("<svg onload=alert(1)>") } },
          { output_type: "display_data", data: { "image/svg+xml": "<svg onload=alert(1)>" } },
          { output_type: "display_data", data: { "image/png": "%%%", "text/markdown": html } },
        ],
      },
    ],
  };
}

/** YAML whose aliases double at each line. */
function aliases(): string {
  return Array.from(
    { length: 40 },
    (_, i) => `a${i}: &b${i} [*${i ? `b${i - 1}` : "a"}, *${i ? `b${i - 1}` : "a"}]\n`,
  )
    .join("");
}

/** Returns the files. Those without a text are parts of others. */
export function hostileFiles(): HostileFile[] {
  const zeros = new Uint8Array(64 * 1024 * 1024);
  const arrays = [
    ...zarr("gzip_bomb.zarr", "gzip", new Uint8Array(gzipSync(zeros))),
    ...zarr("zstd_bomb.zarr", "zstd", new Uint8Array(zstdCompressSync(zeros))),
  ];
  const file = (path: string, text: string, bytes: Uint8Array | string): HostileFile => ({
    path,
    text,
    bytes: typeof bytes === "string" ? encoder.encode(bytes) : bytes,
  });
  return [
    file("page.html", "onerror", ATTACK),
    file("drawing.svg", "<svg onload", `<svg onload="window.attacked = 1">${ATTACK}</svg>`),
    file("is_html.png", "not an image", ATTACK),
    file("huge.png", "100,000 x 100,000 pixels", hugePng()),
    file(
      "links.md",
      "click",
      `[click](javascript:window.attacked=1) ${ATTACK}\n\n![x](https://example.invalid/x.png)`,
    ),
    file(
      "facts.md",
      "window.attacked",
      `---\n"${ATTACK.replaceAll('"', "'")}": ["${ATTACK.replaceAll('"', "'")}"]\n---\n# Title\n`,
    ),
    file("bomb.md", "Cannot read YAML", `---\na: &a [x]\n${aliases()}---\n# Title\n`),
    file("many.md", "Image", "![x](huge.png) ".repeat(3000)),
    file("id.md", "Name", "# Name\n\n[app](#app) [x](#%)\n\n# <img src=x>\n\n# app\n"),
    file("attack.ipynb", "window.attacked", JSON.stringify(hostileNotebook())),
    file("deep.ipynb", "no cells", "[".repeat(50_000) + "]".repeat(50_000)),
    file(
      "odd.ipynb",
      "not shown",
      JSON.stringify({
        cells: [null, 1, { outputs: [{ data: { "x/y": 1 } }], source: { a: 1 } }, {
          cell_type: {},
        }],
      }),
    ),
    file(
      "many.ipynb",
      "Show more of 19,900 cells",
      JSON.stringify({
        cells: Array.from({ length: 20_000 }, () => ({ cell_type: "markdown", source: "# x" })),
      }),
    ),
    file("playlist.mp4", "cannot play", "#EXTM3U\n#EXTINF:1,\nhttps://example.invalid/a.ts\n"),
    file("broken.mp4", "cannot play", "\0\0\0\x20ftypisom nothing"),
    file("broken.mp3", "cannot play", "ID3 nothing"),
    file("lie.wav", "cannot play", "RIFF\xff\xff\xff\x7fWAVEdata\xff\xff\xff\x7f"),
    file("types.csv", "string", `n\n${"9".repeat(500)}\n1e999999\n--1\n`),
    file("slow.py", '"""', '"""f{('.repeat(10_000)),
    file("slow.ts", "<A", "<A".repeat(30_000)),
    file("slow.yaml", "- -", "- ".repeat(30_000)),
    file("slow.sh", "$(", "$(".repeat(30_000)),
    file("slow.md", "*a *a", "*a ".repeat(30_000)),
    file("deep.md", "deep", `${">".repeat(20_000)} deep`),
    file(
      "markup.json",
      "<script>",
      JSON.stringify({ [ATTACK]: ATTACK, __proto__x: { constructor: 1 } }),
    ),
    file("deep.json", "[1 item]", "[".repeat(100_000) + "]".repeat(100_000)),
    file("broken.json", "This is not valid JSON", '{"a": '),
    file("long.json", "Show 1,999,000 more characters", JSON.stringify("x".repeat(2_000_000))),
    file("endless.csv", "longer than", "x".repeat(9_000_000)),
    file("wide.csv", "20,001 columns", `${"a,".repeat(20_000)}\n${"1,".repeat(20_000)}\n`),
    file("markup.csv", "<script>", `${ATTACK.replaceAll('"', "'")},b\n1,2\n`),
    file("lie.npy", "needs", new Uint8Array([...encodeNpyHeader("float64", [2 ** 40]), 1])),
    file("not.npy", "not a .npy file", "hello"),
    file("broken.parquet", "Cannot", "PAR1 nothing PAR1"),
    file("broken.zip", "not a ZIP file", "PK\x03\x04 nothing"),
    file("bomb.zip", "Unpack this archive only if you trust it", bomb()),
    file("bomb.tgz", "not a tar file", new Uint8Array(gzipSync(zeros.with(0, 1)))),
    ...arrays.map(([path, bytes]) =>
      file(path, path.endsWith("json") ? "zarr_format" : "00000000", bytes)
    ),
    file("gzip_bomb.zarr", "gzip data is damaged", ""),
    file("zstd_bomb.zarr", "zstd data is damaged", ""),
    file("empty.bin", "This file is empty", ""),
  ];
}
