#!/usr/bin/env python3
"""Prints the parameters that Concrete chooses for lookups, as the JSON that the bench `parameters` reads.

usage: CONCRETE_PYTHON concrete_parameters.py > concrete_parameters.json

CONCRETE_PYTHON is a Python that can import Concrete. Programs: one lookup of a fresh encryption, and one of the result
of another lookup, of 1 to 8 bits, at four failure probabilities of one lookup, with 128 bits of security and every
other option at its default. Only parameters are read; nothing is run.
"""
import json
import re
import sys

import numpy
from concrete import fhe

P_ERRORS = {"1e-5": 1e-5, "2^-40": 2.0**-40, "2^-64": 2.0**-64, "2^-128": 2.0**-128}
PROGRAMS = {"fresh": lambda table: lambda x: table[x], "chained": lambda table: lambda x: table[table[x]]}


def numbers(key):
    """The integer fields of a key's parameters, which Concrete prints as `Name(field=value, ...)`."""
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)(?:,|\))", str(key))}


def row(program, width, p_error):
    table = fhe.LookupTable([(7 * value + 3) % (1 << width) for value in range(1 << width)])
    compiler = fhe.Compiler(PROGRAMS[program](table), {"x": "encrypted"})
    circuit = compiler.compile([numpy.array(value) for value in range(1 << width)], p_error=P_ERRORS[p_error])
    (bootstrap,) = circuit.statistics["programmable_bootstrap_count_per_parameter"]
    (keyswitch,) = circuit.statistics["key_switch_count_per_parameter"]
    bootstrap, keyswitch = numbers(bootstrap), numbers(keyswitch)
    return {
        "program": program,
        "width": width,
        "p_error": p_error,
        "lwe_dimension": bootstrap["input_lwe_dimension"],
        "glwe_dimension": bootstrap["glwe_dimension"],
        "polynomial_size": bootstrap["polynomial_size"],
        "bootstrap": {"base_log": bootstrap["base_log"], "level": bootstrap["level"]},
        "keyswitch": {"base_log": keyswitch["base_log"], "level": keyswitch["level"]},
    }


rows = [row(program, width, p_error) for program in PROGRAMS for width in range(1, 9) for p_error in P_ERRORS]
lines = ",\n    ".join(json.dumps(row) for row in rows)
sys.stdout.write(f'{{\n  "compiler": "Concrete 2.11.0",\n  "rows": [\n    {lines}\n  ]\n}}\n')
