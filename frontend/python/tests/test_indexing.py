"""Basic indexing against NumPy."""

import numpy as np
import pytest
from checks import check, compiled

TENSORS = [np.arange(a, a + 24).reshape(2, 3, 4) % 16 for a in range(4)]


def test_indexing():
    def function(x):
        return (
            x[0],
            x[-1, 2],
            x[1, 2, 3],
            x[np.int64(1)],
            x[:, 1:],
            x[:, ::-1],
            x[..., 0],
            x[0, ..., 1:3],
            x[:, None, 0],
            x[None, ..., None],
            x[1, ::2, -2:],
            x[:, 2:0:-1, ::3],
            x[...],
        )

    check(function, TENSORS)


@pytest.mark.parametrize(
    "index, error, message",
    [
        ([0, 1], ValueError, "cannot be indexed with [0, 1]"),
        (1.5, ValueError, "cannot be indexed with 1.5"),
        (True, ValueError, "cannot be indexed with True"),
        (slice(0.5, None), ValueError, "cannot be indexed with slice(0.5, None, None)"),
        ((0, 0, 0, 0), IndexError, "it has 3 axes"),
        ((..., ...), IndexError, "single ellipsis"),
        (5, RuntimeError, "index 5; axis 0 has 2 elements"),
        (slice(2, 2), RuntimeError, "no element of axis 0"),
    ],
)
def test_refused_indices(index, error, message):
    with pytest.raises(error) as caught:
        compiled(lambda x: x[index], TENSORS)
    assert message in str(caught.value)


def test_assignment_is_refused():
    def function(x):
        x[0] = 1
        return x

    with pytest.raises(RuntimeError, match="cannot be assigned"):
        compiled(function, TENSORS)
