// Folders of many shapes: names, sizes, numbers and kinds of files.

/** Files by path. A link has a target. */
export interface Shape {
  what: string;
  files: Readonly<Record<string, string | { link: string }>>;
  /** Paths that `model_signing` leaves out when it signs. @default none */
  ignored?: readonly string[];
  /** Paths of Git are verified with `--no-ignore-git-paths`. @default false */
  git?: boolean;
  /** The reason why this program signs no version of it. @default it does */
  refusedHere?: RegExp;
  /** The reason why this program refuses the signature of `model_signing`. @default it does not */
  refusedTheirs?: RegExp;
}

const named = (what: string, ...paths: string[]): Shape => ({
  what,
  files: Object.fromEntries(paths.map((path, index) => [path, `content ${index}`])),
});

const LINK = /is a (sym)?link/;
const UNSIGNED = /is not signed/;

export const SHAPES: readonly Shape[] = [
  named("one file", "weights.bin"),
  named("several files", "a", "b", "c"),
  named("files in folders", "a/b/c/d.bin", "a/b/e.bin", "f.bin"),
  named("forty folders deep", `${"d/".repeat(40)}f`),
  named("a name of 200 characters", "n".repeat(200)),
  named("spaces", "a b", " begins", "ends ", "two  spaces/a b"),
  named("accents, composed", "d\u00e9j\u00e0.bin"),
  named("accents, decomposed", "de\u0301ja\u0300.bin"),
  named("accents, both", "\u00e9", "e\u0301"),
  named("Chinese, Arabic and Hebrew", "模型.bin", "نموذج.bin", "מודל.bin"),
  named("an order that differs in UTF-8 and UTF-16", "😀.bin", "～.bin", "z.bin"),
  named("emoji of several code points", "👩‍💻.bin", "🇩🇪/x"),
  named("upper and lower case", "README", "readme", "Readme"),
  named("numbers", "1", "10", "2", "02", "1e3"),
  named("a file and a folder that begin alike", "a.b", "a/b", "a-b", "a0"),
  named("leading dots", ".hidden", "..two", "...three", ".d/.e"),
  named("dashes and options", "-rf", "--help", "-"),
  named("characters of shells", "$HOME", "a;b", "a&b", "a|b", "`x`", "a'b", 'a"b', "!x"),
  named("characters of patterns", "*", "a?", "[b]", "{c}", "a*b/c?"),
  named("characters of URLs", "a%20b", "a#b", "a+b", "a=b", "a@b:c", "a,b"),
  named("characters of JSON", 'a"b', "</script>"),
  named("separators of lines in Unicode", "a\u2028b", "a\u0085b", "a\u00a0b"),
  named("invisible characters", "a\u200bb", "\ufeffa", "a\u202eb"),
  named("names like signatures", "model.sig.bak", "sig", "a/model.sig"),
  named("names like members", "subject", "predicate", "resources", "__proto__", "constructor"),
  named("names like devices", "con", "nul.txt", "aux/prn"),
  named("names of hashes", "0".repeat(64), "f".repeat(64)),
  { what: "an empty file", files: { "empty": "", "full": "x" } },
  { what: "only empty files", files: { "a": "", "b/c": "", "d": "" } },
  { what: "equal files", files: { "a": "same", "b": "same", "c/a": "same" } },
  { what: "line ends and zero bytes", files: { "a": "a\r\nb\n", "b": "\0\0", "c": "\ufeff" } },
  { what: "a file of a megabyte", files: { "large.bin": "0123456789abcdef".repeat(65536) } },
  {
    what: "200 files",
    files: Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`shard-${at}.bin`, `${at}`])),
  },
  {
    what: "600 files, whose statement by another tool is not kept",
    files: Object.fromEntries(Array.from({ length: 600 }, (_, at) => [`shard-${at}.bin`, `${at}`])),
    refusedTheirs: /its statement is too long/,
  },
  {
    what: "100 folders",
    files: Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`${at % 7}/${at}/f`, "x"])),
  },
  { what: "files of Hugging Face", files: { "config.json": "{}", "model.safetensors": "x" } },
  {
    what: "a link to a file",
    files: { "a": "x", "b": { link: "a" } },
    refusedHere: LINK,
    refusedTheirs: LINK,
  },
  {
    what: "a link to nothing",
    files: { "a": "x", "b": { link: "nothing" } },
    refusedHere: LINK,
    refusedTheirs: LINK,
  },
  {
    what: "a path that they ignore",
    files: { "a": "x", "b": "y" },
    ignored: ["b"],
    refusedTheirs: UNSIGNED,
  },
  { what: "an ignored path that is absent", files: { "a": "x" }, ignored: ["b"] },
  {
    what: "paths of Git, which they ignore",
    files: { "a": "x", ".gitattributes": "y", ".gitignore": "z" },
    git: true,
    refusedTheirs: UNSIGNED,
  },
];
