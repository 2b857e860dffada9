"""Removes each step of the comparisons of saved objects, one at a time: a row of the tables notices it.

    mutants.py LOCATION TOKEN FOLDER PLACE,… TABLE:PART…

A mutant lacks a statement, a condition, an element or a filter of a function in these places that
`difference` of a serializer calls, or a load that refuses another object. The parts that call the
function run until a line differs from what they print without a mutant. Prints each mutant that no
part notices, and at the end how many were tried.
"""

import ast
import contextlib
import functools
import importlib
import inspect
import io
import signal
import sys
import time
import types
from pathlib import Path

from holdfast.values import arrow, parquet, parquet_pages, serializers
from holdfast.values.objects import objects, table

LOCATION, TOKEN, FOLDER, NAMES, *TITLES = [each for each in sys.argv[1:] if each != "-v"]
PREFIXES = tuple(f"holdfast.values.{each}." for each in NAMES.split(","))
IS_VERBOSE = "-v" in sys.argv
MODULES = [
    *(*objects.BUILT_IN, objects._tensors, sys.modules["holdfast.values.objects.predictions"]),
    *(arrow, parquet, parquet_pages),
]
ROOTS = {"difference", "filled", "of_another_base", "files_of", "Parts.add", "check_same", "write_npy"} | {
    *("read_arrow", "read_parquet"),
    *(f"Compact.{each}" for each in ("struct", "value", "items", "byte", "unsigned", "signed")),
}
"""Names of functions that compare, or refuse to load another object, or more than fits into memory."""
LOADERS = {
    *("adapted", "folders_of", "loaded", "objects_given", "read_tensors", "value_of", "weights_in", "written"),
    *("config_of", "code_in", "tensors_in", "files_at", "refuse_path", "parquet_of", "copy_fields"),
    *("hollow", "text_of_time", "batches_of", "marked", "digits_of"),
}
"""Functions by which they load what is compared."""
TEXTS = [["hint"], ["state"], ["state_of"], ["shapes"], ["words"]]
"""Variables with the words of errors."""
SECONDS = 120
"""The most that a part may take, which is at least 20 times what it takes without a mutant."""
UNNOTICED = {
    "serializers.files_of: if is_table(value)": "tables have rows of their own",
    "modules.filled: converts(into)": "less work",
    **dict.fromkeys([f"tensors.same_tensor: torch.int{bits}" for bits in (16, 32, 64)], "less work"),
    "tensors.is_tensor: torch is not None": "PyTorch is imported here",
    "predictions.same: numpy is not None": "NumPy is imported here",
    "predictions.rows_of: features > 0": "less work",
    "modules.described: value is None": "the text that saved versions have",
    "libraries.Onnx.difference: again.Serial": "earlier releases of protobuf, where NaN differs",
    **dict.fromkeys(
        ("parquet.parts_of: is_bytes", "parquet.parts_of: not REPEATING", "parquet.fits: if rest < 0", 'parquet.lengths_of: "." in'),
        "less work",
    ),
    "parquet.read_parquet: tables": "an empty table beside others",
    'arrow.unpacked: b"experimental': "files of releases before 1.0, which nothing writes here",
    "parquet_pages.Compact.unsigned: shift < 64": "less work",
    "libraries.Onnx.difference: again == value": "models of more than 2 GiB have no string",
}
"""Mutants that no row can notice, by how their titles begin, and why."""


class Noticed(BaseException):
    """A row that is wrong: no row catches this class."""


def part_of(title):
    """Returns the function that runs a part of a table."""
    name, part = title.split(":")
    sys.argv[1:] = {"bounds": [], "proofs": [FOLDER], "exact_types": [FOLDER]}.get(name, [LOCATION, TOKEN])
    return getattr(importlib.import_module(name), part)


class Lines(io.TextIOBase):
    """What a part prints; it ends at the first line that is not the expected one."""

    def __init__(self, expected=None):
        self.lines, self.expected, self.rest = [], expected, ""

    def write(self, text):
        *whole, self.rest = (self.rest + text).split("\n")
        for line in whole:
            self.lines.append(line)
            if self.expected is not None and line != self.expected[len(self.lines) - 1]:
                raise Noticed(line)
        return len(text)


def late(*_):
    raise Noticed("not done in time")


def lines_of(part, expected=None):
    out = Lines(expected)
    with contextlib.redirect_stdout(out):
        part()
    return out.lines


def functions_of(module):
    """Returns the functions of a module by the places of their code in it."""
    found = {}
    for name, each in vars(module).items():
        own = vars(each) if isinstance(each, type) else {None: each}
        for method, one in own.items():
            if isinstance(one, types.FunctionType) and one.__module__ == module.__name__:
                found[(name, method) if method else (name,)] = one
    return found


def compared(modules):
    """Returns the functions that compare: the roots, and what they call by name."""
    known = {module: functions_of(module) for module in modules}
    names = {path[-1]: [] for each in known.values() for path in each}
    for module, each in known.items():
        for path, function in each.items():
            names[path[-1]].append((module, path, function))
    every = [one for each in names.values() for one in each]
    rest, seen = [one for one in every if {".".join(one[1]), one[1][-1]} & ROOTS], {}
    while rest:
        module, path, function = rest.pop()
        if function in seen or path[-1] in LOADERS:
            continue
        seen[function] = (module, path)
        called = {*function.__code__.co_names} | {
            name for code in inner(function.__code__) for name in code.co_names
        }
        rest += [one for name in called for one in names.get(name, ()) if len(one[1]) == 1]
    return seen


