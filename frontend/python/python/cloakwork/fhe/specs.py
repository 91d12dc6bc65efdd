"""The public description of a program: all that a client needs to make keys, encrypt and decrypt."""

from __future__ import annotations

import json
from typing import Any

from .. import _cloakwork


class ClientSpecs:
    """What a client knows of a program: names, types and parameters."""

    def __init__(self, program_info: _cloakwork.Spec) -> None:
        self._spec = program_info

    @property
    def program_info(self) -> dict[str, Any] | list[dict[str, Any]]:
        """The description as plain data; a list of those of several functions."""
        return json.loads(self._spec.to_json())

    @property
    def function_names(self) -> list[str]:
        """Names of the functions."""
        return self._spec.functions()

    def serialize(self) -> bytes:
        """The description as JSON."""
        return self._spec.to_json().encode()

    @staticmethod
    def deserialize(serialized_client_specs: bytes | str) -> ClientSpecs:
        """The description that `serialize` gave."""
        data = serialized_client_specs
        return ClientSpecs(_cloakwork.Spec.from_json(data if isinstance(data, str) else bytes(data).decode()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ClientSpecs) and self._spec.to_json() == other._spec.to_json()

    def __hash__(self) -> int:
        return hash(self._spec.fingerprint)

    def _function(self, name: str | None, whose: str) -> str:
        """The name of a function, the only one if none is given."""
        names = self.function_names
        if name is None:
            if len(names) > 1:
                raise TypeError(
                    f"The {whose} contains more than one functions ({', '.join(names)}). Provide a `function_name` "
                    "keyword argument to disambiguate."
                )
            return names[0]
        if name not in names:
            raise ValueError(f"Function `{name}` is not in the module (there are {', '.join(names)})")
        return name
