"""Models of Keras 3, in its own format, which is read without stored code."""

# The packages may be absent, and have no types.
# pyright: reportMissingImports=false, reportMissingTypeStubs=false
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from ...core.errors import Json, changed, quoted, unsupported
from ...core.metadata import number_of
from ...core.shapes import is_dict, is_list, is_sequence
from ...files.temporary import temporary_folder
from .archives import check_archive, copy_archive
from .predictions import near, result, same
from .pretrained import other_part
from .table import Loading, built_in

FILE = "model.keras"
CONFIG, METADATA = "config.json", "metadata.json"
CODE = (
    *("__lambda__", "__typespec__", "Lambda"),
    *("FlaxLayer", "JaxLayer", "TFSMLayer", "TorchModuleWrapper"),
)
"""Classes whose stored form has code."""
OLDEST = (3, 12)
"""Earlier releases let a file call functions and read others, also with `safe_mode`."""
UNSAVED = 2**26
"""Numbers that a model may make beside those of its file, which has a byte or more for each."""
HINT = "Write its functions and layers with names, and pass them to `load`: into=[Scale]."


@built_in("keras.src.models.model.Model", "keras")
class Keras:
    """A model of Keras with its weights, and what it was compiled with."""

    def save(self, value: Any, folder: Path) -> None:
        written, schemas = folder / "written.keras", (CONFIG, METADATA)
        value.save(written)
        copy_archive(written, folder / FILE, schemas, lambda node: node.pop("date_saved", None), {})
        found = code_in(config_of(folder / FILE))
        if found:
            raise unsupported(value, f"its file would contain code ({found})", HINT)

    def load(self, loading: Loading) -> Any:
        return loaded(loading, objects_given(loading))

    def difference(self, value: Any, loading: Loading) -> str:
        objects = objects_of(value)
        again = loaded(loading, objects)
        odd = of_another_model(value, again)
        if odd:  # Keras loses it, or another thread changes the model
            with temporary_folder() as folder:
                self.save(value, folder)
                later = loaded(loading._replace(folder=folder), objects)
            if of_another_model(again, later):
                raise changed("the model")
        return odd


def of_another_model(value: Any, again: Any) -> str:
    """Returns how a loaded model differs from the saved one; an empty string if it does not."""
    if type(value) is not type(again):
        return f"it would be a {type(again).__name__} after a load"
    pairs = zip_longest(facts_of(value, value), facts_of(again, value), fillvalue=("", None))
    for (name, own), (also, other) in pairs:
        odd = other_part(own, other, name) if is_dict(own) else ""
        if not is_dict(own) and not same(own, other):
            odd = f"{quoted(name or also)} would differ after a load"
        if odd:
            return odd
    inputs = inputs_of(value)
    expected = outputs(value, inputs)  # None if it takes no such inputs
    is_same = same(expected, outputs(value, inputs))  # it may be random
    pairs = zip_longest(expected or (), outputs(again, inputs) or ())
    is_odd = is_same and not all(near(own, other) for own, other in pairs)
    return "its predictions would differ after a load" if is_odd else ""


def loaded(loading: Loading, objects: Json) -> Any:
    import keras
    from keras.src.saving.serialization_lib import SafeModeScope

    path = loading.file(FILE)
    if tuple(int(each) for each in keras.__version__.split(".")[:2]) < OLDEST:
        raise loading.refused(f"Keras {keras.__version__} is too old", "pip install -U keras")
    try:
        check_archive(path)
        config, hint = config_of(path), "If you trust its author, download and load its file."
        found = code_in(config)
        if found:
            raise loading.refused(f"its file contains code or a path ({found})", hint)
        with SafeModeScope():  # also after `enable_unsafe_deserialization`
            most = path.stat().st_size + UNSAVED
            count = max(numbers_of_metrics(config), weights_in(config, objects, most))
            if count > most:
                raise loading.refused(f"its file is too small for {count} weights", hint)
            return keras.saving.load_model(path, custom_objects=objects, safe_mode=True)
    except OSError as error:
        raise ValueError(error) from error
    except TypeError as error:
        unknown = re.search(r"Could not locate (?:class|function) '([\w<>.]+)'", str(error))
        if unknown is None:
            raise ValueError(f"{error!s:.300}") from error
        hint = f"Pass it, and others of your program: into=[{unknown[1]}]."
        raise loading.refused(f"it needs {unknown[1]} of your program", hint) from None


def objects_given(loading: Loading) -> Json:
    """Returns the classes and functions in `into` by name."""
    into = loading.into
    if is_dict(into):
        return into
    given = into if isinstance(into, (list, tuple)) else () if into is None else (into,)
    for each in given:
        if not callable(each) or not hasattr(each, "__name__"):
            hint = "Pass classes and functions of your program, such as into=[Scale]."
            raise loading.refused(f"`into` has a {type(each).__name__}", hint)
    return {each.__name__: each for each in given}


def objects_of(value: Any) -> Json:
    """Returns the classes and functions in a model that are not of Keras, by name."""
    optimizer: Any = getattr(value, "optimizer", None)
    parts = [*value._flatten_layers(), *([] if optimizer is None else [optimizer])]
    parts += [each for one in parts for each in vars(one).values()]
    metrics = getattr(getattr(value, "_compile_metrics", None), "_user_metrics", None) or ()
    kinds = [
        each if hasattr(each, "__name__") else type(each)
        for part in (*parts, *metrics)
        for each in (part if is_list(part) else [part])
    ]
    own = [kind for kind in kinds if not str(kind.__module__).startswith(("keras.", "builtins"))]
    return {kind.__name__: kind for kind in own}


