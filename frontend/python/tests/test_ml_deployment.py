"""Models in files and at a service: what comes back is what the estimator says."""

import json
import os
import signal
import subprocess
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris, make_regression

from cloakwork.ml.deployment import Client, FHEModelClient, FHEModelDev, FHEModelServer
from cloakwork.ml.sklearn import DecisionTreeClassifier, LinearRegression, LogisticRegression

SERVE = Path(__file__).parents[3] / "target" / "release" / "cloakwork-serve"


def data():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def logistic():
    X, y = data()
    model = LogisticRegression(n_bits=8).fit(X, y)
    model.compile(X)
    return model


@pytest.fixture(scope="module")
def tree():
    X, y = data()
    model = DecisionTreeClassifier(n_bits=3, max_depth=2, random_state=0).fit(X, y)
    model.compile(X)
    return model


@pytest.fixture(scope="module")
def service(tmp_path_factory, logistic, tree):
    folder = tmp_path_factory.mktemp("models")
    FHEModelDev(folder, logistic).save_for_service(folder, "logistic")
    FHEModelDev(folder, tree).save_for_service(folder, "tree")
    tokens = folder / ".tokens"
    token = subprocess.run([SERVE, "token", "alice", "--tokens", tokens], check=True, capture_output=True, text=True)
    arguments = [SERVE, "run", folder, "--listen", "127.0.0.1:0", "--tokens", tokens]
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    url = process.stdout.readline().strip()
    yield url, token.stdout.strip()
    process.send_signal(signal.SIGTERM)
    log = process.stderr.read()
    assert process.wait() == 0
    lines = [json.loads(line) for line in log.splitlines()]
    assert any(line["message"] == "ended" for line in lines)
    assert token.stdout.strip() not in log


def test_files_for_a_client_and_a_server(tmp_path, logistic):
    X, _ = data()
    place, keys = tmp_path / "model", tmp_path / "keys"
    FHEModelDev(place, logistic).save()
    assert sorted(os.listdir(place)) == ["client.zip", "server.zip"]
    client, server = FHEModelClient(place, key_dir=keys), FHEModelServer(place)
    client.generate_private_and_evaluation_keys()
    evaluation_keys = client.get_serialized_evaluation_keys()
    expected = logistic.predict_proba(X)
    for i in range(0, 150, 30):
        question = client.quantize_encrypt_serialize(X[[i]])
        answer = server.run(question, evaluation_keys)
        assert isinstance(question, bytes) and isinstance(answer, bytes)
        assert np.allclose(client.deserialize_decrypt_dequantize(answer), expected[[i]])
        integers = client.deserialize_decrypt(answer)
        assert (integers == logistic.quantized_module_.quantized_forward(logistic.quantize_input(X[[i]]))).all()
    # Another client of the same folder finds the keys.
    again = FHEModelClient(place, key_dir=keys)
    assert np.allclose(again.deserialize_decrypt_dequantize(answer), expected[[120]])
    assert (keys / os.listdir(keys)[0]).stat().st_mode & 0o777 == 0o600


def test_trees_and_numbers(tmp_path, tree):
    X, _ = data()
    FHEModelDev(tmp_path / "tree", tree).save()
    client, server = FHEModelClient(tmp_path / "tree"), FHEModelServer(tmp_path / "tree")
    answer = server.run(client.quantize_encrypt_serialize(X[[70]]), client.get_serialized_evaluation_keys())
    assert np.allclose(client.deserialize_decrypt_dequantize(answer), tree.predict_proba(X[[70]]))

    X, y = make_regression(n_samples=60, n_features=5, random_state=0)
    model = LinearRegression(n_bits=10).fit(X, y)
    model.compile(X)
    FHEModelDev(tmp_path / "line", model).save()
    client, server = FHEModelClient(tmp_path / "line"), FHEModelServer(tmp_path / "line")
    answer = server.run(client.quantize_encrypt_serialize(X[[3]]), client.get_serialized_evaluation_keys())
    assert np.allclose(client.deserialize_decrypt_dequantize(answer), model.predict(X[[3]]))


def test_what_cannot_be_saved_or_read(tmp_path, logistic):
    X, y = data()
    with pytest.raises(RuntimeError, match="not compiled"):
        FHEModelDev(tmp_path / "none", LogisticRegression().fit(X, y)).save()
    assert not (tmp_path / "none").exists()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(ValueError, match="is not empty"):
        FHEModelDev(tmp_path / "full", logistic).save()
    with pytest.raises(NotImplementedError, match="training"):
        FHEModelDev(tmp_path / "other", logistic).save(mode="training")
    FHEModelDev(tmp_path / "good", logistic).save()
    client = FHEModelClient(tmp_path / "good")
    with pytest.raises(ValueError, match="found 2 samples"):
        client.quantize_encrypt_serialize(X[:2])
    with pytest.raises(ValueError):
        FHEModelServer(tmp_path / "good").run(b"nonsense", client.get_serialized_evaluation_keys())


def test_a_line_predicts_at_a_service(service, logistic, tmp_path):
    url, token = service
    X, y = data()
    scores = Client.predict(f"{url}/v1/models/logistic", X[::10], token=token)
    assert (scores.argmax(axis=1) == logistic.predict(X[::10])).all()
    client = Client(f"{url}/v1/models/logistic", token=token, key_dir=tmp_path)
    assert np.allclose(client.predict(X[::30]), scores[::3])
    assert len(os.listdir(tmp_path)) == 1


def test_a_deployed_estimator_predicts_at_a_service(service, tree, tmp_path):
    url, token = service
    X, _ = data()
    FHEModelDev(tmp_path, tree).save()
    client = FHEModelClient(tmp_path)
    found = client.predict(f"{url}/v1/models/tree", X[::40], token=token)
    assert np.allclose(found, tree.predict_proba(X[::40]))
    with pytest.raises(ValueError, match="has key set"):
        client.predict(f"{url}/v1/models/logistic", X[:1], token=token)


def test_what_a_service_refuses(service, logistic):
    url, token = service
    X, _ = data()
    with pytest.raises(PermissionError, match="401"):
        Client(url)
    with pytest.raises(PermissionError):
        Client(url, token=token + "0")
    with pytest.raises(ValueError, match="name a model: the service has not just one; there are logistic, tree"):
        Client(url, token=token)
    with pytest.raises(ValueError, match="has no model `none`"):
        Client(f"{url}/v1/models/none", token=token)
    with pytest.raises(ConnectionError):
        Client("http://127.0.0.1:9")
    with pytest.raises(ValueError, match="is no address of a service"):
        Client("127.0.0.1:9")
    with pytest.raises(ValueError, match="pass all features"):
        Client.predict(f"{url}/v1/models/logistic", X[:, :3], token=token)


def test_the_description_is_served(service):
    url, _ = service
    with urllib.request.urlopen(f"{url}/v1/openapi.json") as answer:
        document = json.load(answer)
    assert document["openapi"] == "3.1.0"
    assert "/v1/models/{model}/predict" in document["paths"]
