"""Writes made-up runs, and 200 conditions with the rows that pandas chooses, as JSON."""

import json
import random
import sys
import warnings

import pandas as pd

warnings.filterwarnings("ignore", "This pattern")  # its groups select nothing
random.seed(int(sys.argv[1]))
ROWS, QUERIES = 60, 200
WORDS = ["adam", "adamw", "sgd", "lion", "SGD", "a b", "x(1)"]
PATTERNS = ["^a", "w$", "adam|lion", "(?i)^sgd$", "a.b", "^(sgd|lion)$", r"\d", "^[a-l]{4}w?$"]


def number():
    return random.choice(["NaN", round(random.uniform(0, 1), 2), random.randint(0, 3)])


KEYS = {
    "metrics.loss": number,
    "metrics.lr": number,
    "params.lr": number,
    "params.depth": lambda: random.choice([2, 4, "8", 16]),
    "params.opt": lambda: random.choice(WORDS),
    "tag": lambda: random.choice(WORDS),
}
TEXTS = ["params.opt", "tag"]
# The keys that people may type: lr is a parameter and a measure.
SHORT = {"metrics.loss": "loss", "params.depth": "depth", "params.opt": "opt", "tag": "tag"}

rows = [
    {key: value() for key, value in KEYS.items() if random.random() < 0.8} for _ in range(ROWS)
]
raw = pd.DataFrame(rows, columns=list(KEYS), dtype=object)
numbers = raw.apply(pd.to_numeric, errors="coerce")


def quoted(value):
    text = str(value)
    return f"'{text}'" if " " in text or "(" in text or "|" in text else text


def comparison():
    key = random.choice(list(KEYS))
    full = key if "." in key else f"metadata.{key}"
    names = (full, SHORT.get(key, key))
    if random.random() < 0.1:
        sign, typed = random.choice(["=", "!="]), ""
        mask = raw[key].isna() if sign == "=" else raw[key].notna()
    elif key in TEXTS and random.random() < 0.5:
        sign, pattern = random.choice(["~", "!~"]), random.choice(PATTERNS)
        found = raw[key].astype("string").str.contains(f"(?:{pattern})".replace("(?:(?i)", "(?i:"))
        found = found.fillna(False).astype(bool)
        mask, typed = (found if sign == "~" else ~found), f"'{pattern}'"
    elif key in TEXTS:
        sign, value = random.choice(["=", "!="]), random.choice(WORDS)
        mask, typed = (raw[key] == value) if sign == "=" else (raw[key] != value), quoted(value)
    else:
        sign = random.choice(["=", "!=", "<", "<=", ">", ">="])
        value = random.choice([0, 0.25, 0.5, 1, 2, 8, 1e-3])
        way = {"=": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}[sign]
        mask, typed = getattr(numbers[key], way)(value), str(value)
    space = "" if typed == "" else random.choice(["", " "])
    return [f"{name}{space}{sign}{space}{typed}" for name in names], mask


def expression(depth):
    """Returns a text of a condition, of a search, and of a filter, and the rows that they choose."""
    if depth == 0 or random.random() < 0.3:
        (full, short), mask = comparison()
        return [full, full, short], mask, "term"
    way = random.choice(["and", "or"])
    parts = [expression(depth - 1) for _ in range(random.choice([2, 2, 3]))]
    texts, mask = ["", "", ""], None
    for i, (own, of, kind) in enumerate(parts):
        needs = kind == "or" and way == "and" or random.random() < 0.2
        own = [f"({text})" if needs else text for text in own]
        # In searches and filters, a space is enough; not behind a value that is left out.
        join = random.choice(["and", "AND"]) if way == "and" else random.choice(["or", "OR"])
        joins = [f" {join} "] * 3
        if way == "and" and random.random() < 0.5:
            joins[1:] = [" ", " "]
        texts = own if i == 0 else [a + j + b for a, j, b in zip(texts, joins, own)]
        mask = of if i == 0 else (mask & of if way == "and" else mask | of)
    return texts, mask, way


queries = []
while len(queries) < QUERIES:
    (condition, search, typed), mask, _ = expression(3)
    if condition.count("params") + condition.count("met") > 18:
        continue  # searches have a limit
    queries.append([condition, search, typed, [i for i, is_in in enumerate(mask) if is_in]])


def nested(row):
    metadata = {}
    for key, value in row.items():
        *folders, last = key.split(".")
        of = metadata
        for folder in folders:
            of = of.setdefault(folder, {})
        of[last] = value
    return metadata


print(json.dumps({"runs": [nested(row) for row in rows], "queries": queries}))
