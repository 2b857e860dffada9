"""Writes model files by the libraries of their formats into a folder, and what is in them."""

import json
import pathlib
import sys

import gguf
import ml_dtypes
import numpy
import onnx
import safetensors
import safetensors.numpy
from gguf.constants import GGML_QUANT_SIZES
from onnx import TensorProto, helper, numpy_helper

folder = pathlib.Path(sys.argv[1])
random = numpy.random.default_rng(7)


def write_safetensors():
    types = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 complex64"
    values = {name: random.integers(0, 2, (2, 3)).astype(name) for name in types.split()}
    values["scalar"] = numpy.array(7, "int16")
    values["empty"] = numpy.zeros((0, 4), "float32")
    values["été"] = numpy.arange(5, dtype="float64")
    for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        values[name] = random.normal(size=(4, 4)).astype(getattr(ml_dtypes, name))
    data = safetensors.numpy.save(values, {"format": "np", "note": "ü"})
    (folder / "numpy.safetensors").write_bytes(data)
    return {name: [list(each.shape), each.tobytes().hex()] for name, each in values.items()}


def write_onnx():
    weight = numpy_helper.from_array(random.normal(size=(3, 4)).astype("float32"), "weight")
    scale = numpy_helper.from_array(numpy.array(0.5, "float32"), "scale")
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, None]),
        helper.make_tensor_value_info("weight", TensorProto.FLOAT, [3, 4]),
        helper.make_tensor_sequence_value_info("many", TensorProto.INT64, None),
        helper.make_tensor_value_info("rankless", TensorProto.BFLOAT16, None),
    ]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT16, [])]
    nodes = [helper.make_node("MatMul", ["x", "weight"], ["h"])]
    nodes.append(helper.make_node("Cast", ["h"], ["y"], to=TensorProto.FLOAT16))
    for name in ("plain", "quantized", "external"):
        if name == "quantized":
            nodes.append(helper.make_node("QuantizeLinear", ["h", "scale"], ["q"]))
        graph = helper.make_graph(nodes, "net", inputs, outputs, [weight, scale])
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="test", ir_version=10)
        model.producer_version = "1.2"
        helper.set_model_props(model, {"task": "détection"})
        external = {"save_as_external_data": name == "external", "size_threshold": 0}
        location = {"location": "weights.data"} if name == "external" else {}
        onnx.save(model, folder / f"{name}.onnx", **external, **location)


def write_gguf():
    writer = gguf.GGUFWriter(folder / "model.gguf", "llama")
    writer.add_name("tiny")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_context_length(2048)
    writer.add_block_count(2)
    writer.add_layer_norm_rms_eps(0.5)
    writer.add_license("mit")
    writer.add_tokenizer_model("llama")
    writer.add_token_list([f"token {i}" * 4 for i in range(5_000)])
    writer.add_array("llama.scores", [-1.5, 2.5])
    writer.add_int32("llama.negative", -3)
    writer.add_bool("llama.flag", True)
    values = random.normal(size=(4, 64)).astype("float32")
    writer.add_tensor("norm", values)
    writer.add_tensor("half", values.astype("float16"))
    quantized = gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q8_0)
    writer.add_tensor("weight", quantized, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    (folder / "empty.gguf").write_bytes(b"GGUF" + bytes([3, 0, 0, 0]) + bytes(16))
    sizes = {kind.value: [kind.name, *GGML_QUANT_SIZES[kind]] for kind in GGML_QUANT_SIZES}
    kinds = {kind.value: kind.name for kind in gguf.LlamaFileType}
    return {"sizes": sizes, "kinds": kinds}


written = write_safetensors()
write_onnx()
print(json.dumps({"tensors": written, "gguf": write_gguf()}))
