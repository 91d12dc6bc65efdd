"""Compiles Python functions into programs that compute on encrypted data; see `cloakwork.fhe`."""

from . import fhe
from ._cloakwork import __version__

__all__ = ["__version__", "fhe"]
