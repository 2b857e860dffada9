"""Models, tokenizers and others of transformers, which have `save_pretrained`."""

# The packages may be absent, and have no types.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Any

from ...core.errors import Json, changed, quoted, unsupported
from ...core.shapes import is_dict, is_list, is_sequence
from .modules import buffers_of, first_other, fit_dtypes, made_of
from .predictions import same
from .table import Loading, built_in
from .tensors import same_tensor


class Pretrained:
    """Models, tokenizers and others with `save_pretrained` and `from_pretrained`."""

    def save(self, value: Any, folder: Path) -> Json:
        value.save_pretrained(folder)
        keep_settings(getattr(value, "tokenizer", value), folder)
        found = pickle_in(folder)
        if found:
            hint = "Save it in a folder with safetensors, and pass Path('folder')."
            raise unsupported(value, f"it writes a pickle, {quoted(found)}", hint)
        return {"class": type(value).__name__, **buffers_of(value), **members_of(value)}

    def load(self, loading: Loading) -> Any:
        into = loading.wanted("transformers.AutoModel")
        check_files(loading)
        if (loading.folder / "adapter_config.json").exists():  # it names the model to load
            hint = "Save a `PeftModel` instead: peft.get_peft_model(model, config)."
            raise loading.refused("it has adapters, and no base model", hint)
        if not hasattr(into, "from_pretrained"):
            hint = "Pass a class of transformers, such as into=transformers.AutoModel."
            raise loading.refused("`into` has no from_pretrained", hint)
        is_auto = into.__module__.startswith("transformers.models.auto")
        options: Json = {"local_files_only": True}
        if is_auto:  # by default, these classes ask in the terminal whether to run stored code
            options["trust_remote_code"] = False
        is_model = hasattr(into, "load_state_dict") or hasattr(into, "_model_mapping")
        if is_model:
            options["output_loading_info"] = True
        try:
            loaded = into.from_pretrained(str(loading.folder), **options)
        except ValueError as error:
            if not is_auto:
                raise
            hint = "Pass the class of the model itself."
            raise loading.refused(str(error).strip().partition("\n")[0], hint) from error
        again, keys = loaded if is_model else (loaded, {})
        name, known = type(again).__name__, loading.facts.get("class")
        hint = f"Pass into=transformers.{known or 'X'}, or download its files and convert them."
        if known not in (None, name):
            raise loading.refused(f"it is a {known}, and `into` loads a {name}", hint)
        for each in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
            if keys.get(each):
                state = f"it does not fit {name}: {each} {sorted(map(str, keys[each]))[0]:.200}"
                raise loading.refused(state, hint)
        if is_model:
            restore_dtypes(again, loading)
        restore_members(again, loading.facts)
        return again

    def difference(self, value: Any, loading: Loading) -> str:
        return of_another(value, self.load(loading._replace(into=type(value))))


def restore_dtypes(model: Any, loading: Loading) -> None:
    """Gives the tensors of a model the dtypes of its files. `config` has one for all of them."""
    from safetensors import safe_open

    own = model.state_dict(keep_vars=True)
    for path in loading.folder.glob("*.safetensors"):
        with safe_open(path, "pt") as file:
            names = file.keys()
            for name in own.keys() & names:
                tensor = file.get_tensor(name)
                if tensor.dtype != own[name].dtype and tensor.shape == own[name].shape:
                    own[name].data = tensor.clone()
    fit_dtypes(loading, model, {}, is_new=True)


SETTINGS = (
    *("padding_side", "truncation_side", "model_input_names"),
    *("clean_up_tokenization_spaces", "split_special_tokens"),
)


def keep_settings(value: Any, folder: Path) -> None:
    """Writes settings of a tokenizer that changed after it was made: transformers does not."""
    path = folder / "tokenizer_config.json"
    if not hasattr(value, "init_kwargs") or not path.exists():
        return
    known = json.loads(path.read_text(encoding="utf-8"))
    for name in SETTINGS:
        own, default = getattr(value, name, None), getattr(type(value), name, None)
        if (own or None) != (known.get(name, default) or None):
            known[name] = own
    path.write_text(json.dumps(known, indent=2, ensure_ascii=False), encoding="utf-8")


def members_of(value: Any) -> Json:
    """Returns members that transformers derives from other ones when it loads an object."""
    if hasattr(value, "named_modules"):  # `pad_token_id` of a config changes after a module is made
        modules = value.named_modules()
        own = {name: each.padding_idx for name, each in modules if "padding_idx" in vars(each)}
        return {"padding": own} if own else {}
    pair = [getattr(each, "chat_template", None) for each in templated(value)]
    return {"templates": pair} if pair[1:] and pair[0] != pair[1] else {}  # they share a file


