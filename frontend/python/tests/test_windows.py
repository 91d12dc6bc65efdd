"""Convolution and pooling against sums and maxima that are written down plainly."""

import itertools

import numpy as np
import pytest
from checks import assert_same, compiled
from cloakwork import fhe


def images(rank, count=2):
    shape = (1, 2, *(5, 4, 3)[:rank])
    return [np.arange(a, a + np.prod(shape)).reshape(shape) * 7 % 5 - 1 for a in range(count)]


def windows(x, kernel, strides, dilations, pads):
    """For each output its window's elements, as (position, elements with None outside)."""
    rank = len(kernel)
    ranges = []
    for axis in range(rank):
        size = x.shape[2 + axis] + pads[axis] + pads[rank + axis]
        span = dilations[axis] * (kernel[axis] - 1) + 1
        ranges.append(range((size - span) // strides[axis] + 1))
    for at in itertools.product(*ranges):
        elements = []
        for k in itertools.product(*map(range, kernel)):
            place = tuple(at[i] * strides[i] + k[i] * dilations[i] - pads[i] for i in range(rank))
            inside = all(0 <= p < size for p, size in zip(place, x.shape[2:]))
            elements.append((k, place if inside else None))
        yield at, elements


def plain_conv(x, w, strides, dilations, pads, group):
    outputs = {}
    per_group, filters = w.shape[1], w.shape[0] // group
    for at, elements in windows(x, w.shape[2:], strides, dilations, pads):
        for n, f in itertools.product(range(x.shape[0]), range(w.shape[0])):
            first = f // filters * per_group
            outputs[(n, f, *at)] = sum(
                x[(n, first + c, *place)] * w[(f, c, *k)] for k, place in elements if place for c in range(per_group)
            )
    result = np.zeros([max(position) + 1 for position in zip(*outputs)], dtype=np.int64)
    for position, value in outputs.items():
        result[position] = value
    return result


def plain_pool(x, kernel, strides, dilations, pads, combine):
    outputs = {}
    for at, elements in windows(x, kernel, strides, dilations, pads):
        for n, c in itertools.product(*map(range, x.shape[:2])):
            outputs[(n, c, *at)] = combine([x[(n, c, *place)] for _, place in elements if place])
    result = np.zeros([max(position) + 1 for position in zip(*outputs)])
    for position, value in outputs.items():
        result[position] = value
    return result


CASES = [
    (1, {}),
    (1, {"strides": (2,), "pads": (1, 2)}),
    (1, {"dilations": (2,), "group": 2}),
    (2, {"pads": (1, 0, 2, 1)}),
    (2, {"strides": (2, 1), "dilations": (1, 2), "group": 2}),
    (3, {}),
    (3, {"strides": (1, 2, 1), "pads": (1, 0, 1, 0, 1, 1)}),
    (3, {"dilations": (2, 1, 1), "group": 2}),
]


@pytest.mark.parametrize("rank, options", CASES)
def test_convolution(rank, options):
    group = options.get("group", 1)
    kernel = (2, 2, 2)[:rank]
    weights = np.arange(2 * (2 // group) * 2**rank).reshape(2, 2 // group, *kernel) % 5 - 2
    bias = np.array([3, -1])
    samples = images(rank)
    circuit = compiled(lambda x: fhe.conv(x, weights, bias, **options), samples)
    assert circuit.programmable_bootstrap_count == 0
    ones, zeros = (1,) * rank, (0,) * 2 * rank
    arguments = (options.get("strides", ones), options.get("dilations", ones), options.get("pads", zeros), group)
    for x in samples:
        expected = plain_conv(x, weights, *arguments) + bias.reshape(1, -1, *ones)
        assert_same(fhe.conv(x, weights, bias, **options), expected, "in the clear")
        assert_same(circuit.graph(x), expected, "graph")
        assert_same(circuit.simulate(x), expected, "simulated")


def test_automatic_padding():
    samples = images(2)
    weights = np.ones((1, 2, 2, 3), dtype=np.int64)

    def function(x):
        return (
            fhe.conv(x, weights, auto_pad="SAME_UPPER"),
            fhe.conv(x, weights, auto_pad="SAME_LOWER", strides=(2, 2)),
            fhe.conv(x, weights, auto_pad="VALID"),
        )

    circuit = compiled(function, samples)
    ones = (1, 1)
    expected = (
        plain_conv(samples[1], weights, ones, ones, (0, 1, 1, 1), 1),
        plain_conv(samples[1], weights, (2, 2), ones, (1, 1, 0, 0), 1),
        plain_conv(samples[1], weights, ones, ones, (0, 0, 0, 0), 1),
    )
    assert_same(circuit.simulate(samples[1]), expected, "simulated")


@pytest.mark.parametrize(
    "rank, options",
    [
        (1, {"pads": (1, 1), "strides": (2,)}),
        (2, {"pads": (1, 0, 1, 1)}),
        (2, {"strides": (2, 2), "dilations": (2, 1)}),
        (3, {"strides": (2, 2, 1)}),
    ],
)
def test_pooling(rank, options):
    kernel, ones, zeros = (2, 2, 2)[:rank], (1,) * rank, (0,) * 2 * rank
    arguments = (options.get("strides", ones), options.get("dilations", ones), options.get("pads", zeros))
    samples = images(rank)

    def function(x):
        mean = np.floor(fhe.avgpool(x, kernel, **options) + 0.01).astype(np.int64)
        return fhe.maxpool(x, kernel, **options), mean

    circuit = compiled(function, samples)
    for x in samples:
        greatest = plain_pool(x, kernel, *arguments, max).astype(np.int64)
        means = np.floor(plain_pool(x, kernel, *arguments, lambda v: sum(v) / len(v)) + 0.01).astype(np.int64)
        assert_same(function(x), (greatest, means), "in the clear")
        assert_same(circuit.graph(x), (greatest, means), "graph")
        assert_same(circuit.simulate(x), (greatest, means), "simulated")


def test_a_window_over_the_end():
    x = np.arange(9).reshape(1, 1, 3, 3)
    found = fhe.maxpool(x, (2, 2), strides=(2, 2), ceil_mode=1)
    assert np.array_equal(found, [[[[4, 5], [7, 8]]]])
    circuit = compiled(lambda x: fhe.maxpool(x, (2, 2), strides=(2, 2), ceil_mode=1), [x, 8 - x])
    assert_same(circuit.simulate(x), found, "simulated")


IMAGES = images(2)
KERNELS = np.ones((3, 2, 2, 2), dtype=np.int64)


@pytest.mark.parametrize(
    "function, error, message",
    [
        (lambda x: fhe.conv(x, KERNELS[0]), ValueError, "as many axes as the input (FCHW), but its shape is (2, 2, 2)"),
        (lambda x: fhe.conv(x, KERNELS * 1.0), ValueError, "expected weight and bias of conv to be integers"),
        (lambda x: fhe.conv(x, KERNELS, auto_pad="SAME"), ValueError, "auto_pad='SAME' of conv is not valid"),
        (lambda x: fhe.conv(x, KERNELS, kernel_shape=(3, 3)), ValueError, "differs from the weight's (2, 2)"),
        (lambda x: fhe.conv(x, KERNELS, strides=(0, 1)), ValueError, "strides=(0, 1) of conv is not valid"),
        (lambda x: fhe.conv(x, KERNELS, pads=(1, 1)), ValueError, "pads=(1, 1) of conv is not valid"),
        (lambda x: fhe.conv(x, KERNELS, group=2), ValueError, "group=2 of conv does not fit 2 channels"),
        (lambda x: fhe.conv(x, KERNELS, bias=[1, 2]), ValueError, "bias of conv to have shape (3,)"),
        (lambda x: fhe.conv(x, x), RuntimeError, "encrypted weights/biases are not supported"),
        (lambda x: fhe.conv(x[0], KERNELS[0]), ValueError, "does not fit"),
        (lambda x: fhe.maxpool(x, (9, 9)), ValueError, "spans 9; it does not fit 5 padded elements"),
        (lambda x: fhe.maxpool(x, (2, 2), storage_order=1), NotImplementedError, "storage_order=1"),
        (lambda x: fhe.maxpool(x, (2, 2), ceil_mode=2), ValueError, "ceil_mode=2"),
        (lambda x: fhe.maxpool(x, (1, 1), pads=(1, 1, 1, 1)), ValueError, "lies in the padding alone"),
        (lambda x: fhe.maxpool(x[0, 0], (2, 2)), ValueError, "3, 4 or 5 axes"),
        (lambda x: fhe.avgpool(x, None), ValueError, "kernel_shape of avgpool is missing"),
    ],
)
def test_refused(function, error, message):
    with pytest.raises(error) as caught:
        compiled(function, IMAGES)
    assert message in str(caught.value)
