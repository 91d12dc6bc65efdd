"""Models that leave the process: files for a client and a server, and models at a service.

`FHEModelDev` writes a folder, of which `FHEModelServer` needs `server.zip` and `FHEModelClient` needs `client.zip`. What it
writes with `save_for_service` is for `cloakwork serve`; `Client` predicts there. Neither keys nor data are in any of
these files, and a client needs no program.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from .. import _cloakwork, fhe
from . import storage
from .module import QuantizedModule

_CLIENT = "client.zip"
_SERVER = "server.zip"
_SPECS = "client.specs.json"
_MODEL = "model.json"


class FHEModelDev:
    """Writes a compiled model for others."""

    def __init__(self, path_dir: str | Path, model: Any) -> None:
        self.path_dir = Path(path_dir)
        self.model = model

    def save(self, mode: str = "inference", via_mlir: bool = True) -> None:
        """Writes `client.zip` and `server.zip` into the folder, which must be empty or not there.

        `via_mlir` makes no difference: the files are always portable.
        """
        if mode != "inference":
            raise NotImplementedError(f"mode '{mode}' is not there; models are deployed for 'inference'")
        del via_mlir
        parts, module = storage.described(self.model), _module_of(self.model)
        if self.path_dir.exists() and any(self.path_dir.iterdir()):
            raise ValueError(f"`{self.path_dir}` is not empty; name a new folder, so that no files of two models are mixed")
        circuit = module.fhe_circuit
        assert circuit is not None, "a described model is compiled"
        self.path_dir.mkdir(parents=True, exist_ok=True)
        parts["processing"] = json.loads(module._processing.to_json())
        with zipfile.ZipFile(self.path_dir / _CLIENT, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_SPECS, circuit.client.specs.serialize())
            archive.writestr(_MODEL, json.dumps(parts))
        circuit.server.save(self.path_dir / _SERVER)

    def save_for_service(self, folder: str | Path, name: str) -> Path:
        """Writes `NAME.cloakwork` into a folder of `cloakwork serve`, for processors like this one."""
        path = Path(folder) / f"{name}.cloakwork"
        _module_of(self.model)._circuit().save(path, {})
        return path


class FHEModelClient:
    """Quantises, encrypts, decrypts and dequantises for one model."""

    def __init__(self, path_dir: str | Path, key_dir: str | Path | None = None) -> None:
        self.path_dir = Path(path_dir)
        self.key_dir = None if key_dir is None else Path(key_dir)
        self.load()

    def load(self) -> None:
        """Reads `client.zip` again."""
        with zipfile.ZipFile(self.path_dir / _CLIENT) as archive:
            specs = fhe.ClientSpecs.deserialize(archive.read(_SPECS))
            parts = json.loads(archive.read(_MODEL))
        processing = _cloakwork.Processing.from_json(json.dumps(parts["processing"]))
        #: What was saved, without its circuit.
        self.model = storage.restored(parts, lambda: QuantizedModule(None, processing))
        self.client = fhe.Client(specs)

    def generate_private_and_evaluation_keys(self, force: bool = False) -> None:
        """Makes keys unless there are some; in `key_dir` they are kept in a file that only its owner may read."""
        if self.key_dir is None:
            self.client.keygen(force)
            return
        path = self.key_dir / f"{self.client.specs._spec.fingerprint}.keys"
        if path.exists() and not force:
            self.client.keys.load(path)
            return
        self.key_dir.mkdir(parents=True, exist_ok=True)
        self.client.keygen(force)
        self.client.keys.serialize_to_file(path)

    def get_serialized_evaluation_keys(self, include_tfhers_key: bool = False) -> bytes:
        """The half of the keys for the server; made now if there are none."""
        if include_tfhers_key:
            raise NotImplementedError("keys of another library cannot be part of the keys; leave it out")
        self._ready()
        return self.client.evaluation_keys.serialize()

    def quantize_encrypt_serialize(self, *x: np.ndarray) -> Any:
        """One sample as bytes for the server; a tuple for models of several arguments."""
        self._ready()
        for batch in x:
            if len(batch) != 1:
                raise ValueError(f"found {len(batch)} samples; encrypt them one by one, each as a batch of one")
        integers = _module_of(self.model).quantize_input(*x)
        integers = integers if isinstance(integers, tuple) else (integers,)
        # A circuit is for one sample; its arguments have the axis of samples or not, as the model's have.
        rows = self.client.specs._spec.inputs(self.client.specs.function_names[0])
        encrypted = self.client.encrypt(*(batch.reshape(row[1]) for batch, row in zip(integers, rows)))
        return _each(encrypted, lambda value: value.serialize())

    def deserialize_decrypt(self, *serialized_results: Any) -> Any:
        """The integers of the server's answer."""
        self._ready()
        values = [fhe.Value.deserialize(data) for data in _flat(serialized_results)]
        results = self.client.decrypt(*values)
        return _each(results, lambda result: np.asarray(result).reshape(1, -1))

    def deserialize_decrypt_dequantize(self, *serialized_results: Any) -> Any:
        """The predictions of a regressor or a network, the probabilities of a classifier."""
        results = self.deserialize_decrypt(*serialized_results)
        results = results if isinstance(results, tuple) else (results,)
        module = _module_of(self.model)
        rows = self.client.specs._spec.outputs(self.client.specs.function_names[0])
        shaped = (result.reshape((1, *row[1][1:]) if row[1] else (1,)) for result, row in zip(results, rows))
        return self.model.post_processing(module.dequantize_output(*shaped))

    def predict(
        self, url: str, *x: np.ndarray, token: str | None = None, root_certificates: str | Path | None = None
    ) -> Any:
        """What `deserialize_decrypt_dequantize` gives, for all samples of batches, from a service that has this model."""
        remote = _cloakwork.Remote(url, token, root_certificates)
        found, expected = remote.spec().fingerprint, self.client.specs._spec.fingerprint
        if found != expected:
            raise ValueError(
                f"the model at {url} has key set {found}, the one in `{self.path_dir}` {expected}; serve the program that "
                "`FHEModelDev.save_for_service` wrote for it"
            )
        self._ready()
        module, (name,) = _module_of(self.model), self.client.specs.function_names
        integers = module.quantize_input(*x)
        uploaded = remote.upload(self.client.evaluation_keys.server_keyset)
        batches = list(integers) if isinstance(integers, tuple) else [integers]
        results = remote.call(name, self.client.keys._ready(), uploaded, batches)
        return self.model.post_processing(module.dequantize_output(*results))

    def _ready(self) -> None:
        if not self.client.keys.are_generated:
            self.generate_private_and_evaluation_keys()


