"""Writes the models in files/, with the libraries of their formats: gguf, onnx and h5py."""

from pathlib import Path

import gguf
import h5py
import numpy as np
import onnx
from onnx import TensorProto, helper

FOLDER = Path(__file__).parent / "files"


def write_gguf(path: Path, version: int) -> None:
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny")
    writer.add_context_length(2048)
    writer.add_license("mit")
    writer.add_token_list([f"t{i}" for i in range(20)])
    writer.add_token_scores([0.5 * i for i in range(20)])
    rng = np.random.default_rng(7)
    writer.add_tensor("token_embd.weight", rng.random((20, 8), dtype=np.float32))
    for layer in range(3):
        weight = rng.random((8, 8), dtype=np.float32)
        if layer == 1:
            weight[3, 3] += version
        writer.add_tensor(f"blk.{layer}.attn_q.weight", weight)
        writer.add_tensor(f"blk.{layer}.norm.weight", np.ones(8, dtype=np.float16))
    q8_0 = gguf.GGMLQuantizationType.Q8_0
    output = gguf.quants.quantize(rng.random((4, 64), dtype=np.float32), q8_0)
    writer.add_tensor("output.weight", output, raw_dtype=q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_onnx(path: Path) -> None:
    weight = onnx.numpy_helper.from_array(np.ones((4, 8), dtype=np.float32), "fc1.weight")
    bias = onnx.numpy_helper.from_array(np.zeros(8, dtype=np.float16), "fc1.bias")
    nodes = [
        helper.make_node("MatMul", ["x", "fc1.weight"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Relu", ["r"], ["y"]),
        helper.make_node("FusedGelu", ["y"], ["z"], domain="com.microsoft"),
    ]
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4]),
        helper.make_tensor_value_info("fc1.weight", TensorProto.FLOAT, [4, 8]),
    ]
    outputs = [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["batch", 8])]
    graph = helper.make_graph(nodes, "net", inputs, outputs, [weight, bias])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, producer_name="tests", opset_imports=opsets)
    model.metadata_props.add(key="note", value="<b>x</b>")
    onnx.save(model, path)


def write_hdf5(path: Path, libver: str) -> None:
    rng = np.random.default_rng(5)
    with h5py.File(path, "w", libver=libver) as file:
        file.attrs["keras_version"] = "3.10.0"
        file.attrs["backend"] = np.bytes_("tensorflow")
        file.attrs["rates"] = np.array([0.5, 0.25])
        file.attrs["epochs"] = 12
        file.attrs["done"] = True
        weights = file.create_group("model_weights")
        for layer in ("dense", "dense_1"):
            group = weights.create_group(layer)
            names = [f"{layer}/kernel:0", f"{layer}/bias:0"]
            group.attrs["weight_names"] = np.array(names, dtype="S")
            group.create_dataset("kernel:0", data=rng.random((8, 4), dtype=np.float32))
            group.create_dataset("bias:0", data=np.zeros(4, dtype=np.float16))
        packed = np.arange(1000).reshape(10, 100)
        file.create_dataset("packed", data=packed, chunks=(10, 10), compression="gzip", shuffle=True)
        file.create_dataset("names", data=["a", "b"], dtype=h5py.string_dtype())
        file.create_dataset("table", data=np.zeros(3, dtype=[("x", "i4"), ("y", "f8")]))
        file.create_dataset("empty", dtype="f4", data=h5py.Empty("f4"))
        file["same"] = weights["dense"]
        file["soft"] = h5py.SoftLink("/model_weights/dense")
        file["outside"] = h5py.ExternalLink("other.h5", "/x")
        weights["loop"] = file
        many = file.create_group("many", track_order=True)
        for i in range(60):
            many[f"link{i:04d}"] = h5py.SoftLink(f"/target{i}")
        for i in range(12):
            many.attrs[f"note{i:02d}"] = i


def main() -> None:
    write_gguf(FOLDER / "first.gguf", 1)
    write_gguf(FOLDER / "second.gguf", 2)
    write_onnx(FOLDER / "net.onnx")
    write_hdf5(FOLDER / "old.h5", "earliest")
    write_hdf5(FOLDER / "new.h5", "latest")
    packed = Path(__file__).parents[2] / "previews/files/packed.npz"
    large = np.arange(2500).reshape(50, 50)
    np.savez_compressed(packed, small=np.zeros((3, 4), dtype=np.float32), large=large)


if __name__ == "__main__":
    main()
