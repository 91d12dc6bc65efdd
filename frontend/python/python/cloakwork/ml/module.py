"""A model on integers: quantised, compiled, run in the clear, simulated or encrypted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, TextIO

import numpy as np

from .. import _cloakwork, fhe
from ..fhe.graph import Graph
from ..fhe.progress import bar
from . import quantizers

_VERSION = 1
#: Noise of simulations is drawn anew for each batch, unless someone fixes it.
_SEEDS = np.random.SeedSequence()


class FheMode(str, Enum):
    """What `predict` computes with."""

    DISABLE = "disable"
    """The quantised integers, exactly."""
    SIMULATE = "simulate"
    """The machine code without keys, with noise as encryption would bring it."""
    EXECUTE = "execute"
    """Encrypted values."""

    @classmethod
    def of(cls, mode: FheMode | str) -> FheMode:
        """The mode of that name."""
        try:
            return cls(mode)
        except ValueError:
            names = ", ".join(f"'{known.value}'" for known in cls)
            raise ValueError(f"`fhe` is {mode!r}; allowed are {names}") from None


@dataclass(frozen=True)
class Budget:
    """What a prediction may take and lose."""

    text: str
    """Seconds on one thread and points of accuracy, or one of them: `time=2s,accuracy=-1%`."""
    truth: list[float] | None = None
    """Labels or values, one for each sample; without them accuracy is agreement with the model on reals."""
    is_score: bool = False
    """Whether a model with a single result says the second of two classes where it is positive."""

    @staticmethod
    def of(budget: Budget | str) -> Budget:
        """The budget that a text says."""
        return budget if isinstance(budget, Budget) else Budget(budget)


@dataclass(frozen=True)
class Source:
    """What a quantised model was made of."""

    model: _cloakwork.Model
    calibration: Sequence[np.ndarray]
    bits: dict[str, Any]
    #: The ONNX file that it was read from.
    onnx: bytes | None = field(default=None, repr=False)


class QuantizedModule:
    """A quantised model. `compile` makes a circuit of it; calling it predicts."""

    def __init__(
        self,
        model: _cloakwork.QuantisedModel | None,
        processing: _cloakwork.Processing,
        source: Source | None = None,
    ) -> None:
        self._model = model
        self._processing = processing
        self._source = source
        self._reply = "scores" if source is None else source.bits["reply"]
        self._compiled: _cloakwork.Circuit | None = None
        self.fhe_circuit: fhe.Circuit | None = None
        #: Elements of the last batch that were outside of what their integers stand for, and lookups that were.
        self.saturated_inputs = 0
        self.values_outside = 0
        #: What was tried within a budget, as text.
        self.search = ""

    @staticmethod
    def of(
        model: _cloakwork.Model, calibration: Sequence[np.ndarray], bits: dict[str, Any], onnx: bytes | None = None
    ) -> QuantizedModule:
        """The model with integers of so many bits; ranges come from batches of each argument."""
        batches = [np.asarray(batch, dtype=np.float64) for batch in calibration]
        quantised = model.quantise(batches, bits)
        return QuantizedModule(quantised, quantised.processing(), Source(model, batches, bits, onnx))

    @property
    def is_compiled(self) -> bool:
        """Whether there is a circuit."""
        return self._compiled is not None

    @property
    def onnx_model(self) -> Any:
        """The network as `onnx.ModelProto`, as it was read or exported."""
        if self._source is None or self._source.onnx is None:
            raise AttributeError("this model was not made of an ONNX file, or comes from a file of `dump`")
        import onnx

        return onnx.load_from_string(self._source.onnx)

    @property
    def input_quantizers(self) -> list[quantizers.Quantizer]:
        """Which integers the client encrypts for the reals of each argument."""
        return quantizers.of_inputs(self._processing)

    @property
    def output_quantizers(self) -> list[quantizers.Quantizer]:
        """Which reals the decrypted integers of each result stand for, before the last steps of the client."""
        return quantizers.of_outputs(self._processing)

    @property
    def report(self) -> str:
        """What quantisation decided; once compiled also parameters, bits, counts and times. No key is needed."""
        parts = [self.search] if self._model is None else [self.search, self._model.report()]
        if self._compiled is not None:
            parts.append(self._compiled.report())
        return "\n".join(part for part in parts if part)

    def compile(
        self,
        *inputs: np.ndarray,
        configuration: fhe.Configuration | None = None,
        p_error: float | None = None,
        global_p_error: float | None = None,
        show_mlir: bool = False,
        verbose: bool = False,
        budget: Budget | str | None = None,
        reply: str = "scores",
    ) -> fhe.Circuit:
        """Makes the circuit. Further batches of the arguments widen the ranges of values. With `reply="label"` the class
        with the greatest score is found under encryption, and only that leaves the program.

        A budget chooses bits, rounding and, where none is given, the error probability; batches then replace those that
        the ranges came from.
        """
        configuration = _configured(configuration, p_error, global_p_error, verbose)
        if self._model is None:
            raise RuntimeError("a model that was loaded has its circuit already; compile the model that it was saved from")
        self._requantise(reply, None if configuration.bounds is None else configuration.bounds.value)
        if budget is not None:
            graph = self._chosen(Budget.of(budget), inputs, configuration)
        else:
            integers = self.quantize_input(*inputs) if inputs else ()
            integers = integers if isinstance(integers, tuple) else (integers,)
            graph, self._compiled = self._model.compile(list(integers), configuration.wishes)
            self.search = ""
        assert self._compiled is not None, "compiled above"
        self.fhe_circuit = fhe.Circuit([Graph(graph)], [self._compiled], configuration)
        if show_mlir:
            print(self.fhe_circuit.mlir)
        if verbose:
            print(self.report)
        return self.fhe_circuit

    def quantize_input(self, *inputs: np.ndarray) -> Any:
        """The integers that are encrypted, for a batch of each argument."""
        batches = [np.ascontiguousarray(batch, dtype=np.float64) for batch in inputs]
        integers, self.saturated_inputs = self._processing.quantise(batches)
        return integers[0] if len(integers) == 1 else tuple(integers)

    def quantized_forward(self, *integers: np.ndarray, fhe: FheMode | str = FheMode.DISABLE) -> Any:
        """The integers that are decrypted."""
        mode = FheMode.of(fhe)
        batches = [np.ascontiguousarray(batch, dtype=np.int64) for batch in integers]
        if mode == FheMode.DISABLE and self._compiled is None:
            if self._model is None:
                raise RuntimeError("there is no model; fit or load one")
            results = self._model.evaluate(batches)
        elif mode == FheMode.DISABLE:
            results, self.values_outside = self._circuit().simulate_batch(batches)
        elif mode == FheMode.SIMULATE:
            seed = int(_SEEDS.spawn(1)[0].generate_state(1, np.uint64)[0])
            results, self.values_outside = self._circuit().simulate_batch(batches, seed)
        else:
            results = self._executed(batches)
        return results[0] if len(results) == 1 else tuple(results)

    def dequantize_output(self, *results: np.ndarray) -> Any:
        """The reals that decrypted integers stand for."""
        reals = self._processing.dequantise([np.ascontiguousarray(result, dtype=np.int64) for result in results])
        return reals[0] if len(reals) == 1 else tuple(reals)

    def forward(self, *inputs: np.ndarray, fhe: FheMode | str = FheMode.DISABLE, debug: bool = False) -> Any:
        """Predictions for a batch of each argument.

        With `debug`, in the clear only, also the reals that the integers of each layer stand for, by name of the layer:
        what to compare with the layers of the network on reals.
        """
        mode = FheMode.of(fhe)
        if debug and mode != FheMode.DISABLE:
            raise ValueError(f"`debug` shows values between layers, which fhe='{mode.value}' has not in the clear; use 'disable'")
        integers = self.quantize_input(*inputs)
        batches = integers if isinstance(integers, tuple) else (integers,)
        results = self.quantized_forward(*batches, fhe=mode)
        reals = self.dequantize_output(*(results if isinstance(results, tuple) else (results,)))
        return (reals, self._layers(batches)) if debug else reals

    __call__ = forward

    def pre_processing(self, *inputs: np.ndarray) -> Any:
        """What happens to arguments before they are quantised outside of the client's own steps: nothing."""
        return inputs[0] if len(inputs) == 1 else inputs

    def post_processing(self, *results: np.ndarray) -> Any:
        """What happens to results after they are dequantised outside of the client's own steps: nothing."""
        return results[0] if len(results) == 1 else results

    def bitwidth_and_range_report(self) -> dict[str, dict[str, Any]] | None:
        """Bits and range of the integers of each argument, layer and result; `None` before there is a circuit.

        Of a layer they are those of the calibration set, beside what it computes (`operation`), the `signal_to_noise` that
        quantisation left in decibels, and the bits that tables take where its sums are looked up (`table_bitwidth`).
        A circuit that was loaded knows its arguments and results.
        """
        if self.fhe_circuit is None:
            return None
        specs = self.fhe_circuit.client.specs._spec
        name = specs.functions()[0]
        report: dict[str, dict[str, Any]] = {
            row[0]: {"range": row[5], "bitwidth": row[3]} for row in (*specs.inputs(name), *specs.outputs(name))
        }
        for layer, operation, span, bits, signal_to_noise, table_bits in self._model.layers() if self._model else ():
            row: dict[str, Any] = {"range": span, "bitwidth": bits, "operation": operation, "signal_to_noise": signal_to_noise}
            report[layer] = row if table_bits is None else {**row, "table_bitwidth": table_bits}
        return report

    def dump(self, file: TextIO) -> None:
        """Writes what `ml.dumps` gives of the module."""
        from .storage import dump

        dump(self, file)

    def dumps(self) -> str:
        """The module as text, with its circuit."""
        compiled = self._circuit()
        return json.dumps(
            {
                "version": _VERSION,
                "reply": self.reply,
                "processing": json.loads(self._processing.to_json()),
                "program": compiled.mlir("tfhe"),
            }
        )

    @staticmethod
    def loads(text: str) -> QuantizedModule:
        """What `dumps` gave. It is ready to predict."""
        parts = json.loads(text)
        if parts.get("version") != _VERSION:
            raise ValueError(f"the model has version {parts.get('version')}, this release reads {_VERSION}; save it again")
        module = QuantizedModule(None, _cloakwork.Processing.from_json(json.dumps(parts["processing"])))
        module._reply = parts.get("reply", "scores")
        (module._compiled,) = _cloakwork.compile_text(parts["program"], "model", fhe.Configuration().wishes)
        graph = Graph(_cloakwork.OpGraph(module._compiled.name))
        module.fhe_circuit = fhe.Circuit([graph], [module._compiled], fhe.Configuration())
        return module

    @property
    def reply(self) -> str:
        """What is decrypted: `scores` or `label`."""
        return self._reply

    def _requantise(self, reply: str, bounds: str | None) -> None:
        """Quantises anew for another reply, or for other room in sums."""
        if self._source is None:
            if reply != self.reply:
                raise ValueError("this model has no scores to decide by; leave `reply` out")
            return
        if (reply, bounds) == (self._source.bits["reply"], self._source.bits["bounds"]):
            return
        self._source = replace(self._source, bits={**self._source.bits, "reply": reply, "bounds": bounds})
        self._model = self._source.model.quantise(list(self._source.calibration), self._source.bits)
        self._processing = self._model.processing()
        self._reply = reply

    def _layers(self, batches: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        if self._model is None:
            raise RuntimeError("a model that was loaded has no layers to show; use `debug` where it was compiled")
        return dict(self._model.evaluate_layers([np.ascontiguousarray(batch, dtype=np.int64) for batch in batches]))

    def _chosen(self, budget: Budget, inputs: Sequence[np.ndarray], configuration: fhe.Configuration) -> Any:
        """Takes the fastest model within a budget; returns its graph."""
        if self._source is None:
            raise ValueError("a budget cannot choose anything for this model; leave `budget` out")
        given = [np.ascontiguousarray(batch, dtype=np.float64) for batch in inputs]
        self._source = replace(self._source, calibration=given or self._source.calibration)
        self._model, graph, self._compiled, self.search = _cloakwork.compile_within_budget(
            self._source.model, self._source.calibration, self._source.bits, configuration.wishes, vars(budget)
        )
        self._processing = self._model.processing()
        return graph

    def _circuit(self) -> _cloakwork.Circuit:
        if self._compiled is None:
            raise RuntimeError("the model is not compiled; call compile(X) first, with samples of the inputs")
        return self._compiled

    def _executed(self, batches: list[np.ndarray]) -> list[np.ndarray]:
        compiled = self._circuit()
        assert self.fhe_circuit is not None, "there is one for every compiled model"
        keys = self.fhe_circuit.keys._ready()
        configuration = self.fhe_circuit.configuration
        tell = bar("Predicting: ", len(batches[0]), configuration.show_progress)
        return compiled.execute_batch(keys, batches, None, tell)


def _configured(
    configuration: fhe.Configuration | None, p_error: float | None, global_p_error: float | None, verbose: bool
) -> fhe.Configuration:
    if p_error is not None and global_p_error is not None:
        raise ValueError("`p_error` and `global_p_error` cannot both be set; leave out one of them")
    configuration = configuration or fhe.Configuration()
    changes: dict[str, Any] = {}
    if p_error is not None:
        changes["p_error"] = p_error
    if global_p_error is not None:
        changes["global_p_error"] = global_p_error
    del verbose
    return configuration.fork(**changes) if changes else configuration

