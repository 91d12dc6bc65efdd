"""Trains the digit network of the demo and writes `network.json`. Needs NumPy only.

    python train.py

`check.py` beside it says what the network computes and measures it.

The network computes on integers alone, and every range below holds for *any* input, not only for the images seen:

    input   x = (pixel * INPUT_MAX + 8) // 16            64 numbers, 0 ..= INPUT_MAX; the client does this in clear
    sums    s = x . w1 + b1                              w1 in {-1, 0, 1}; SUM_LOW <= s <= SUM_HIGH
    hidden  h = clamp(s >> SHIFT, 0, HIDDEN_MAX)         one table lookup for each hidden unit
    logits  l = h . w2 + b2                              |w2| <= W2_MAX; LOGIT_LOW <= l <= LOGIT_HIGH
    digit   the index of the greatest logit, the first one if several are equal

Training keeps real-valued weights, computes forward with their integer form, and lets gradients pass the rounding as
if it were not there (straight-through estimator [Bengio, Leonard, Courville 2013]) into Adam.
"""

import json
import os
from pathlib import Path

# One thread: a fixed order of additions, so the same file on every run of one machine.
for variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np  # noqa: E402

import check  # noqa: E402

HERE = Path(__file__).parent
HIDDEN_UNITS = 32
INPUT_MAX = 2
SUM_LOW, SUM_HIGH = -16, 15
SHIFT = 0
HIDDEN_MAX = 5
W2_MAX = 2
LOGIT_LOW, LOGIT_HIGH = -128, 127

SEEDS = range(6)  # restarts; the best on the training images is kept
EPOCHS = 500
BATCH = 64
RATES = {"w1": 0.008, "b1": 0.2, "w2": 0.1, "b2": 0.1, "scale": 0.004}
DEAD_ZONE = 0.25  # smaller first-layer weights become 0
SHIFTED = 0.1  # part of the training images moved by one pixel
LEAK = 0.1  # gradient where the activation is flat


def main():
    images, labels = check.load("train.csv")
    pixels, digits = np.array(images), np.array(labels)
    best = None
    for seed in SEEDS:
        network = describe(*train(pixels, digits, seed))
        right, total = check.score(network, images, labels)
        print(f"seed {seed}: {right} of {total} training images right ({right / total:.4f})", flush=True)
        if best is None or right > best["train"]["right"]:
            best = network | {"seed": seed, "train": {"right": right, "images": total}}
    right, total = check.score(best, *check.load("test.csv"))
    best["test"] = {"right": right, "images": total, "command": "python3 check.py"}
    (HERE / "network.json").write_text(to_text(best))
    print(f"network.json: {right} of {total} test images right ({right / total:.4f})")


def quantise(pixels):
    return (pixels * INPUT_MAX + 8) // 16


def train(pixels, labels, seed):
    """Integer weights and biases w1, b1, w2, b2."""
    random = np.random.RandomState(seed)
    latent = {
        "w1": np.clip(random.randn(64, HIDDEN_UNITS) * 0.35, -1, 1),
        "b1": np.zeros(HIDDEN_UNITS),
        "w2": random.randn(HIDDEN_UNITS, 10),
        "b2": np.zeros(10),
        "scale": np.full(1, np.log(0.15)),
    }
    mean = {name: np.zeros_like(value) for name, value in latent.items()}
    square = {name: np.zeros_like(value) for name, value in latent.items()}
    batches = len(pixels) // BATCH
    steps = EPOCHS * batches
    for step in range(steps):
        if step % batches == 0:
            order = random.permutation(len(pixels))
        chosen = order[step % batches * BATCH :][:BATCH]
        gradients = backward(latent, quantise(moved(pixels[chosen], random)), labels[chosen])
        decay = 0.5 * (1 + np.cos(np.pi * step / steps))
        for name, gradient in gradients.items():
            mean[name] = 0.9 * mean[name] + 0.1 * gradient
            square[name] = 0.999 * square[name] + 0.001 * gradient * gradient
            rate = RATES[name] * decay * np.sqrt(1 - 0.999 ** (step + 1)) / (1 - 0.9 ** (step + 1))
            latent[name] -= rate * mean[name] / (np.sqrt(square[name]) + 1e-8)
        latent["w1"] = np.clip(latent["w1"], -1, 1)
        latent["b1"] = np.clip(latent["b1"], SUM_LOW, SUM_HIGH / 2)
        latent["w2"] = np.clip(latent["w2"], -W2_MAX - 0.4, W2_MAX + 0.4)
        fit_logits(latent)
    return integers(latent)