def restore_members(value: Any, facts: Json) -> None:
    padding, templates = facts.get("padding"), facts.get("templates")
    if is_dict(padding):
        for name, each in value.named_modules():
            if name in padding:
                each.padding_idx = padding[name]
    if is_list(templates):
        for each, template in zip(templated(value), templates, strict=False):
            each.chat_template = template


def templated(value: Any) -> list[Any]:
    """Returns what has a template of chats: a processor and its tokenizer."""
    tokenizer = getattr(value, "tokenizer", None)
    return [value, tokenizer] if hasattr(tokenizer, "init_kwargs") else []


VOLATILE = (
    *("_name_or_path", "name_or_path", "transformers_version"),  # of transformers
    "deprecation_warnings",  # of a tokenizer that was used: those that it printed
    *("auto_mapping", "inference_mode", "base_model_name_or_path"),  # of PEFT
)
"""Members that a save or a load changes."""


def of_another(value: Any, again: Any) -> str:
    """Returns how a loaded object differs from the saved one; an empty string if it does not."""
    if not hasattr(value, "state_dict"):
        return other_part(described_plainly(value), described_plainly(again), type(value).__name__)
    for part in ("config", "generation_config"):
        own, other = (described_plainly(getattr(each, part, None)) for each in (value, again))
        odd = other_part(own, other, part)
        if odd:
            return odd
    odd = first_other(made_of(value), made_of(again))
    if odd:
        return odd
    own, other = value.state_dict(), again.state_dict()
    for name in {**own, **other}:
        if name not in own or name not in other:
            return f"a load would {'add' if name in other else 'lose'} {quoted(name)}"
        if own[name].dtype != other[name].dtype:
            return f"{quoted(name)} is {own[name].dtype}, and {other[name].dtype} after a load"
        if not same_tensor(own[name], other[name]):
            raise changed(f"the tensor {quoted(name)}")
    return ""


def described_plainly(value: Any) -> Any:
    """Returns the plain values of a config, a tokenizer or a processor."""
    if hasattr(value, "get_attributes"):
        parts = {each: described_plainly(getattr(value, each)) for each in value.get_attributes()}
        return {**parts, "chat_template": getattr(value, "chat_template", None)}
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if not hasattr(value, "special_tokens_map"):
        return value
    plain = (int, float, str, list, dict)
    own = {key: each for key, each in vars(value).items() if isinstance(each, plain)}
    shown = {key: own[key] for key in own if key[0] != "_" and not key.startswith("init_")}
    words = value.backend_tokenizer.to_str() if value.is_fast else value.get_vocab()
    return {**shown, "special_tokens": str(value.special_tokens_map), "words": words}


def other_part(own: Any, other: Any, name: str) -> str:
    if is_sequence(own) and is_sequence(other):  # JSON has no tuples
        own, other = list(own), list(other)
    if not is_dict(own) or not is_dict(other):
        own, other = (each.value if isinstance(each, Enum) else each for each in (own, other))
        is_same = same(own, other) or repr(own) == repr(other)
        return "" if is_same else f"its `{name}` is {own!r:.60}, and {other!r:.60} after a load"
    keys = [key for key in {**own, **other} if key not in VOLATILE]
    odd = (other_part(own.get(key), other.get(key), f"{name}.{key}") for key in keys)
    return next(filter(None, odd), "")


def pickle_in(folder: Path) -> str | None:
    ends = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth")
    names = (each.name for each in folder.rglob("*") if each.suffix in ends)
    return next(names, None)


ELSEWHERE = (
    *("adapters", "prompt_tuning_init_state_dict_path", "shadow_model"),  # of PEFT
    *("audio_tokenizer", "audio_tokenizer_name_or_path"),  # of processors
)
"""Members of JSON files that name models elsewhere, which a package would load."""
WORDS = ("tokenizer.json", "vocab.json")


def check_files(loading: Loading) -> None:
    """Refuses pickles, which no save writes, and names of files outside the folder."""
    found = pickle_in(loading.folder)
    hint = "If you trust its author, download the files and load them yourself."
    if found is not None:
        raise loading.refused(f"it contains a pickle, {quoted(found)}", hint)
    for path in loading.folder.rglob("*.json"):
        known = None if path.name in WORDS else json.loads(path.read_text(encoding="utf-8"))
        if not is_dict(known):
            continue
        shards, others = known.get("weight_map"), known.get("fast_tokenizer_files")
        for name in (*(shards.values() if is_dict(shards) else ()), *(others or ())):
            loading.file(name)
        for name in ELSEWHERE:
            if known.get(name) not in (None, "mirror"):
                state = f"{path.name} names files that it does not have ({name})"
                raise loading.refused(state, hint)


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
