"""States and modules of PyTorch: saved as tensors, and loaded into what they were saved from."""

# PyTorch may be absent.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
import json
import re
from pathlib import Path
from typing import Any

from ...core.errors import Json, quoted
from ...core.shapes import is_dict, is_list, is_sequence
from .table import Loading, built_in, row_of
from .tensors import check_written, is_tensor, place_of, read_tensors, same_tensor, written

INSTANCE_HINT = "Pass an instance: into=Net(…)."
SAME_HINT = "Pass what was saved: `into` with the same arguments; or load its state: into=dict."
PART_HINT = 'Pass what it was saved from; or pass a part: into.load_state_dict(load(ref)["a"]).'


@built_in("torch.Tensor", "torch.state")
class State:
    """Tensors, and dicts, lists and tuples with them: states of modules, optimizers, schedulers."""

    def save(self, value: Any, folder: Path) -> Json:
        return {"state": written(value, folder)}

    def load(self, loading: Loading) -> Any:
        state = read_tensors(loading)
        return state if loading.into is None else filled(loading, loading.into, state)

    def difference(self, value: Any, loading: Loading) -> str:
        check_written(value, read_tensors(loading))
        return ""


@built_in("torch.nn.modules.module.Module", "torch.module")
class Module:
    """A module: its parameters and buffers, and the arguments that it was made with."""

    def save(self, value: Any, folder: Path) -> Json:
        state = written(value.state_dict(), folder)
        known = {"arguments": arguments_of(value), "made": made_of(value)}
        return {"state": state, **known, **buffers_of(value)}

    def load(self, loading: Loading) -> Any:
        into = loading.wanted("Net")
        state = read_tensors(loading)
        if into is dict:
            return state
        if not callable(into) or hasattr(into, "load_state_dict") and not isinstance(into, type):
            if hasattr(into, "load_state_dict") and not hasattr(into, "named_parameters"):
                raise loading.refused("it is the state of a module", "Pass a module: into=Net().")
            return filled(loading, into, state)
        return filled(loading, made(loading, into), state, is_new=True)

    def difference(self, value: Any, loading: Loading) -> str:
        check_written(value.state_dict(), read_tensors(loading))
        return ""


def made(loading: Loading, into: Any) -> Any:
    arguments = loading.facts.get("arguments") or {}
    is_timm = getattr(into, "__module__", "").partition(".")[0] == "timm"
    if is_timm and not re.fullmatch(r"[\w.]+", str(arguments.get("model_name"))):
        raise loading.refused("it does not name a model of timm", INSTANCE_HINT)
    if is_timm:
        arguments = {key: arguments[key] for key in arguments if key in ("model_name", *TIMM)}
    if isinstance(into, type):
        if row_of(into) != "torch.module":  # what is stored is passed to it
            state = f"objects of the class {into.__name__} are saved in another way"
            raise loading.refused(state, INSTANCE_HINT)
        unknown = sorted({*arguments_taken(into)[0]} - {*arguments, "device", "dtype"})
        if unknown:
            state = f"its `config` does not have the arguments {', '.join(map(quoted, unknown))}"
            raise loading.refused(f"{state} of {into.__name__}", INSTANCE_HINT)
    try:
        return into(**arguments)
    except (TypeError, ValueError) as error:
        state = f"{getattr(into, '__name__', into)} does not take its arguments ({error})"
        raise loading.refused(state, INSTANCE_HINT) from error


TIMM = ("num_classes", "in_chans")


def arguments_of(module: Any) -> Json | None:
    """Returns the arguments of a module that are known: its `config`, or the model of timm."""
    cfg = getattr(module, "pretrained_cfg", None)
    if type(module).__module__.startswith("timm.") and is_dict(cfg) and cfg.get("architecture"):
        found = {each: getattr(module, each, None) for each in TIMM}
        sizes = {key: value for key, value in found.items() if isinstance(value, int)}
        return {"model_name": cfg["architecture"], **sizes}
    config = getattr(module, "config", None)
    if dataclasses.is_dataclass(config) and not isinstance(config, type):
        config = dataclasses.asdict(config)
    try:
        return json.loads(json.dumps(config, allow_nan=False)) if is_dict(config) else None
    except (TypeError, ValueError):
        return None


