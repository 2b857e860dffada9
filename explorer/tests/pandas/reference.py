"""Writes files with pandas and pyarrow, and what pandas, SciPy and NumPy compute of them.

python reference.py FOLDER: the answers are FOLDER/expected.json.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.signal
import scipy.stats

folder = Path(sys.argv[1])
random = np.random.default_rng(69)
expected: dict[str, object] = {}

BERLIN, NEW_YORK, KOLKATA = "Europe/Berlin", "America/New_York", "Asia/Kolkata"


def plain(value):
    """A value as JSON. Times are nanoseconds in text, NaN and infinities their names."""
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        zoned = value if value.tzinfo else value.tz_localize("UTC")
        return str(zoned.as_unit("ns").value)
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value) if abs(int(value)) < 2**53 else str(value)
    if isinstance(value, (float, np.floating)):
        if math.isnan(value):
            return "NaN"
        return str(value).replace("inf", "Infinity") if math.isinf(value) else float(value)
    return value


def rows_of(mask) -> list[int]:
    return [int(row) for row in np.flatnonzero(np.asarray(mask.fillna(False), dtype=bool))]


# Tables: the same rows as CSV, CSV with the words of NumPy, TSV and Parquet.
COUNT = 1500
start = pd.Timestamp("2026-03-28T22:00:00", tz="UTC")  # clocks in Berlin change in this night
seconds = random.integers(0, 200_000, COUNT)
micros = random.integers(0, 1_000_000, COUNT)
instants = pd.Series(
    [start + pd.Timedelta(seconds=int(s), microseconds=int(u)) for s, u in zip(seconds, micros)]
)
numbers = np.round(random.normal(0, 2, COUNT), 3)
gaps = random.random(COUNT) < 0.1
words = np.array(["alpha", "beta", "Gamma", "naïve", "zz top"])
zones = [BERLIN, NEW_YORK, KOLKATA]
table = pd.DataFrame(
    {
        "row": np.arange(COUNT),
        "big": random.integers(-20, 20, COUNT) + 2**60,
        "f": np.where(gaps, np.nan, numbers),
        "few": random.integers(0, 9, COUNT) / 4,
        "word": words[random.integers(0, len(words), COUNT)],
        "code": [f"{n:03}" for n in random.integers(0, 120, COUNT)],
        "flag": random.random(COUNT) < 0.3,
        "utc": instants,
        "zoned": [each.tz_convert(zones[i % 3]).isoformat() for i, each in enumerate(instants)],
        "naive": instants.dt.tz_localize(None),
        "text number": [
            [f"{n:.3f}", f"{n:.3e}", f"+{abs(n):.2f}"][i % 3] for i, n in enumerate(numbers)
        ],
        "maybe": np.where(random.random(COUNT) < 0.2, None, words[random.integers(0, 5, COUNT)]),
    }
)
table["hash"] = random.integers(0, 2**64 - 1, COUNT, dtype="uint64")
table["f32"] = (random.integers(-30, 30, COUNT) / 10).astype("float32")
table.to_csv(folder / "plain.csv", index=False)
table.to_csv(folder / "table.tsv", index=False, sep="\t")
table.to_csv(folder / "semicolons.csv", index=False, sep=";", quoting=1)
table.to_parquet(folder / "table.parquet", row_group_size=250)
infinite = table.copy()
infinite.loc[random.random(COUNT) < 0.02, "f"] = np.inf
infinite.loc[random.random(COUNT) < 0.02, "f"] = -np.inf
infinite.assign(maybe=infinite["maybe"].fillna("")).to_csv(folder / "words.csv", index=False, na_rep="nan")
infinite.to_parquet(folder / "infinite.parquet", row_group_size=250)


def read(path: str) -> pd.DataFrame:
    """The table as pandas reads it, with text as text and times as times."""
    if path.endswith(".parquet"):
        frame = pd.read_parquet(folder / path)
    else:
        separator = {"table.tsv": "\t", "semicolons.csv": ";"}.get(path, ",")
        frame = pd.read_csv(folder / path, sep=separator, dtype={"code": str, "text number": str})
        frame["utc"] = pd.to_datetime(frame["utc"], format="ISO8601", utc=True)
        frame["naive"] = pd.to_datetime(frame["naive"], format="ISO8601", utc=True)
    frame["zoned"] = pd.to_datetime(frame["zoned"], format="ISO8601", utc=True)
    frame["text number"] = pd.to_numeric(frame["text number"])
    return frame


def statistics(column: pd.Series) -> dict[str, object]:
    known = column.dropna()
    about: dict[str, object] = {"missing": int(column.isna().sum())}
    if known.nunique() <= 1000:
        about["distinct"] = int(known.nunique())
    about["min"], about["max"] = plain(known.min()), plain(known.max())
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        about["mean"] = plain(math.fsum(known) / len(known) if np.isfinite(known).all() else known.mean())
    return about


def filters(frame: pd.DataFrame) -> dict[str, list[int]]:
    """The rows that conditions choose. A missing value is not equal to anything."""
    noon = pd.Timestamp("2026-03-29T12:00:00", tz="UTC")
    middle = frame["utc"][7]
    one = float(frame["f"][np.isfinite(frame["f"])].iloc[0])
    utc, zoned = frame["utc"], frame["zoned"]
    single = frame["f32"].dtype.type  # CSV has no numbers of 32 bits
    return {
        "f>0.5": rows_of(frame["f"] > 0.5),
        "f<=-1e0": rows_of(frame["f"] <= -1),
        f"f={one}": rows_of(frame["f"] == one),
        f"f!={one}": rows_of(frame["f"] != one),
        f"hash>={2**63 + 5}": rows_of(frame["hash"] >= 2**63 + 5),
        f"hash={frame['hash'][3]}": rows_of(frame["hash"] == frame["hash"][3]),
        f"big>={2**60 + 1}": rows_of(frame["big"] >= 2**60 + 1),
        f"big={2**60 + 1}": rows_of(frame["big"] == 2**60 + 1),
        "f32=0.1": rows_of(frame["f32"] == single(0.1)),
        "f32>0.1": rows_of(frame["f32"] > single(0.1)),
        "f32<=-0.7": rows_of(frame["f32"] <= single(-0.7)),
        "word=naïve": rows_of(frame["word"] == "naïve"),
        "word!=beta few<1": rows_of((frame["word"] != "beta") & (frame["few"] < 1)),
        "word>b": rows_of(frame["word"] > "b"),
        "code=007": rows_of(frame["code"] == "007"),
        "maybe!=beta": rows_of(frame["maybe"].isna() | (frame["maybe"] != "beta")),
        "maybe=beta": rows_of(frame["maybe"] == "beta"),
        "utc<2026-03-29T12:00:00Z": rows_of(utc < noon),
        "utc<2026-03-29T14:00:00+02:00": rows_of(utc < noon),
        f"utc={middle.tz_convert(KOLKATA).isoformat()}": rows_of(utc == middle),
        f"utc>{middle.tz_convert(NEW_YORK).isoformat()}": rows_of(utc > middle),
        "zoned>=2026-03-29T08:00:00-04:00": rows_of(zoned >= noon),
        "zoned<2026-03-29": rows_of(zoned < pd.Timestamp("2026-03-29", tz="UTC")),
        f"zoned={middle.isoformat()}": rows_of(zoned == middle),
        '"text number">0.5 row<2000': rows_of((frame["text number"] > 0.5) & (frame["row"] < 2000)),
        "f>0 few>=1 top": rows_of(
            (frame["f"] > 0) & (frame["few"] >= 1) & (frame["word"] == "zz top")
            | (frame["f"] > 0) & (frame["few"] >= 1) & (frame["maybe"] == "zz top")
        ),
    }


def orders(frame: pd.DataFrame) -> dict[str, list[int]]:
    found = {}
    for name in frame.columns:
        for sign, ascending in (("", True), ("-", False)):
            sorted_rows = frame.sort_values(
                name, ascending=ascending, kind="stable", na_position="last"
            )
            found[sign + name] = [int(row) for row in sorted_rows["row"]]
    return found


expected["tables"] = {}
for path in (
    "plain.csv",
    "words.csv",
    "table.tsv",
    "semicolons.csv",
    "table.parquet",
    "infinite.parquet",
):
    frame = read(path)
    expected["tables"][path] = {
        "statistics": {name: statistics(frame[name]) for name in frame.columns},
        "filters": filters(frame),
        "orders": orders(frame),
    }

# Runs: parameters that are numbers, text numbers and words, with gaps, NaN and infinities.
RUNS = 240
rate = 10.0 ** random.uniform(-5, 0, RUNS)
optimizer = np.array(["adam", "sgd", "lion", "rmsprop"])[random.integers(0, 4, RUNS)]
depth = random.integers(1, 9, RUNS)
score = -((np.log10(rate) + 3) ** 2) + (optimizer == "adam") + random.normal(0, 0.4, RUNS)
error = depth * 0.5 + random.normal(0, 1, RUNS)
runs = []
for i in range(RUNS):
    params = {
        "rate": f"{rate[i]:.6e}" if i % 5 == 0 else float(rate[i]),
        "optimizer": str(optimizer[i]),
        "depth": int(depth[i]),
        "flag": bool(i % 3 == 0),
        "seed": int(random.integers(0, 5)),
    }
    if i % 7 == 0:
        del params["optimizer"]
    if i % 11 == 0:
        params["depth"] = None
    measured = {"score": float(score[i]), "error": float(error[i])}
    if i % 13 == 0:
        measured["error"] = ["NaN", "Infinity", "-Infinity"][i // 13 % 3]
    if i % 17 == 0:
        del measured["score"]
    runs.append({"params": params, "metrics": measured, "started": instants[i].tz_convert(zones[i % 3]).isoformat()})
(folder / "runs.json").write_text(json.dumps(runs))
frame = pd.json_normalize(runs)
for name in ("params.rate", "params.depth", "params.seed", "metrics.score", "metrics.error"):
    frame[name] = frame[name].astype("float64")
frame["started"] = pd.to_datetime(frame["started"], format="ISO8601", utc=True)
frame["params.flag"] = frame["params.flag"].astype(str).str.lower()
frame["row"] = np.arange(RUNS)
expected["run orders"] = orders(frame)
expected["run filters"] = {
    "error<3": rows_of(frame["metrics.error"] < 3),
    "error=NaN": rows_of(frame["metrics.error"].isna()),
    "error>=-Infinity score>0": rows_of((frame["metrics.error"] >= -np.inf) & (frame["metrics.score"] > 0)),
    "rate<1e-3 optimizer=adam": rows_of((frame["params.rate"] < 1e-3) & (frame["params.optimizer"] == "adam")),
    "optimizer!=adam": rows_of(frame["params.optimizer"].isna() | (frame["params.optimizer"] != "adam")),
    "depth!=3": rows_of(frame["params.depth"].isna() | (frame["params.depth"] != 3)),
    "depth=null": rows_of(frame["params.depth"].isna()),
    "flag=true": rows_of(frame["params.flag"] == "true"),
    "started>2026-03-29T12:00:00+05:30": rows_of(frame["started"] > pd.Timestamp("2026-03-29T12:00:00+05:30")),
}


def group(key: str) -> list[dict[str, object]]:
    groups = []
    for value, own in frame.groupby(key, dropna=False):
        means = {}
        for name in ("params.rate", "params.depth", "params.seed", "metrics.score", "metrics.error"):
            known = own[name].dropna()
            if name == key or len(known) == 0:
                continue
            means[name] = plain(known.mean())
        finite = own["metrics.error"].replace([np.inf, -np.inf], np.nan)
        groups.append(
            {
                "value": "(none)" if pd.isna(value) else plain(value),
                "count": len(own),
                "means": means,
                "best error": plain(finite.min()),
                "best score": plain(own["metrics.score"].max()),
            }
        )
    return groups


expected["groups"] = {key: group(key) for key in ("params.optimizer", "params.seed", "params.depth")}


def corrected(share: float, count: int, parameters: int) -> float:
    return math.sqrt(max(0.0, 1 - (1 - share) * (count - 1) / (count - parameters)))


def number_influence(key: str, metric: str) -> dict[str, object]:
    pair = frame[[key, metric]].replace([np.inf, -np.inf], np.nan).dropna()
    correlation = scipy.stats.spearmanr(pair[key], pair[metric]).statistic
    ranks = scipy.stats.rankdata(pair[key])
    bent = np.corrcoef((ranks - ranks.mean()) ** 2, scipy.stats.rankdata(pair[metric]))[0, 1]
    share = max(correlation**2, bent**2)
    return {
        "value": float(correlation),
        "versions": len(pair),
        "strength": corrected(share, len(pair), 2),
        "bent": bool(abs(bent) > abs(correlation)),
    }


def word_influence(key: str, metric: str) -> dict[str, object]:
    pair = frame[[key, metric]].replace([np.inf, -np.inf], np.nan).dropna()
    pair = pair[pair.groupby(key)[key].transform("count") > 1]
    ranks = pair[metric].rank()
    means = pair.groupby(key)[metric].mean().sort_values(ascending=False)
    ratio = scipy.stats.f_oneway(*[ranks[pair[key] == word] for word in means.index]).statistic
    between, within = len(means) - 1, len(pair) - len(means)
    share = ratio * between / (ratio * between + within)
    return {
        "value": float(means.iloc[0] - means.iloc[-1]),
        "versions": len(pair),
        "strength": corrected(share, len(pair), len(means)),
        "words": [[means.index[0], means.iloc[0]], [means.index[-1], means.iloc[-1]]],
    }


METRICS = ("metrics.score", "metrics.error")
expected["numbers"] = {
    f"{key} {metric}": number_influence(key, metric)
    for key in ("params.rate", "params.depth", "params.seed")
    for metric in METRICS
}
expected["words"] = {
    f"{key} {metric}": word_influence(key, metric)
    for key in ("params.optimizer", "params.flag")
    for metric in METRICS
}
finite_rate = frame["params.rate"]
quarter = np.floor(4 * (finite_rate.rank(method="min") - 1) / len(finite_rate)).astype(int)
expected["quarters"] = [[int(row) for row in np.flatnonzero(quarter == q)] for q in range(4)]
expected["best so far"] = {
    "high": [plain(each) for each in frame["metrics.score"].cummax().ffill()],
    "low": [plain(each) for each in frame["metrics.score"].cummin().ffill()],
}

# Curves: smoothed, with gaps, steps in another order, and a run that was resumed.
steps = np.arange(1500)
loss = 2 / (1 + steps / 50) + random.normal(0, 0.1, 1500)
loss[random.random(1500) < 0.05] = np.nan
order = random.permutation(1500)
curve = pd.DataFrame({"step": steps, "loss": loss}).iloc[order]
curve.to_csv(folder / "curve.csv", index=False, na_rep="nan")
curve.to_parquet(folder / "curve.parquet", index=False)
curve.to_json(folder / "curve.jsonl", orient="records", lines=True)
known = curve.dropna().sort_values("step")
expected["smoothed"] = {
    str(smoothing): list(
        known["loss"].ewm(alpha=1 - smoothing, adjust=True).mean() if smoothing else known["loss"]
    )
    for smoothing in (0, 0.3, 0.6, 0.9, 0.99)
}
expected["smoothed steps"] = [int(step) for step in known["step"]]
# The same mean by a recursive filter.
values = known["loss"].to_numpy()
weights = scipy.signal.lfilter([0.1], [1, -0.9], np.ones(len(values)))
expected["filtered"] = list(scipy.signal.lfilter([0.1], [1, -0.9], values) / weights)
long = np.cumsum(random.normal(0, 1, 25_001))
expected["long"] = {
    "values": list(long),
    "smoothed": list(pd.Series(long).ewm(alpha=0.1, adjust=True).mean()),
}
resumed = pd.DataFrame({"step": [*range(900), *range(600, 1200)]})
resumed["loss"] = random.normal(0, 1, len(resumed))
last = resumed.drop_duplicates("step", keep="last").sort_values("step")
expected["resumed"] = {
    "x": resumed["step"].tolist(),
    "y": resumed["loss"].tolist(),
    "last": last["loss"].tolist(),
}
by_step = curve.sort_values("step")
expected["values"] = {
    "last": plain(by_step["loss"].iloc[-1]),
    "min": [float(known["loss"].min()), int(known["step"].iloc[known["loss"].argmin()])],
    "max": [float(known["loss"].max()), int(known["step"].iloc[known["loss"].argmax()])],
    "gaps": int(curve["loss"].isna().sum()),
}

# Differences of tables of 25,000 rows in another order.
LARGE = 25_000
before = pd.DataFrame(
    {
        "id": random.permutation(LARGE) + 1000,
        "plate": words[random.integers(0, 5, LARGE)],
        "value": np.where(random.random(LARGE) < 0.05, np.nan, random.normal(0, 1, LARGE)),
        "cells": random.integers(0, 40, LARGE),
        "seen": start + pd.to_timedelta(random.integers(0, 10**12, LARGE), unit="us"),
    }
)
after = before.sample(frac=1, random_state=7).reset_index(drop=True)
after = after.drop(index=random.choice(LARGE, 200, replace=False)).reset_index(drop=True)
for name, new in (("plate", "changed"), ("value", np.nan), ("cells", -1)):
    after.loc[random.choice(len(after), 120, replace=False), name] = new
fresh = before.sample(150, random_state=3).assign(id=np.arange(150) + 10**6)
after = pd.concat([after, fresh]).sample(frac=1, random_state=5).reset_index(drop=True)


def by_key(old: pd.DataFrame, new: pd.DataFrame) -> dict[str, object]:
    both = old.merge(new, on="id", how="outer", indicator=True, suffixes=("", " new"))
    matched = both[both["_merge"] == "both"]
    columns = {}
    changed = np.zeros(len(matched), dtype=bool)
    for name in ("plate", "value", "cells", "seen"):
        one, other = matched[name], matched[f"{name} new"]
        differs = ~((one == other) | (one.isna() & other.isna()))
        if differs.any():
            columns[name] = int(differs.sum())
        changed |= differs.to_numpy()
    return {
        "added": int((both["_merge"] == "right_only").sum()),
        "removed": int((both["_merge"] == "left_only").sum()),
        "changed": int(changed.sum()),
        "columns": columns,
    }


def by_content(old: pd.DataFrame, new: pd.DataFrame) -> dict[str, int]:
    """Rows that only one table has, as often as it has them."""
    names = list(old.columns)
    counted = [
        each.assign(nth=each.groupby(names, dropna=False).cumcount()) for each in (old, new)
    ]
    both = counted[0].merge(counted[1], how="outer", indicator=True)["_merge"]
    return {"old": int((both == "left_only").sum()), "new": int((both == "right_only").sum())}


without_key = [each[["plate", "cells"]] for each in (before, after)]
for name, (old, new) in {"large": (before, after), "content": without_key}.items():
    for side, each in (("before", old), ("after", new)):
        each.to_csv(folder / f"{name}-{side}.csv", index=False)
        each.to_parquet(folder / f"{name}-{side}.parquet", index=False)
expected["by key"] = by_key(before, after)
KEPT = 20_000  # the page keeps so many rows in memory
expected["large orders"] = {
    sign + name: before.sort_values(
        name, ascending=sign == "", kind="stable", na_position="last"
    )["id"][:KEPT].tolist()
    for name in ("plate", "value", "cells", "seen")
    for sign in ("", "-")
}
expected["by content"] = {
    "large": by_content(before, after),
    "content": by_content(*without_key),
}

# Arrays: statistics and histograms of elements.
arrays = {
    "float64": random.normal(3, 2, (40, 50)),
    "float32": random.normal(0, 1e-3, (70, 30)).astype("float32"),
    "float16": random.normal(0, 1, (20, 20)).astype("float16"),
    "float16 of all sizes": np.arange(0, 0x7C00, 311, dtype="uint16").view("float16"),
    "uint8": random.integers(0, 256, (64, 64)).astype("uint8"),
    "int16": random.integers(-5, 6, (100, 10)).astype("int16"),
    "int64": random.integers(-(2**62), 2**62, (30, 30)),
    "complex64": (random.normal(0, 1, (9, 9)) + 1j * random.normal(0, 1, (9, 9))).astype("complex64"),
    "tenths": np.round(random.integers(0, 33, 5000) * 0.1, 1),
    "constant": np.full((5, 5), 2.5),
}
stamps = random.integers(-(2**40), 2**40, 60) * 997
stamps[::7] = np.iinfo("int64").min
latest = {"D": 40_000, "h": 10**6, "m": 10**8, "s": 4 * 10**9}
latest |= {"ms": 4 * 10**12, "us": 4 * 10**15, "ns": 4 * 10**18}
for unit, most in latest.items():
    counts = np.where(stamps == stamps.min(), stamps, stamps % most - most // 3)
    arrays[f"times {unit}"] = counts.astype(f"datetime64[{unit}]")
arrays["durations"] = stamps.astype("timedelta64[us]")
gappy = random.normal(0, 1, (30, 30))
gappy[random.random((30, 30)) < 0.1] = np.nan
gappy[random.random((30, 30)) < 0.1] = np.inf
gappy[random.random((30, 30)) < 0.1] = 0
arrays["gappy"] = gappy
def numbers_of(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind in "mM":
        return np.where(np.isnat(array), np.nan, array.astype("int64").astype("float64"))
    return np.abs(array.astype("complex128")) if array.dtype.kind == "c" else array.astype("float64")


def texts(array: np.ndarray) -> list[object]:
    """Elements as NumPy writes them, or as numbers."""
    first = array.ravel()[:100]
    if array.dtype.kind == "M":
        return [str(each) for each in first]
    if array.dtype.kind == "m":
        return ["NaT" if np.isnat(each) else str(each.astype("int64")) for each in first]
    if array.dtype.kind == "c":
        return [[plain(float(str(each.real))), plain(float(str(each.imag)))] for each in first]
    return [plain(float(str(each))) for each in first] if array.dtype.kind == "f" else []


expected["arrays"] = {}
for name, array in arrays.items():
    np.save(folder / f"{name}.npy", array)
    flat = numbers_of(array).ravel()
    finite = flat[np.isfinite(flat)]
    counts, edges = np.histogram(finite, bins=32 if finite.min() < finite.max() else 1)
    expected["arrays"][name] = {
        "count": flat.size,
        "notANumber": int(np.isnan(flat).sum()),
        "infinite": int(np.isinf(flat).sum()),
        "zeros": int((flat == 0).sum()),
        "min": float(finite.min()),
        "max": float(finite.max()),
        "mean": float(np.mean(finite)),
        "deviation": float(np.std(finite)),
        "texts": texts(array),
        "bins": [int(count) for count in counts],
        "edges": [float(edge) for edge in edges] if finite.min() < finite.max() else None,
    }

(folder / "expected.json").write_text(json.dumps(expected))
