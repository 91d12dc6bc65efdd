"""Measures `network.json` on the images of `test.csv`, and checks its ranges and its field `test`.

    python3 check.py

Standard library only. `score` is the meaning of the network: integers throughout.
"""

import csv
import json
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main():
    network = json.loads((HERE / "network.json").read_text())
    right, total = score(network, *load("test.csv"))
    print(f"{right} of {total} test images right ({right / total:.4f})")
    if (right, total) != (network["test"]["right"], network["test"]["images"]):
        sys.exit("network.json: the field `test` says something else; run train.py")
    for name, found in ranges(network).items():
        print(f"{name} between {found[0]} and {found[1]} for any input")
        if found != network[name]["proven"]:
            sys.exit(f"network.json: `{name}` says {network[name]['proven']}; run train.py")


def load(name):
    """Images (lists of 64 pixels) and labels."""
    with open(HERE / name, newline="") as file:
        rows = [[int(field) for field in row] for row in csv.reader(file)]
    return [row[1:] for row in rows], [row[0] for row in rows]


def score(network, images, labels):
    """How many images the network reads rightly, out of how many."""
    right = 0
    for image, label in zip(images, labels, strict=True):
        logits = evaluate(network, image)
        right += logits.index(max(logits)) == label
    return right, len(labels)


def evaluate(network, image):
    """The ten logits of one image."""
    inputs = [(pixel * network["input"]["max"] + 8) // 16 for pixel in image]
    hidden = network["hidden"]
    sums = linear(inputs, network["w1"], network["b1"])
    activations = [min(max(value >> hidden["shift"], 0), hidden["max"]) for value in sums]
    return linear(activations, network["w2"], network["b2"])


def linear(inputs, weights, bias):
    """`inputs . weights + bias`; one row of `weights` for each input."""
    sums = list(bias)
    for value, row in zip(inputs, weights, strict=True):
        if value:
            for column, weight in enumerate(row):
                sums[column] += value * weight
    return sums


def ranges(network):
    """Least and greatest sum and logit over all inputs that the quantiser can give."""
    layers = {
        "sums": ("w1", "b1", network["input"]["max"]),
        "logits": ("w2", "b2", network["hidden"]["max"]),
    }
    found = {}
    for name, (weights, bias, greatest) in layers.items():
        columns = list(zip(*network[weights], strict=True))
        low = [b + greatest * sum(min(w, 0) for w in column) for b, column in zip(network[bias], columns, strict=True)]
        high = [b + greatest * sum(max(w, 0) for w in column) for b, column in zip(network[bias], columns, strict=True)]
        found[name] = [min(low), max(high)]
    return found


if __name__ == "__main__":
    main()
