"""Types of numbers, and input sets drawn from them."""

import numpy as np
import pytest
from cloakwork import fhe


def test_integers():
    assert (fhe.uint3.min(), fhe.uint3.max(), fhe.int3.min(), fhe.int3.max()) == (0, 7, -4, 3)
    assert fhe.Integer.that_can_represent(5) == fhe.uint3
    assert fhe.Integer.that_can_represent(-5, 3) == fhe.int4
    assert fhe.Integer.that_can_represent([3, np.array([-1, 9])][1]) == fhe.int5
    assert fhe.Integer.that_can_represent(3, force_signed=True) == fhe.int3
    assert fhe.Integer.that_can_represent(0) == fhe.uint1
    assert fhe.uint3.update_to_represent(-1) == fhe.int4 and fhe.int3.update_to_represent(9) == fhe.int5
    assert fhe.uint3.can_represent(7) and not fhe.uint3.can_represent(8)
    for width in range(1, 64):
        for dtype in (fhe.Integer(False, width), fhe.Integer(True, width)):
            assert fhe.Integer.that_can_represent(dtype.min(), dtype.max()) == dtype
    with pytest.raises(ValueError, match="cannot represent"):
        fhe.Integer.that_can_represent("a")


def test_input_sets():
    samples = fhe.inputset(
        fhe.uint3, fhe.tensor[fhe.int4, 2, 3], lambda i: i, fhe.f32, fhe.EncryptedScalar(fhe.uint2), size=50
    )
    assert len(samples) == 50
    assert {x for x, *_ in samples} <= set(range(8)) and [i for _, _, i, *_ in samples] == list(range(50))
    assert all(t.shape == (2, 3) and -8 <= t.min() <= t.max() < 8 for _, t, *_ in samples)
    assert all(0 <= real < 1 and 0 <= two < 4 for *_, real, two in samples)
    assert len(fhe.inputset(fhe.uint3)) == 100
    with pytest.raises(ValueError, match="is not a type of inputs"):
        fhe.inputset("uint3")


def test_notation_of_tensors():
    assert (
        str(fhe.tensor[fhe.uint4, 3, 2]) == "tensor[uint4, 3, 2]"
        and str(fhe.tensor[fhe.f32, 3]) == "tensor[float32, 3]"
    )
    for wrong, message in [
        ((int, 3), "fhe data type"),
        (fhe.uint4, "should have a shape"),
        ((fhe.uint4, "a"), "must be 'int'"),
    ]:
        with pytest.raises(ValueError, match=message):
            fhe.tensor[wrong]
