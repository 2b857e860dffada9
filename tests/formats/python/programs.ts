// Programs of Python that read and write files with the packages that people use, and say what is
// in them.
/** Shared by both programs: describes the content of a file as JSON. An array is its type, shape and the digest of its elements. */
const TELL = `
import hashlib, io, json, os, sys, tarfile, zipfile
import numpy, pandas, tifffile, yaml
from PIL import Image
from ruamel.yaml import YAML
def array(a):
    plain = numpy.ascontiguousarray(a).astype(a.dtype.newbyteorder("<"))
    return [a.dtype.name, list(a.shape), hashlib.sha256(plain.tobytes()).hexdigest()]
def rows(frame):
    return json.loads(frame.to_json(orient="records"))
def tell(path):
    kind = path.rsplit(".", 1)[1]
    if kind == "tif":
        image = tifffile.imread(path)
        return array(numpy.moveaxis(image, 0, -1) if path.endswith("planes.tif") else image)
    if kind == "png":
        with Image.open(path) as image:
            image.load()
            return array(numpy.asarray(image.convert("RGB") if image.mode == "P" else image))
    if kind == "npy":
        return array(numpy.load(path))
    if kind == "npz":
        with numpy.load(path) as arrays:
            return {name: array(a) for name, a in arrays.items()}
    if kind == "csv":
        return rows(pandas.read_csv(path, dtype=str, keep_default_na=False))
    if kind == "parquet":
        return rows(pandas.read_parquet(path))
    if kind == "yaml":
        with open(path, "rb") as file:
            text = file.read()
        value, other = yaml.safe_load(text), YAML(typ="safe", pure=True).load(text)
        assert repr(value) == repr(other), path
        return value
    if kind == "zip":
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name).decode() for name in archive.namelist()}
    if kind == "tgz":
        with tarfile.open(path) as archive:
            return {member.name: archive.extractfile(member).read().decode() for member in archive}
    raise ValueError(path)
def tell_all(folder):
    print(json.dumps({name: tell(os.path.join(folder, name)) for name in sorted(os.listdir(folder))}))
`;

/** Says what the files of a folder hold. */
export const DESCRIBE = `${TELL}
tell_all(sys.argv[1])
`;

/** Writes files into a folder, and says what they hold. */
export const PRODUCE = `${TELL}
random = numpy.random.default_rng(7)
def at(name):
    return os.path.join(sys.argv[1], name)
def values(dtype, shape):
    kind = numpy.dtype(dtype)
    if kind.kind == "f":
        return random.normal(0, 1000, shape).astype(kind)
    return numpy.frombuffer(random.bytes(int(numpy.prod(shape)) * kind.itemsize), kind).reshape(shape)
for dtype in "uint8 uint16 uint32 uint64 int8 int16 int32 int64 float32 float64".split():
    for name, options in {
        "plain": {}, "big": {"byteorder": ">"}, "tiles": {"tile": (16, 16)}, "lzw": {"compression": "lzw"},
        "predictor": {"compression": "deflate", "predictor": True}, "bigtiff": {"bigtiff": True, "byteorder": ">"},
        "planes": {"planarconfig": "separate", "photometric": "rgb"},
    }.items():
        if name == "predictor" and dtype.endswith("int64"):
            continue  # tifffile has none for them
        shape = (3, 33, 21) if name == "planes" else (33, 21)
        tifffile.imwrite(at(f"{dtype}-{name}.tif"), values(dtype, shape), **{"photometric": "minisblack", **options})
index = Image.fromarray(values("uint8", (20, 30))).convert("P")
index.putpalette(list(random.bytes(768)))
index.save(at("palette.png"))
Image.fromarray(values("uint8", (20, 30, 3))).save(at("rgb.png"))
for unit in ["datetime64[ns]", "timedelta64[D]", "float16", "datetime64"]:
    numpy.save(at(f"{unit}.npy"), values("int64" if "64" in unit else "int16", (5,)).view(unit))
numpy.savez_compressed(at("arrays.npz"), times=values("int64", (4,)).view("datetime64[us]"), x=values("float32", (2, 3)))
frame = pandas.DataFrame({"name": ["a", 'b "c"', "d,e"], "count": [1, 2, 3], "score": [0.5, None, 1e300]})
frame.to_csv(at("frame.csv"))
frame.to_parquet(at("frame.parquet"))
with open(at("document.yaml"), "w") as file:
    yaml.safe_dump({"text": "no", "list": [1, 2.5, "1_000", "a\\x7f\\u2028b"], "block": "one\\ntwo\\n"}, file)
with zipfile.ZipFile(at("archive.zip"), "w") as archive:
    archive.writestr("a/b.txt", "text")
with tarfile.open(at("archive.tgz"), "w:gz") as archive:
    member = tarfile.TarInfo("a.txt")
    member.size = 4
    archive.addfile(member, io.BytesIO(b"text"))
tell_all(sys.argv[1])
`;