def arguments_taken(kind: type) -> list[Json]:
    """Returns the arguments of a class of modules, and of those above it: defaults by name."""
    all_modules = [each.__module__ for each in kind.__mro__].index("torch.nn.modules.module")
    inits = [vars(each).get("__init__") for each in kind.__mro__[:all_modules]]
    taken = [list(inspect.signature(each).parameters.values())[1:] for each in inits if each]
    return [{each.name: each.default for each in row} for row in taken] or [{}]


def made_of(module: Any) -> list[str]:
    """Describes how a module was made: classes, arguments, and parameters with two names."""
    modules = module.named_modules()
    lines = [f"{name or 'module'}: {described_module(each)}" for name, each in modules]
    tied: dict[Any, str] = {}
    for name, tensor in module.state_dict().items():
        if is_tensor(tensor) and tensor.data_ptr():  # neither empty nor on meta
            first = tied.setdefault(place_of(tensor), name)
            if first != name:
                lines.append(f"{name} is {first}")
    return lines


def described_module(module: Any) -> str:
    """Returns the class of a module, its `extra_repr`, and attributes named as arguments.

    Those with the default are left out: a later release of a class may have more of them.
    """
    kind, own = type(module), vars(module)
    lists = ("ParameterList", "ParameterDict")  # they show devices and shapes, which the state has
    shown = "" if kind.__name__ in lists else ADDRESS.sub("", module.extra_repr())
    for name, default in [pair for each in arguments_taken(kind) for pair in each.items()]:
        found = next((each for each in (name, f"_{name}") if each in own), "device")
        text = described(own.get(found))
        is_known = found in ("device", "dtype") or re.search(rf"\b{name}=", shown)
        if not is_known and text != described(default):
            shown += f"{', ' if shown else ''}{name}={text}"
    return f"{kind.__name__}({shown})"


ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def described(value: Any) -> str:
    if value is None or isinstance(value, (int, float, str)):
        return repr(value)
    if is_dict(value):
        return f"{{{', '.join(f'{key!r}: {described(each)}' for key, each in value.items())}}}"
    if is_sequence(value):
        return f"[{', '.join(map(described, value))}]"
    if isinstance(value, functools.partial):
        return f"partial{described([value.func, *value.args, value.keywords])}"
    return str(getattr(value, "__qualname__", type(value).__name__))  # of functions and classes


def filled(loading: Loading, into: Any, state: Any, is_new: bool = False) -> Any:
    """Loads a state into a module, or into an optimizer or a scheduler.

    Refuses what would not come back as it was saved, before `into` is changed.
    """
    if not hasattr(into, "load_state_dict"):
        state_of = f"a {type(into).__name__} has no load_state_dict"
        raise loading.refused(state_of, "Pass a module, an optimizer or a scheduler as `into`.")
    if isinstance(into, type):
        raise loading.refused("`into` is a class", f"Pass an object: into={into.__name__}(…).")
    is_module = hasattr(into, "named_parameters")
    own = into.state_dict() if hasattr(into, "state_dict") else {}
    if is_module:
        check_made(loading, into, is_new)
    if is_dict(state):
        check_keys(loading, own, state)
    elif is_module:
        raise loading.refused("it is not the state of a module", PART_HINT)
    if is_module:
        fit_dtypes(loading, into, state, is_new)
        check_tensors(loading, into.state_dict(), state)
    try:
        if is_module and converts(into):
            tried = into if is_new else copy.deepcopy(into)
            tried.load_state_dict(read_tensors(loading))  # its code may change them in place
            check_loaded(loading, tried.state_dict(), state)
        into.load_state_dict(state)
    except (RuntimeError, ValueError, AttributeError, TypeError, KeyError) as error:
        hint = "Create `into` with the arguments that the saved object had."
        raise loading.refused(f"it does not fit `into` ({error})", hint) from error
    return into


def check_made(loading: Loading, module: Any, is_new: bool) -> None:
    """Refuses a module that was made in another way than the saved one."""
    saved = loading.facts.get("made")
    if not is_list(saved):  # it was saved without a description
        return
    odd = first_other(saved, made_of(module))
    if odd:
        raise loading.refused(odd, INSTANCE_HINT if is_new else SAME_HINT)