def moved(pixels, random):
    """Each quarter of the batch is, with probability SHIFTED, moved by one pixel; what leaves the frame is lost."""
    frames = pixels.reshape(4, -1, 8, 8).copy()
    for quarter in range(4):
        if random.rand() < SHIFTED:
            axis, by = [(1, 1), (1, -1), (2, 1), (2, -1)][random.randint(4)]
            frames[quarter] = np.roll(frames[quarter], by, axis=axis)
            edge = 0 if by == 1 else 7
            frames[quarter][(slice(None),) * axis + (edge,)] = 0
    return frames.reshape(-1, 64)


def backward(latent, inputs, labels):
    """Gradients of the cross-entropy of softmax(exp(scale) * logits)."""
    w1, b1, w2, b2 = integers(latent)
    sums = inputs @ w1 + b1
    hidden = np.clip(sums >> SHIFT, 0, HIDDEN_MAX)
    logits = hidden @ w2 + b2
    scale = np.exp(latent["scale"][0])
    error = np.exp(scale * (logits - logits.max(axis=1, keepdims=True)))
    error /= error.sum(axis=1, keepdims=True)
    error[np.arange(len(labels)), labels] -= 1
    error /= len(labels)
    to_logits = error * scale
    step = 2**SHIFT
    slope = np.where((sums > -step) & (sums < (HIDDEN_MAX + 2) * step), 1.0, LEAK) / step
    to_sums = to_logits @ w2.T * slope
    return {
        "w1": inputs.T @ to_sums,
        "b1": to_sums.sum(axis=0),
        "w2": hidden.T @ to_logits,
        "b2": to_logits.sum(axis=0),
        "scale": np.array([(error * logits).sum() * scale]),
    }


def integers(latent):
    """The integer network of the latent one. Only as many weights of each sign as the sums have room for stay."""
    b1 = np.round(latent["b1"]).astype(np.int64)
    positive = (SUM_HIGH - b1) // INPUT_MAX
    negative = (b1 - SUM_LOW) // INPUT_MAX
    order = np.argsort(-latent["w1"], axis=0, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(64)[:, None].repeat(order.shape[1], axis=1), axis=0)
    plus = (latent["w1"] > DEAD_ZONE) & (rank < positive)
    minus = (latent["w1"] < -DEAD_ZONE) & (63 - rank < negative)
    w2 = np.clip(np.round(latent["w2"]), -W2_MAX, W2_MAX).astype(np.int64)
    return plus.astype(np.int64) - minus, b1, w2, np.round(latent["b2"]).astype(np.int64)


def interval(weights, bias, greatest):
    """Least and greatest value of each `inputs . weights + bias` over all inputs 0 ..= greatest."""
    low = bias + greatest * np.minimum(weights, 0).sum(axis=0)
    return low, bias + greatest * np.maximum(weights, 0).sum(axis=0)


def fit_logits(latent):
    """Shrinks the columns of the second layer whose logits could leave their range."""
    while True:
        _, _, w2, b2 = integers(latent)
        low, high = interval(w2, b2, HIDDEN_MAX)
        outside = (low < LOGIT_LOW) | (high > LOGIT_HIGH)
        if not outside.any():
            return
        latent["w2"][:, outside] *= 0.98
        latent["b2"][outside] *= 0.98


def describe(w1, b1, w2, b2):
    sum_low, sum_high = interval(w1, b1, INPUT_MAX)
    logit_low, logit_high = interval(w2, b2, HIDDEN_MAX)
    assert SUM_LOW <= sum_low.min() and sum_high.max() <= SUM_HIGH
    assert LOGIT_LOW <= logit_low.min() and logit_high.max() <= LOGIT_HIGH
    return {
        "input": {"size": 64, "max": INPUT_MAX, "quantiser": f"(pixel * {INPUT_MAX} + 8) / 16, rounded down"},
        "sums": {"proven": [int(sum_low.min()), int(sum_high.max())]},
        "hidden": {
            "units": HIDDEN_UNITS, "shift": SHIFT, "max": HIDDEN_MAX,
            "activation": f"clamp(sum >> {SHIFT}, 0, {HIDDEN_MAX})",
        },
        "logits": {"proven": [int(logit_low.min()), int(logit_high.max())]},
        "w1": w1.tolist(), "b1": b1.tolist(), "w2": w2.tolist(), "b2": b2.tolist(),
    }  # fmt: skip


def to_text(network):
    """JSON with one line for each field, and one for each row of a matrix."""
    lines = []
    for name, value in network.items():
        if name in ("w1", "w2"):
            rows = ",\n  ".join(json.dumps(row) for row in value)
            lines.append(f' "{name}": [\n  {rows}\n ]')
        else:
            lines.append(f' "{name}": {json.dumps(value)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    main()
