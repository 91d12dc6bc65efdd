#!/usr/bin/env python3
"""Times encrypted predictions of this repository and of Concrete ML in turns, and prints a table of ratios.

usage: models_against_concrete_ml.py CLOAKWORK_PYTHON CONCRETE_ML_PYTHON [--runs N] [--cases NAME ...] [--agreement N]
       models_against_concrete_ml.py CLOAKWORK_PYTHON --budget accuracy=-1% [--cases NAME ...] [--agreement N] [--seconds S]

Each is a Python that can import the one or the other, and xgboost for `boosting`. For each case both sides train or
read the same model on the same data with the same seed, bits and failure probability (2^-40), compile, make keys and
predict the same held-back samples in turns, each side first every other time. Compared are the CPU seconds of one
prediction: encryption, run and decryption of one sample, after one prediction to warm up. A ratio below 1 means that
ours is faster. `--agreement N` then lets ours predict N samples, and tells how often the class is the quantised one.

With `--budget` ours chooses bits, rounding and errors by it, and Concrete ML is not run. Rows of Markdown then say the accuracy on
all held-back samples of the model on reals, quantised and simulated, and how many of the first N samples of `--agreement` (100) are
executed as they are quantised; a case stops before N after S seconds (120). Executed accuracy on all held-back samples follows from
both: that of the quantised model, and what execution won or lost on the same N samples. A row is `ok` if it is at most one point below
the model on reals, or what the budget names, and so is the simulated one; if a row is not, the exit code is 1.

`mlp` and `qat_cnn` are the files of tests/models/make_networks.py, which both sides read, with sums rounded to 6 bits,
approximately. `neighbours` is ours alone: Concrete ML finds no parameters for it.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

P_ERROR = 2**-40


def split(load, **options):
    from sklearn.model_selection import train_test_split

    X, y = load(return_X_y=True)
    return train_test_split(X.astype("float32"), y, random_state=42, **options)


def logistic(room, _):
    from sklearn.datasets import make_classification
    from sklearn.decomposition import PCA
    from sklearn.model_selection import train_test_split

    X, y = make_classification(n_samples=500, n_features=30, random_state=42)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=42)
    pca = PCA().fit(X_train)
    model = room.LogisticRegression(n_bits=8)
    return model, (pca.transform(X_train), pca.transform(X_test), y_train, y_test)


def tree(room, _):
    from sklearn.datasets import load_breast_cancer

    return room.DecisionTreeClassifier(n_bits=6, max_depth=5, random_state=42), split(load_breast_cancer, test_size=0.2)


def forest(room, _):
    from sklearn.datasets import load_breast_cancer

    model = room.RandomForestClassifier(n_bits=5, n_estimators=10, max_depth=3, random_state=42)
    return model, split(load_breast_cancer, test_size=0.2)


def boosting(room, _):
    from sklearn.datasets import load_breast_cancer

    model = room.XGBClassifier(n_bits=5, n_estimators=10, max_depth=3, random_state=42)
    return model, split(load_breast_cancer, test_size=0.2)


def neighbours(room, _):
    from sklearn.datasets import make_classification

    X, y = make_classification(n_samples=90, n_features=2, n_informative=2, n_redundant=0, random_state=3)
    return room.KNeighborsClassifier(n_neighbors=3, n_bits=2), (X[:30], X[30:], y[:30], y[30:])


def digits(shape):
    from sklearn.datasets import load_digits

    X_train, X_test, y_train, y_test = split(load_digits, test_size=0.25)
    return X_train.reshape(shape) / 16, X_test.reshape(shape) / 16, y_train, y_test


def mlp(_, ml):
    return Network(ml, "digits_mlp", False), digits((-1, 64))


def qat_cnn(_, ml):
    return Network(ml, "digits_qat_cnn", True), digits((-1, 1, 8, 8))


class Network:
    """A network of a file, with the methods of an estimator."""

    def __init__(self, ml, name, import_qat):
        self.compile_onnx_model = ml.compile_onnx_model
        self.path = pathlib.Path(__file__).parents[1] / f"models/networks/{name}.onnx"
        self.import_qat = import_qat
        self.is_peer = ml.__name__.startswith("concrete")

    def fit(self, X, y):
        import numpy

        self.classes_ = numpy.unique(y)
        self.model = for_concrete_ml(self.path) if self.is_peer else self.path

    def compile(self, X, p_error=None, budget=None):
        rounding = {"n_bits": 6, "method": "approximate"}
        wishes = {"budget": budget} if budget else {"n_bits": 6, "rounding_threshold_bits": rounding, "p_error": p_error}
        self.module = self.compile_onnx_model(self.model, X, import_qat=self.import_qat, **wishes)
        return self.module.fhe_circuit

    def predict(self, X, fhe="disable"):
        import numpy

        return numpy.argmax(self.module.forward(X, fhe=fhe), axis=1)

    def quantize_input(self, X):
        return self.module.quantize_input(X)

    def dequantize_output(self, integers):
        return self.module.dequantize_output(integers)

    def post_processing(self, scores):
        return scores


def for_concrete_ml(path):
    """The same network with the names that older releases of Brevitas gave its quantisers, the first operator set first."""
    import onnx

    model = onnx.load(str(path))
    for node in model.graph.node:
        if node.op_type == "Quant":
            node.domain = "onnx.brevitas"
    sets = [onnx.helper.make_opsetid("", 14), onnx.helper.make_opsetid("onnx.brevitas", 1)]
    del model.opset_import[:]
    model.opset_import.extend(sets)
    return model


CASES = {
    "logistic": logistic,
    "tree": tree,
    "forest": forest,
    "boosting": boosting,
    "neighbours": neighbours,
    "mlp": mlp,
    "qat_cnn": qat_cnn,
}


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def serve(side, case, budget):
    """One side in its own Python: facts as a line of JSON, then CPU seconds for each line of input."""
    import importlib

    whole = "cloakwork.ml" if side == "cloakwork" else "concrete.ml"
    networks = importlib.import_module(whole if side == "cloakwork" else f"{whole}.torch.compile")
    model, (X_train, X_test, y_train, y_test) = CASES[case](importlib.import_module(f"{whole}.sklearn"), networks)
    model.fit(X_train, y_train)
    start = cpu()
    circuit = model.compile(X_train, p_error=P_ERROR) if not budget else model.compile(X_train, budget=budget)
    compiled = cpu() - start
    quantised = model.predict(X_test)
    start = cpu()
    circuit.keygen(force=True)
    facts = {
        "accuracy": float((quantised == y_test).mean()),
        "samples": len(X_test),
        "compile": compiled,
        "keygen": cpu() - start,
        "lookups": circuit.programmable_bootstrap_count,
    }
    if budget:
        facts["float"] = float((float_labels(model, X_train, y_train, X_test) == y_test).mean())
        facts["simulated"] = float((model.predict(X_test, fhe="simulate") == y_test).mean())
    print(json.dumps(facts), flush=True)
    for line in sys.stdin:
        i = int(line)
        integers = model.quantize_input(X_test[[i]])
        start = cpu()
        question = circuit.encrypt(integers)
        answer = circuit.run(question)
        result = circuit.decrypt(answer)
        seconds = cpu() - start
        sizes = [len(value.serialize()) for value in (question, answer)]
        import numpy

        scores = model.post_processing(model.dequantize_output(numpy.asarray(result)))
        label = model.classes_[numpy.argmax(scores, axis=-1)][0] if scores.ndim > 1 else scores[0]
        facts = {"seconds": seconds, "sizes": sizes, "agrees": bool(label == quantised[i]), "right": bool(label == y_test[i])}
        print(json.dumps(facts | {"quantised_right": bool(quantised[i] == y_test[i])}), flush=True)


def float_labels(model, X_train, y_train, X_test):
    """What a model on reals says: the network of the file, or ours of that name trained on reals."""
    if isinstance(model, Network):
        return model.module._source.model.predict([X_test.astype("float64")])[0].argmax(axis=1)
    return model._float_model().fit(X_train, y_train).predict(X_test)


class Side:
    """A process that predicts when it is told to."""

    def __init__(self, name, python, case, budget=""):
        command = [python, "-W", "ignore", __file__, "--serve", name, case, budget]
        self.name = name
        # A pipe that nobody reads would stop a process that warns a lot.
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            stderr=self.errors,
            env=os.environ | {"CLOAKWORK_CACHE": "off"},
        )
        self.facts = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            self.errors.seek(0)
            raise RuntimeError(self.errors.read().strip().splitlines()[-1])
        return json.loads(line)

    def predict(self, sample):
        self.process.stdin.write(f"{sample}\n")
        self.process.stdin.flush()
        return self.answer()

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def opened(name, python, case):
    try:
        return Side(name, python, case)
    except RuntimeError as error:
        print(f"{case}: {name} cannot: {error}", flush=True)
        return None


def allowed_loss(budget):
    """The points of `accuracy=-1%` as a share; one point where it names none."""
    for part in budget.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "accuracy":
            value = value.strip()
            return abs(float(value.rstrip("%"))) / (100 if value.endswith("%") else 1)
    return 0.01


def compare(case, pythons, runs, agreement):
    sides = [side for name, python in pythons.items() if (side := opened(name, python, case))]
    answers = {side.name: [] for side in sides}
    for side in sides:
        side.predict(0)
    for turn in range(runs):
        for side in sides if turn % 2 == 0 else list(reversed(sides)):
            answers[side.name].append(side.predict(turn))
    for side in sides:
        own = answers[side.name]
        seconds = statistics.median(answer["seconds"] for answer in own)
        agreeing = sum(answer["agrees"] for answer in own)
        facts = side.facts
        print(
            f"{case:10} {side.name:9} {seconds:9.4f} s  lookups {facts['lookups']:4}  accuracy {facts['accuracy']:.4f}  "
            f"executed = quantised {agreeing}/{runs}  compile {facts['compile']:.2f} s  keys {facts['keygen']:.2f} s  "
            f"question {own[0]['sizes'][0]} B  reply {own[0]['sizes'][1]} B",
            flush=True,
        )
    if len(sides) == 2:
        pairs = zip(*(answers[side.name] for side in sides))
        ratios = sorted(ours["seconds"] / theirs["seconds"] for ours, theirs in pairs)
        reply = answers["cloakwork"][0]["sizes"][1] / answers["concrete"][0]["sizes"][1]
        print(
            f"{case:10} ratio {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}), "
            f"reply {reply:.3f}",
            flush=True,
        )
    for side in sides:
        if agreement and side.name == "cloakwork":
            agreeing = sum(side.predict(sample)["agrees"] for sample in range(agreement))
            print(f"{case:10} {side.name:9} executed = quantised {agreeing}/{agreement}", flush=True)
        side.end()


def within(case, python, arguments):
    """A row: accuracy of ours where a budget chooses bits and errors. Whether it is within the budget."""
    start = time.monotonic()
    side = Side("cloakwork", python, case, arguments.budget)
    facts = side.facts
    searched = time.monotonic() - start
    own = []
    while len(own) < min(arguments.agreement or 100, facts["samples"]) and time.monotonic() - start < searched + arguments.seconds:
        own.append(side.predict(len(own)))
    side.end()
    count = len(own)
    agreeing, right, quantised_right = (sum(answer[what] for answer in own) for what in ("agrees", "right", "quantised_right"))
    executed = facts["accuracy"] + (right - quantised_right) / count
    loss = facts["float"] - min(executed, facts["simulated"])
    # Accuracy is a number of samples; a loss of exactly the budget is within it.
    is_within = loss <= allowed_loss(arguments.budget) + 1e-9
    cells = [
        case,
        *(f"{accuracy:.4f}" for accuracy in (facts["float"], facts["accuracy"], facts["simulated"], executed)),
        f"{agreeing}/{count}",
        f"{facts['samples']}",
        f"{statistics.median(answer['seconds'] for answer in own):.4f} s",
        "ok" if is_within else f"FAILS: {100 * loss:.1f} points lost",
    ]
    print(f"| {' | '.join(cells)} |", flush=True)
    return is_within


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pythons", nargs="*", help="a Python with cloakwork, and one with Concrete ML")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--agreement", type=int, default=0, help="samples that ours predicts besides")
    parser.add_argument("--cases", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--budget", default="", help="what ours chooses bits by; Concrete ML is not run")
    parser.add_argument("--seconds", type=float, default=120, help="after which a case of a budget executes no further samples")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(*arguments.serve)
    elif len(arguments.pythons) not in ((1, 2) if arguments.budget else (2,)) or arguments.runs < 2:
        parser.error("name a Python with cloakwork and, without a budget, one with Concrete ML, and at least 2 runs")
    else:
        if arguments.budget:
            print("| model | float | quantised | simulated | executed | executed = quantised | held back | CPU | |\n|---|---|---|---|---|---|---|---|---|")
            rows = [within(case, arguments.pythons[0], arguments) for case in arguments.cases]
            sys.exit(not all(rows))
        for case in arguments.cases:
            compare(case, dict(zip(("cloakwork", "concrete"), arguments.pythons)), arguments.runs, arguments.agreement)


main()
