"""The client's wheel without the compiler, against the command: `bash frontend/python-client/test`."""

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

import cloakwork_client
from cloakwork_client import Client, PublicClient

CLOAKWORK = os.environ["CLOAKWORK"]
PROGRAM = """
func.func @main(%x: tensor<3x!fhe.eint<?>> {fhe.name = "x", fhe.range = array<i64: 0, 7>})
    -> (tensor<3x!fhe.eint<?>> {fhe.name = "y"}) {
  %0 = fhe.map %x : (tensor<3x!fhe.eint<?>>) -> tensor<3x!fhe.eint<?>> {
  ^bb0(%v: i64):
    %m = arith.muli %v, %v : i64
    fhe.yield %m : i64
  }
  return %0 : tensor<3x!fhe.eint<?>>
}
"""


def command(*arguments):
    done = subprocess.run([CLOAKWORK, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    folder = tmp_path_factory.mktemp("program")
    (folder / "net.mlir").write_text(PROGRAM)
    command("compile", folder / "net.mlir", "-o", folder / "net")
    return folder / "net"


def test_round_trip_with_the_server(program, tmp_path):
    client = Client(program)
    (tmp_path / "evaluation.key").write_bytes(client.keygen())
    client.save_keys(tmp_path / "secret.key", passphrase="correct horse")
    again = Client(Client(program).spec.to_json().encode())
    with pytest.raises(ValueError, match="encrypted under a passphrase"):
        again.load_keys(tmp_path / "secret.key")
    with pytest.raises(ValueError, match="not the right one"):
        again.load_keys(tmp_path / "secret.key", "battery staple")
    again.load_keys(tmp_path / "secret.key", "correct horse")
    assert again.keys.identity == client.keys.identity
    (tmp_path / "in.ct").write_bytes(again.encrypt([0, 3, 7]))
    files = ("--keys", tmp_path / "evaluation.key", "--input", tmp_path / "in.ct", "-o", tmp_path / "out.ct")
    command("run", "--program", program, *files)
    assert client.decrypt((tmp_path / "out.ct").read_bytes()).tolist() == [0, 9, 49]


def test_a_public_key_encrypts_for_its_owner(program, tmp_path):
    public = tmp_path / "public"
    command("compile", program.parent / "net.mlir", "-o", public, "--restrict", "public_key=on")
    owner = Client(public)
    (tmp_path / "evaluation.key").write_bytes(owner.keygen())
    other = PublicClient(public, owner.public_key())
    assert other.key.identity == owner.keys.identity
    (tmp_path / "in.ct").write_bytes(other.encrypt([1, 2, 6]))
    files = ("--keys", tmp_path / "evaluation.key", "--input", tmp_path / "in.ct", "-o", tmp_path / "out.ct")
    command("run", "--program", public, *files)
    assert owner.decrypt((tmp_path / "out.ct").read_bytes()).tolist() == [1, 4, 36]
    secret_only = Client(program)
    secret_only.keygen()
    with pytest.raises(ValueError, match="restrict public_key=on"):
        PublicClient(program, secret_only.public_key()).encrypt([1, 2, 3])


def test_mistakes(program):
    client = Client(program)
    with pytest.raises(RuntimeError, match="there are no keys"):
        client.encrypt([1, 2, 3])
    client.keygen()
    with pytest.raises(ValueError, match="argument `x` is 9 at index"):
        client.encrypt([9, 0, 0])
    with pytest.raises(ValueError, match="takes integers, found float64"):
        client.encrypt([0.5, 0, 0])
    with pytest.raises(ValueError, match="no function `other`"):
        Client(program, "other")
    with pytest.raises(ValueError, match="cut short"):
        client.decrypt(client.encrypt(np.zeros(3, np.uint8))[:100])
    with pytest.raises(ValueError, match="neither a compiled program nor a spec"):
        Client(b"text")


def test_no_compiler_is_inside():
    folder = Path(cloakwork_client.__file__).parent
    library = next(folder.glob("_client*.so")).read_bytes()
    assert len(library) < 10_000_000
    assert b"LLVM" not in library and b"mlir" not in library
