"""The perceptron of `NeuralNetClassifier` and `NeuralNetRegressor`: a torch module of Brevitas' layers."""

from __future__ import annotations

from typing import Any

import brevitas.nn as brevitas
import torch
from brevitas.quant import (
    Int8ActPerTensorFixedPoint,
    Int8ActPerTensorFloat,
    Int8WeightPerTensorFixedPoint,
    Int8WeightPerTensorFloat,
)
from skorch.callbacks import Callback
from torch import nn


class Perceptron(nn.Module):
    """`n_layers` linear layers with `n_hidden_neurons_multiplier` neurons for each feature between them."""

    def __init__(
        self,
        input_dim: int,
        n_outputs: int,
        n_layers: int,
        n_w_bits: int = 4,
        n_a_bits: int = 4,
        n_accum_bits: int = 32,
        n_hidden_neurons_multiplier: float = 4,
        activation_function: Any = nn.ReLU,
        quant_narrow: bool = False,
        quant_signed: bool = True,
        power_of_two_scaling: bool = True,
        hidden: list[int] | None = None,
    ) -> None:
        for name, value, least in (("n_layers", n_layers, 1), ("n_w_bits", n_w_bits, 1), ("n_a_bits", n_a_bits, 1)):
            if not isinstance(value, int) or value < least:
                raise ValueError(f"`module__{name}` is {value!r}; it is an integer of at least {least}")
        super().__init__()
        neurons = hidden or [max(1, int(input_dim * n_hidden_neurons_multiplier))] * (n_layers - 1)
        self.input_dim, self.hidden = input_dim, neurons
        self.options: dict[str, Any] = {
            "input_dim": input_dim,
            "n_outputs": n_outputs,
            "n_layers": n_layers,
            "n_w_bits": n_w_bits,
            "n_a_bits": n_a_bits,
            "n_accum_bits": n_accum_bits,
            "activation_function": activation_function,
            "quant_narrow": quant_narrow,
            "quant_signed": quant_signed,
            "power_of_two_scaling": power_of_two_scaling,
        }
        # Scales that are powers of two, and those that are any.
        values, weights = (
            (Int8ActPerTensorFixedPoint, Int8WeightPerTensorFixedPoint)
            if power_of_two_scaling
            else (Int8ActPerTensorFloat, Int8WeightPerTensorFloat)
        )
        sizes = [input_dim, *neurons, n_outputs]
        self.quantisers, self.linear, self.functions = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        for number, (before, after) in enumerate(zip(sizes, sizes[1:])):
            # What a function makes has the signs that the function makes.
            signed = quant_signed if number == 0 else not _is_positive(activation_function)
            self.quantisers.append(
                brevitas.QuantIdentity(
                    act_quant=values, bit_width=n_a_bits, signed=signed, narrow_range=quant_narrow, return_quant_tensor=True
                )
            )
            self.linear.append(
                brevitas.QuantLinear(
                    before, after, bias=True, weight_quant=weights, weight_bit_width=n_w_bits, weight_narrow_range=quant_narrow
                )
            )
            if number + 2 < len(sizes):
                self.functions.append(activation_function())

    def forward(self, x: Any) -> Any:
        for number, (quantiser, linear) in enumerate(zip(self.quantisers, self.linear)):
            x = linear(quantiser(x))
            if number < len(self.functions):
                x = self.functions[number](x)
        return x

    def without(self, share: float) -> Perceptron:
        """The same network without that share of the neurons of each hidden layer: those with the least weights."""
        if share == 0:
            return self
        kept = []
        for linear in list(self.linear)[:-1]:
            count = max(1, round(linear.out_features * (1 - share)))
            kept.append(linear.weight.detach().abs().sum(dim=1).topk(count).indices.sort().values)
        smaller = Perceptron(**self.options, hidden=[len(rows) for rows in kept])
        columns = torch.arange(self.input_dim)
        for old, new, rows in zip(self.linear, smaller.linear, [*kept, torch.arange(self.options["n_outputs"])]):
            new.weight.data = old.weight.detach()[rows][:, columns].clone()
            new.bias.data = old.bias.detach()[rows].clone()
            columns = rows
        return smaller

    def most_weights(self) -> int | None:
        """How many weights a neuron may have so that its sum keeps to the bits of accumulators; `None` for any number."""
        greatest = ((1 << self.options["n_w_bits"]) - 1) * ((1 << self.options["n_a_bits"]) - 1)
        most = ((1 << self.options["n_accum_bits"]) - 1) // greatest
        if most == 0:
            raise ValueError(f"`module__n_accum_bits` is {self.options['n_accum_bits']}, too few for one product; allow more")
        return None if most >= max(linear.in_features for linear in self.linear) else most

    def on_reals(self) -> Any:
        """A network of the same shape on reals."""
        layers: list[Any] = []
        sizes = [self.input_dim, *self.hidden, self.options["n_outputs"]]
        for before, after in zip(sizes, sizes[1:]):
            layers += [nn.Linear(before, after), self.options["activation_function"]()]
        network: Any = nn.Sequential(*layers[:-1])
        network.most_weights = lambda: None
        return network


class KeepGreatest(Callback):
    """Keeps so many weights of each neuron, the greatest, and sets the others to zero after each step."""

    def __init__(self, count: int) -> None:
        self.count = count

    def on_batch_end(self, net: Any, **_: Any) -> None:
        """Clears the least weights."""
        with torch.no_grad():
            for linear in net.module_.linear:
                if linear.in_features > self.count:
                    least = linear.weight.abs().topk(linear.in_features - self.count, dim=1, largest=False).indices
                    linear.weight.scatter_(1, least, 0.0)


def _is_positive(function: Any) -> bool:
    """Whether a function has no negative values, seen at some points."""
    return bool((function()(torch.linspace(-8, 8, 65)) >= 0).all())
