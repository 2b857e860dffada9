"""Trains 200 small models on scikit-learn's digits, and writes them as folders for the pictures.

python train.py FOLDER, with scikit-learn and pillow.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier

folder = Path(sys.argv[1])
chance = np.random.default_rng(7)
digits = datasets.load_digits()
data = folder / "digits"
data.mkdir(parents=True)
np.save(data / "images.npy", digits.images.astype(np.uint8))
np.save(data / "labels.npy", digits.target.astype(np.int32))
for name in ["iris", "wine", "diabetes"]:
    table = getattr(datasets, f"load_{name}")(as_frame=True).frame
    (folder / name).mkdir()
    table.to_csv(folder / name / f"{name}.csv", index=False)
train_x, test_x, train_y, test_y = train_test_split(
    digits.data / 16, digits.target, test_size=0.3, random_state=1, stratify=digits.target
)


def choose():
    kind = str(chance.choice(["forest", "knn", "logistic", "mlp"], p=[0.2, 0.1, 0.2, 0.5]))
    if kind == "forest":
        params = {"trees": int(chance.integers(5, 120)), "depth": int(chance.integers(2, 14))}
        return kind, params, RandomForestClassifier(params["trees"], max_depth=params["depth"], random_state=1)
    if kind == "knn":
        params = {"neighbors": int(chance.integers(1, 30))}
        return kind, params, KNeighborsClassifier(params["neighbors"])
    rate = float(f"{10 ** chance.uniform(-4, -1):.2g}")
    if kind == "logistic":
        return kind, {"penalty": rate}, LogisticRegression(C=rate, max_iter=200)
    params = {"hidden": int(2 ** chance.integers(3, 8)), "rate": rate, "epochs": int(chance.integers(5, 60))}
    model = MLPClassifier(
        (params["hidden"],), learning_rate_init=rate, max_iter=params["epochs"], random_state=1
    )
    return kind, params, model


def picture(matrix, path):
    share = np.sqrt(matrix / matrix.sum(axis=1, keepdims=True))
    ends = np.array([[250, 250, 249], [15, 118, 110]])
    pixels = (ends[0] + share[..., None] * (ends[1] - ends[0])).astype(np.uint8)
    Image.fromarray(pixels).resize((320, 320), Image.NEAREST).save(path)


CARD = """---
license: mit
tags: [digits, {model}]
dataset: data:digits
metrics:
  accuracy: {accuracy}
  loss: {loss}
---
# Digits, read by {model}

Reads 8 x 8 images of handwritten digits. Trained on {count} images, tested on {tests} others.

![Confusion matrix: rows are true digits, columns are what was read](confusion.png)

| digit | images | read rightly |
| ----- | ------ | ------------ |
{rows}

- [x] tested on held-out images
- [ ] tested on other handwriting

```python
from holdfast import open_registry

model = open_registry("./registry").path("digits:classifier")
```
"""

for i in range(200):
    model, params, estimator = choose()
    begun = time.perf_counter()
    estimator.fit(train_x, train_y)
    seconds = round(time.perf_counter() - begun, 3)
    chances = estimator.predict_proba(test_x)
    read = chances.argmax(axis=1)
    matrix = confusion_matrix(test_y, read)
    metadata = {
        "model": model,
        "accuracy": round(float(accuracy_score(test_y, read)), 4),
        "f1": round(float(f1_score(test_y, read, average="macro")), 4),
        "loss": round(float(log_loss(test_y, chances)), 4),
        "seconds": seconds,
        **params,
    }
    run = folder / "runs" / f"{i:03}"
    run.mkdir(parents=True)
    picture(matrix, run / "confusion.png")
    rows = "\n".join(f"| {d} | {row.sum()} | {row[d] / row.sum():.1%} |" for d, row in enumerate(matrix))
    (run / "README.md").write_text(CARD.format(count=len(train_y), tests=len(test_y), rows=rows, **metadata))
    if model == "mlp":
        steps = [f"{epoch},{value:.6f}" for epoch, value in enumerate(estimator.loss_curve_)]
        (run / "history.csv").write_text("\n".join(["epoch,loss", *steps]))
    (run / "params.json").write_text(json.dumps({"model": model, **params}, indent=2))
    (run / "metadata.json").write_text(json.dumps(metadata))