def config_of(path: Path) -> Any:
    with ZipFile(path) as file:
        if CONFIG not in file.namelist() or file.getinfo(CONFIG).file_size > 2**28:
            raise ValueError(f"it has no {CONFIG}, or a large one")
        return json.loads(file.read(CONFIG))


class Weights(list[Any]):
    """The weights of a model that is built without them. It ends at too many: layers read some."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.numbers = most, 0

    def append(self, weight: Any) -> None:
        self.numbers += math.prod(weight.shape)
        if self.numbers > self.most:
            raise ValueError(f"more than {self.most} weights")


def numbers_of_metrics(config: Any) -> int:
    """Returns about how many numbers the metrics make that a model was compiled with."""
    count, rest = 0, [config.get("compile_config") if is_dict(config) else None]
    while rest:
        each = rest.pop()
        if is_dict(each):
            thresholds, classes = (each.get(f"num_{name}") for name in ("thresholds", "classes"))
            count += thresholds if isinstance(thresholds, int) else 0
            count += classes**2 if isinstance(classes, int) else 0
        rest.extend(each.values() if is_dict(each) else each if is_list(each) else ())
    return count


def weights_in(config: Any, objects: Json, most: int) -> int:
    """Returns how many numbers the weights of a model would have, without memory for them.

    It stops counting at more than `most`.
    """
    import keras
    from keras.src.backend.common import global_state
    from keras.src.saving.serialization_lib import ObjectSharingScope

    weights = Weights(most)
    global_state.set_global_attribute("uninitialized_variables", weights)
    scope = keras.StatelessScope(initialize_variables=False)
    with suppress(Exception), ObjectSharingScope(), scope:  # the load raises it again
        own = {**config, "compile_config": None}
        keras.saving.deserialize_keras_object(own, custom_objects=objects, safe_mode=True)
    global_state.set_global_attribute("uninitialized_variables", None)
    return weights.numbers


def code_in(config: Any) -> str:
    """Returns what a model contains beside plain classes; an empty string if nothing."""
    rest: list[Any] = [config]
    while rest:
        each = rest.pop()
        if is_dict(each):
            if str(each.get("class_name")).rpartition(".")[2] in CODE:  # "layers.Lambda" is one
                return str(each["class_name"])
            if isinstance(each.get("vocabulary"), str):  # of a file on the disk of the reader
                return f"a vocabulary of {quoted(each['vocabulary'])}"
        rest.extend(each.values() if is_dict(each) else each if is_list(each) else ())
    return ""


def facts_of(model: Any, saved: Any) -> Iterator[tuple[str, Any]]:
    """Yields the configuration of a model and its layers, and its arrays, which Keras can make in
    another order, with those of its optimizer if the saved one was built: a load builds it.
    """
    import keras

    yield model.name, described(model, ())
    free = {id(each) for each in model.trainable_variables}
    is_built = getattr(getattr(saved, "optimizer", None), "built", False)
    arrays = model.optimizer.variables if is_built else []
    for layer in model._flatten_layers():  # a subclassed model describes none of them
        yield layer.name, described(layer, ("name",))
        own = layer._trainable_variables + layer._non_trainable_variables
        arrays = [*arrays, *sorted(own, key=lambda each: each.name)]
    for each in arrays:
        yield each.path, [id(each) in free, each.dtype, keras.ops.convert_to_numpy(each.value)]


def described(value: Any, without: tuple[str, ...]) -> Any:
    """Returns the configuration of a layer or a model, and of what it was compiled with."""
    import keras

    def plain(node: Any) -> Any:
        if is_dict(node):
            return {key: plain(node[key]) for key in node if key not in without}
        return [plain(each) for each in node] if is_sequence(node) else number_of(node)

    try:
        with warnings.catch_warnings():  # of functions without names, which its class makes again
            warnings.simplefilter("ignore")
            known = {} if without else keras.saving.serialize_keras_object(value)
            # Keras writes bytes, arrays and functions as dicts, which a class may take as they are.
            own = {key: count for key, each in vars(value).items() if (count := dicts_in(each))}
            return plain({**known, "config": value.get_config(), "attributes": own})
    except (NotImplementedError, TypeError):
        return None  # a model makes it, with other arguments


def dicts_in(value: Any) -> int:
    """Returns how many dicts in a value are like those that Keras writes for other objects."""
    inner = value.values() if is_dict(value) else value if is_sequence(value) else ()
    return (is_dict(value) and "class_name" in value) + sum(map(dicts_in, inner))


def inputs_of(value: Any) -> Any:
    """Returns random inputs of a model; None if none are known."""
    import keras
    import numpy

    def of_any_size(shape: Any) -> Any:
        return keras.KerasTensor((None, *shape[1:]))

    inputs = getattr(getattr(value, "_functional", value), "_inputs_struct", None)
    shapes = value._build_shapes_dict or {}
    if inputs is None and "input_shape" in shapes:  # of the first call
        inputs = keras.tree.map_shape_structure(of_any_size, shapes["input_shape"])
    random = numpy.random.default_rng(0)

    def drawn(tensor: Any) -> Any:
        shape = [size or 3 for size in tensor.shape]
        if "float" in tensor.dtype:
            return random.normal(size=shape).astype("float32")
        return random.integers(2, size=shape).astype(tensor.dtype)

    return None if inputs is None else keras.tree.map_structure(drawn, inputs)


def outputs(model: Any, inputs: Any) -> Any:
    import keras

    seeds = [each for each in model.variables if each.path.endswith("seed_generator_state")]
    # Without it, a call would change states. Those of random numbers are not saved.
    with keras.StatelessScope([(each, keras.ops.zeros_like(each.value)) for each in seeds]):
        found = result(model, "__call__", inputs)
    flat = keras.tree.flatten(found)
    return None if found is None else [keras.ops.convert_to_numpy(each) for each in flat]