def first_other(saved: list[str], own: list[str]) -> str:
    """Returns the first difference of two descriptions of modules; an empty string if none."""
    if own == saved:
        return ""
    gone, come = ([x for x in a if x not in b] for a, b in ((saved, own), (own, saved)))
    first, second = (quoted(f"{(each or ['nothing'])[0]:.200}") for each in (gone, come))
    return f"it was made in another way: with {first}, and here with {second}"


def check_keys(loading: Loading, own: Json, state: Json) -> None:
    missing = next((key for key in own if key not in state), None)
    if missing is not None:
        raise loading.refused(f"it has no key {missing!r}, which `into` needs", PART_HINT)
    unknown = next((key for key in state if key not in own), None)
    if unknown is not None:
        raise loading.refused(f"it has the key {unknown!r}, which `into` does not have", PART_HINT)
    groups, needs = state.get("param_groups"), own.get("param_groups")  # of an optimizer
    if not is_list(groups) or not is_list(needs):
        return
    for saved, needed in zip(groups, needs, strict=False):
        missing = next((key for key in needed if key not in saved), None)
        if missing is not None:
            raise loading.refused(f"it has no {missing!r}, which `into` needs", PART_HINT)


def buffers_of(module: Any) -> Json:
    """Returns the dtypes of buffers that a state does not have: modules make them."""
    if not hasattr(module, "named_buffers"):
        return {}
    state = module.state_dict()
    own = [(name, each) for name, each in module.named_buffers() if name not in state]
    dtypes = {name: str(each.dtype)[6:] for name, each in own if each.is_floating_point()}
    return {"buffers": dtypes}


def dtypes_of(loading: Loading, state: Any) -> Json:
    """Returns the dtypes that the tensors of a module had, by name."""
    import torch

    buffers = loading.facts.get("buffers") or {}
    made = {name: getattr(torch, dtype) for name, dtype in buffers.items()}
    return {**made, **{name: each.dtype for name, each in state.items() if is_tensor(each)}}


def fit_dtypes(loading: Loading, module: Any, state: Any, is_new: bool) -> None:
    """Gives a new module the dtypes of a state. Refuses others in a module of the program.

    PyTorch would round the values.
    """
    dtypes = dtypes_of(loading, state)
    for name, own in (*module.named_parameters(), *module.named_buffers()):
        if own.is_meta:
            hint = "Give it memory first: module.to_empty(device='cpu')."
            raise loading.refused(f"{quoted(name)} in `into` is on the device meta", hint)
        dtype = dtypes.get(name, own.dtype)
        if dtype == own.dtype:
            continue
        if not is_new:
            state_of = f"{quoted(name)} is {dtype}, and {own.dtype} in `into`"
            raise loading.refused(state_of, f"Convert it first: module.to({dtype}).")
        own.data = own.data.to(dtype)


def check_tensors(loading: Loading, own: Json, state: Json) -> None:
    """Refuses tensors of other shapes, and two values for one tensor."""
    tied: dict[Any, Any] = {}
    for name, each in own.items():
        saved = state[name]
        if not is_tensor(each) or not is_tensor(saved):
            continue
        if each.shape != saved.shape:
            shapes = f"{list(saved.shape)}, and {list(each.shape)} in `into`"
            hint = "Create `into` with the arguments that the saved object had."
            raise loading.refused(f"it does not fit `into`: {quoted(name)} is {shapes}", hint)
        first = tied.setdefault(place_of(each), saved) if each.numel() > 0 else saved
        if not same_tensor(first, saved):
            state_of = f"{quoted(name)} has its own values, and shares those of another in `into`"
            raise loading.refused(state_of, SAME_HINT)


def converts(module: Any) -> bool:
    """Whether a part of a module loads states by its own code."""
    return any(
        not type(each)._load_from_state_dict.__module__.startswith("torch.nn.")
        or each._load_state_dict_pre_hooks
        or each._load_state_dict_post_hooks
        for each in module.modules()
    )


def check_loaded(loading: Loading, own: Json, state: Json) -> None:
    for name, saved in state.items():
        if is_tensor(saved) and not same_tensor(own[name], saved):
            hint = "Load its state, and convert it: into=dict."
            raise loading.refused(f"`into` changes {quoted(name)} when it loads it", hint)
