"""Objects of other packages, in the formats of these packages."""

# The packages may be absent, and have no types.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...core.errors import quoted, unsupported
from .table import Loading, built_in, fitting


@built_in("onnx.onnx_ml_pb2.ModelProto", "onnx")
class Onnx:
    """Models of ONNX. Large ones have their tensors in a second file."""

    FILE = "model.onnx"
    MOST_BYTES = 2**30

    def save(self, value: Any, folder: Path) -> None:
        import onnx

        outside = [each for each in value.graph.initializer if each.data_location]
        if outside:
            state = f"its tensor {quoted(outside[0].name)} is in another file"
            hint = "Save the folder: Path('model'), or onnx.load_external_data_for_model first."
            raise unsupported(value, state, hint)
        if value.ByteSize() < self.MOST_BYTES:
            (folder / self.FILE).write_bytes(value.SerializeToString(deterministic=True))
            return
        copy = onnx.ModelProto()
        copy.CopyFrom(value)  # onnx removes the tensors from the model that it saves
        onnx.save_model(
            copy, folder / self.FILE, save_as_external_data=True, location="model.onnx.data"
        )

    def load(self, loading: Loading) -> Any:
        import onnx
        from google.protobuf.message import DecodeError

        try:
            return fitting(loading, onnx.load(loading.file(self.FILE)))
        except DecodeError as error:
            raise ValueError(error) from error


class Pretrained:
    """Models, tokenizers and others that write themselves into a folder."""

    def save(self, value: Any, folder: Path) -> None:
        value.save_pretrained(folder)
        found = pickle_in(folder)
        if found:
            hint = "Save it in a folder with safetensors, and pass Path('folder')."
            raise unsupported(value, f"it writes a pickle, {quoted(found)}", hint)

    def load(self, loading: Loading) -> Any:
        into = loading.wanted("transformers.AutoModel")
        refuse_pickles(loading)
        if not hasattr(into, "from_pretrained"):
            hint = "Pass a class of transformers, such as into=transformers.AutoModel."
            raise loading.refused("`into` has no from_pretrained", hint)
        if not into.__module__.startswith("transformers.models.auto"):
            return into.from_pretrained(str(loading.folder), local_files_only=True)
        try:  # by default, these classes ask in the terminal whether to run stored code
            return into.from_pretrained(
                str(loading.folder), local_files_only=True, trust_remote_code=False
            )
        except ValueError as error:
            hint = "Pass the class of the model itself."
            raise loading.refused(str(error).strip().partition("\n")[0], hint) from error


def pickle_in(folder: Path) -> str | None:
    ends = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth")
    names = (each.name for each in folder.rglob("*") if each.suffix in ends)
    return next(names, None)


def refuse_pickles(loading: Loading) -> None:
    """Refuses files that no save has written."""
    found = pickle_in(loading.folder)
    if found is not None:
        hint = "If you trust its author, download the files and load them yourself."
        raise loading.refused(f"it contains a pickle, {quoted(found)}", hint)


for _type in (
    "configuration_utils.PreTrainedConfig",
    "configuration_utils.PretrainedConfig",
    "feature_extraction_utils.FeatureExtractionMixin",
    "image_processing_base.ImageProcessingMixin",
    "modeling_utils.PreTrainedModel",
    "processing_utils.ProcessorMixin",
    "tokenization_utils_base.PreTrainedTokenizerBase",
    "generation.configuration_utils.GenerationConfig",
):
    built_in(f"transformers.{_type}", "transformers")(Pretrained)


@built_in("peft.peft_model.PeftModel", "peft")
class Peft(Pretrained):
    """Adapters of PEFT, without their base model."""

    def load(self, loading: Loading) -> Any:
        base = loading.wanted("base_model")
        refuse_pickles(loading)
        from peft import PeftModel

        if isinstance(base, type):
            raise loading.refused("`into` is a class", "Pass its base model: into=base_model.")
        return PeftModel.from_pretrained(base, str(loading.folder))


@built_in("ultralytics.engine.model.Model", "ultralytics")
class Ultralytics:
    """Models of Ultralytics. Their file is a pickle, so it is only loaded with `trust=True`."""

    FILE = "model.pt"

    def save(self, value: Any, folder: Path) -> None:
        value.save(str(folder / self.FILE))

    def load(self, loading: Loading) -> Any:
        into = loading.wanted("ultralytics.YOLO, trust=True")
        if loading.trust is not True:
            state = "its file is a pickle, which runs code of its author"
            raise loading.refused(state, "If you trust its author, pass trust=True.")
        return into(str(loading.file(self.FILE)))
