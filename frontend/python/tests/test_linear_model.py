"""The first program of the guide, as it stands."""

import subprocess
import sys
from pathlib import Path

EXPECTED = """\
4
8
%0 = x                  # EncryptedTensor<uint2, shape=(1,)>        ∈ [0, 3]
%1 = [2]                # ClearTensor<uint2, shape=(1,)>            ∈ [2, 2]
%2 = dot(%1, %0)        # EncryptedScalar<uint3>                    ∈ [0, 6]
%3 = 2                  # ClearScalar<uint2>                        ∈ [2, 2]
%4 = add(%2, %3)        # EncryptedScalar<uint4>                    ∈ [2, 8]
return %4
"""


def test_linear_model():
    program = Path(__file__).with_name("linear_model.py")
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert done.stdout == EXPECTED