def inner(code):
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield each
            yield from inner(each)


def removals(function):
    """Yields what can be removed from a function: a title, and a call that does it."""
    for node in [each for one in function.body for each in ast.walk(one)] + [function]:
        for field in ("body", "orelse"):
            block = getattr(node, field, None)
            for at, each in enumerate(block if isinstance(block, list) else ()):
                is_alone = isinstance(node, ast.If) and len(block) == 1  # as without the `if`
                if not is_alone and not isinstance(each, (ast.Import, ast.ImportFrom, ast.FunctionDef)):
                    if not is_text(each):
                        yield each, functools.partial(block.__setitem__, at, ast.Pass())
        if isinstance(node, ast.BoolOp) and not isinstance(node.values[-1], ast.Constant):
            neutral = isinstance(node.op, ast.And)
            for at, each in enumerate(node.values):
                yield each, functools.partial(node.values.__setitem__, at, ast.Constant(neutral))
        if isinstance(node, ast.comprehension):
            for at, each in enumerate(node.ifs):
                yield each, functools.partial(node.ifs.__setitem__, at, ast.Constant(True))
        if isinstance(node, ast.Compare):
            pair = [node.left, *node.comparators]
            if all(isinstance(each, ast.Tuple) for each in pair):
                for at, each in enumerate(node.left.elts):
                    yield each, lambda at=at, pair=pair: [one.elts.pop(at) for one in pair]
        listed = [getattr(node, "iter", None)]
        if isinstance(node, ast.Assign):
            listed.append(node.value)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
            listed.append(node.args[1])
        for each in listed:
            if isinstance(each, (ast.Tuple, ast.List)) and not isinstance(getattr(node, "targets", [0])[0], ast.Tuple):
                for at, one in enumerate(each.elts):
                    yield one, functools.partial(each.elts.pop, at)
            if isinstance(each, ast.Dict):
                for at, key in enumerate(each.keys):
                    yield key or each.values[at], lambda at=at, each=each: (each.keys.pop(at), each.values.pop(at))
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Dict):
            for at, key in enumerate(node.value.keys):
                yield key or node, lambda at=at, own=node.value: (own.keys.pop(at), own.values.pop(at))


def is_text(node):
    """Whether a statement is a docstring, the words of an error, or returns what its absence does."""
    if isinstance(node, ast.Return):
        return isinstance(node.value, ast.Constant) and not node.value.value
    names = [each.id for each in getattr(node, "targets", ()) if isinstance(each, ast.Name)]
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) or names in TEXTS


def find(tree, path):
    for name in path:
        tree = next(each for each in tree.body if getattr(each, "name", None) == name)
    return tree


source_of = functools.cache(inspect.getsource)


def mutants_of(module, path):
    """Yields the title and the code of each mutant of a function."""
    source = source_of(module)
    count = len([*removals(find(ast.parse(source), path))])
    for number in range(count):
        tree = ast.parse(source)
        node, remove = [*removals(find(tree, path))][number]
        text = " ".join((ast.get_source_segment(source, node) or "").split())
        remove()
        code = compile(ast.fix_missing_locations(tree), module.__file__, "exec")
        for name in path:
            code = next(x for x in code.co_consts if isinstance(x, types.CodeType) and x.co_name == name)
        yield f"{module.__name__.rpartition('.')[2]}.{'.'.join(path)}: {text:.100}", code


def run():
    for module in (*MODULES, serializers):
        source_of(module)
    parts = {title: part_of(title) for title in TITLES}
    functions = {
        function: (module, path)
        for function, (module, path) in compared([*MODULES, serializers]).items()
        if f"{module.__name__}.{'.'.join(path)}.".startswith(PREFIXES)
    }
    wanted = {function.__code__: function for function in functions}
    baseline, seconds, callers = {}, {}, {function: [] for function in functions}
    for title, part in parts.items():
        lines_of(part)  # what is printed once
        seen = set()
        sys.setprofile(lambda frame, event, _: seen.add(frame.f_code) if event == "call" else None)
        try:
            baseline[title] = lines_of(part)
        finally:
            sys.setprofile(None)
        began = time.monotonic()
        again = lines_of(part)
        seconds[title] = time.monotonic() - began
        assert again == baseline[title], f"{title} prints other lines: {[x for x in zip(again, baseline[title]) if x[0] != x[1]][:2]}"
        for code in seen & wanted.keys():
            callers[wanted[code]].append(title)
    signal.signal(signal.SIGALRM, late)
    tried = survived = 0
    for function, (module, path) in functions.items():
        whole = function.__code__
        for title, code in mutants_of(module, path):
            tried += 1
            function.__code__ = code
            try:
                found = ""
                for name in sorted(callers[function], key=seconds.get):
                    signal.alarm(min(SECONDS, 5 + int(20 * seconds[name])))
                    try:
                        lines = lines_of(parts[name], baseline[name])
                        found = "" if lines == baseline[name] else f"{name}: fewer lines"
                    except (Noticed, Exception) as error:
                        found = f"{name}: {error!r:.80}"
                    signal.alarm(0)
                    if found:
                        break
            finally:
                function.__code__ = whole
            if not found and not title.startswith(tuple(UNNOTICED)):
                survived += 1
                print("SURVIVED", title, flush=True)
            elif IS_VERBOSE:
                print("caught", title, "|", found.replace("\n", " "), flush=True)
    for function, (_, path) in functions.items():
        if not callers[function]:
            print("NEVER CALLED", ".".join(path))
    print(f"{tried} mutants, {survived} survived", flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    run()