class FHEModelServer:
    """Runs a model on encrypted values. It never sees a secret key."""

    def __init__(self, path_dir: str | Path) -> None:
        self.path_dir = Path(path_dir)
        self.load()

    def load(self) -> None:
        """Reads `server.zip` again, and compiles it for this processor."""
        self.server = fhe.Server.load(self.path_dir / _SERVER)

    def run(self, serialized_encrypted_quantized_data: Any, serialized_evaluation_keys: bytes) -> Any:
        """Encrypted results for what `quantize_encrypt_serialize` gave: bytes, or a tuple of several."""
        values = [fhe.Value.deserialize(data) for data in _flat((serialized_encrypted_quantized_data,))]
        keys = fhe.EvaluationKeys.deserialize(serialized_evaluation_keys)
        return _each(self.server.run(*values, evaluation_keys=keys), lambda value: value.serialize())


class _Predict:
    """`Client.predict(url, X)` in a line, `client.predict(X)` for many."""

    def __get__(self, client: Client | None, kind: type[Client]) -> Any:
        return kind._predict_once if client is None else client._predict


class Client:
    """A model at a service: `Client.predict(url, X)`, or `Client(url).predict(X)` again and again.

    `url` names the service or, where it has several models, one of them: `https://host:8443/v1/models/NAME`. Keys are made
    for this object and uploaded once; with `key_dir` they are kept in a file, for later ones.
    """

    predict = _Predict()

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        key_dir: str | Path | None = None,
        root_certificates: str | Path | None = None,
        function_name: str | None = None,
    ) -> None:
        self._remote = _cloakwork.Remote(url, token, root_certificates)
        self.specs = fhe.ClientSpecs(self._remote.spec())
        self.function_name = self.specs._function(function_name, "model")
        self.keys = fhe.Keys(self.specs)
        self._processing = self._remote.processing(self.function_name)
        self._key_dir = None if key_dir is None else Path(key_dir)
        self._uploaded: str | None = None

    def upload_keys(self) -> None:
        """Makes keys if there are none, and uploads them if the service does not have them."""
        if not self.keys.are_generated and self._key_dir is not None:
            self._key_dir.mkdir(parents=True, exist_ok=True)
            self.keys.load_if_exists_generate_and_save_otherwise(self._key_dir / f"{self.keys.fingerprint}.keys")
        self._uploaded = self._remote.upload(self.keys.evaluation.server_keyset)

    def _predict(self, *X: np.ndarray) -> Any:
        """What the model says about each sample: scores of classes, or numbers.

        A model of `FHEModelDev` is predicted by `FHEModelClient.predict` to the probabilities of its estimator.
        """
        if self._processing is None:
            raise TypeError(f"`{self._remote.model}` is a program on integers, not a model on reals; use `call`")
        integers, _ = self._processing.quantise([np.ascontiguousarray(batch, dtype=np.float64) for batch in X])
        results = self._processing.dequantise(self._called(integers))
        return results[0] if len(results) == 1 else tuple(results)

    def call(self, *batches: np.ndarray) -> Any:
        """Integers for batches of integers, whose first axis is that of the calls."""
        results = self._called([np.ascontiguousarray(batch, dtype=np.int64) for batch in batches])
        return results[0] if len(results) == 1 else tuple(results)

    def _called(self, batches: list[np.ndarray]) -> list[np.ndarray]:
        if self._uploaded is None:
            self.upload_keys()
        assert self._uploaded is not None, "uploaded in the line above"
        return self._remote.call(self.function_name, self.keys._ready(), self._uploaded, batches)

    @classmethod
    def _predict_once(cls, url: str, *X: np.ndarray, **how: Any) -> Any:
        """`Client(url, **how).predict(*X)`"""
        return cls(url, **how).predict(*X)


def _module_of(model: Any) -> QuantizedModule:
    return model if isinstance(model, QuantizedModule) else model.quantized_module_


def _flat(values: Any) -> list[Any]:
    """Values that may be given one by one or as a tuple or list."""
    return [one for value in values for one in (value if isinstance(value, (tuple, list)) else (value,))]


def _each(values: Any, change: Any) -> Any:
    """Of one, or of each of a tuple."""
    return tuple(change(value) for value in values) if isinstance(values, tuple) else change(values)
