"""How many bits integers have, by what they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: The fewest bits of arguments and results of a model whose bits are one number.
_ENDS = 5
_ALLOWED = range(1, 17)


@dataclass(frozen=True)
class Bits:
    """Bits of arguments and results of the model, of values between its layers, and of weights."""

    model_inputs: int
    op_inputs: int
    op_weights: int
    model_outputs: int

    @staticmethod
    def of(n_bits: int | dict[str, int], names: tuple[str, ...]) -> Bits:
        """What `n_bits` says: a number for all, or a dictionary with names such as `op_inputs`."""
        given: Any = n_bits
        if isinstance(given, dict):
            unknown = sorted(set(given) - set(names))
            if unknown or "op_inputs" not in given:
                allowed = ", ".join(f"`{name}`" for name in names)
                found = ", ".join(f"`{name}`" for name in given) or "nothing"
                raise ValueError(f"`n_bits` has {found}; allowed are {allowed}, of which `op_inputs` is needed")
            inputs = _checked(given["op_inputs"])
            # Leaves are the weights of trees.
            weights = _checked(given.get("op_leaves", given.get("op_weights", inputs)))
            if "op_leaves" in given and weights > inputs:
                raise ValueError(f"`op_leaves` is {weights}, more than `op_inputs`, {inputs}; give leaves at most as many bits")
            ends = (_checked(given.get("model_inputs", inputs)), _checked(given.get("model_outputs", inputs)))
            return Bits(ends[0], inputs, weights, ends[1])
        bits = _checked(given)
        ends_of_all = max(bits, _ENDS)
        return Bits(ends_of_all, bits, bits, ends_of_all)

    def wishes(self, rounding: tuple[int, bool] | None = None, reply: str = "scores") -> dict[str, Any]:
        """By name, for the compiler; `rounding` are the bits that tables take and whether noise may move them a step,
        `reply` is "scores" or "label", which is then decided under encryption."""
        return {**vars(self), "rounding": rounding, "reply": reply, "bounds": None}


def _checked(bits: Any) -> int:
    if isinstance(bits, bool) or not isinstance(bits, int) and not hasattr(bits, "__index__"):
        raise TypeError(f"`n_bits` is {bits!r}; it is an integer or a dictionary of integers")
    if int(bits) not in _ALLOWED:
        raise ValueError(f"`n_bits` is {bits}; allowed are {_ALLOWED.start} to {_ALLOWED.stop - 1}; try 4 to 8")
    return int(bits)
