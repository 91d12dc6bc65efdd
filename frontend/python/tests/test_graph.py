"""Graphs: their nodes, filters, text and drawings; direct circuits; artifacts; sections; figures."""

import re
import warnings
import xml.etree.ElementTree as xml

import numpy as np
import pytest
from cloakwork import fhe


def function(x, y):
    with fhe.tag("a"):
        z = x * 2
        with fhe.tag("b"):
            w = z**2 % 7
    with fhe.tag("c"):
        return w + y, np.sin(w).astype(np.int64)


@pytest.fixture(scope="module")
def circuit():
    compiler = fhe.Compiler(function, {"x": "encrypted", "y": "clear"})
    return compiler.compile([(x, y) for x in range(4) for y in (1, 9)], p_error=1e-9)


def names(nodes):
    return [node.name for node in nodes]


def test_queries(circuit):
    graph = circuit.graph
    assert names(graph.query_nodes(tag_filter="a")) == ["constant", "multiply"]
    assert names(graph.query_nodes(tag_filter=["a", "a.b"], operation_filter="multiply")) == ["multiply"]
    assert "remainder" in names(graph.query_nodes(tag_filter=re.compile(r"a\.")))
    assert names(graph.query_nodes(operation_filter="input", is_encrypted_filter=False)) == ["input"]
    assert names(graph.query_nodes(custom_filter=lambda node: node.bounds == (0, 6))) == ["multiply"]
    assert graph.maximum_integer_bit_width(tag_filter="a") == 3 and graph.integer_range(tag_filter="a") == (0, 6)
    assert graph.maximum_integer_bit_width(tag_filter="none") == -1 and graph.integer_range(tag_filter="no") is None
    assert graph.maximum_integer_bit_width(operation_filter="add", assigned_bit_width=True) >= 4
    assert [str(node.output) for node in graph.ordered_inputs()] == ["EncryptedScalar<uint2>", "ClearScalar<uint4>"]
    [multiply] = graph.query_nodes(operation_filter="multiply")
    assert [node.name for node in graph.ordered_preds_of(multiply)] == ["input", "constant"]
    assert multiply.label() == "multiply(□, □)" and multiply.format(["a", "b"]) == "multiply(a, b)"
    assert multiply.operation == fhe.Operation.Generic and multiply.properties == {"name": "multiply"}
    assert not multiply.converted_to_table_lookup and multiply.is_fusable and "test_graph.py:" in multiply.location
    assert len(graph.ordered_outputs()) == graph.outputs_count == 2


def test_measured_bounds(circuit):
    graph = circuit.graph
    bounds = graph.measure_bounds([(1, 5), (2, 6)])
    [multiply] = graph.query_nodes(operation_filter="multiply")
    assert bounds[multiply] == (2, 4) and graph.integer_range(operation_filter="multiply") == (0, 6)
    with pytest.raises(RuntimeError, match="come from its input set"):
        graph.update_with_bounds(bounds)
    with pytest.raises(RuntimeError, match="use `simulate`"):
        graph(1, 2, p_error=0.1)


def test_text(circuit):
    graph = circuit.graph
    text = graph.format(show_types=False, show_bounds=False, show_tags=False)
    assert text.splitlines()[0] == " %0 = x" or text.splitlines()[0] == "%0 = x"
    assert "#" not in text and "@" not in text
    assert "@ a.b" in graph.format() and "@" not in graph.format(show_tags=False)
    [multiply] = graph.query_nodes(operation_filter="multiply")
    marked = graph.format(highlighted_nodes={multiply: ["first", "second"]}, highlighted_result=["result"])
    lines = marked.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("^"))
    length = len(lines[at - 1])
    assert lines[at] == "^" * length + " first" and lines[at + 1] == " " * length + " second"
    assert "test_graph.py:" in lines[at + 2] and lines[-1] == "^" * len(lines[-2]) + " result"
    long = fhe.Compiler(lambda x: x + np.arange(30), {"x": "encrypted"}).trace([np.arange(30)])
    assert "[0 1 2 3 4 ...  26 27 28 29]" not in long.format() and "... " in long.format()
    assert str(np.arange(30).tolist())[1:-1].replace(",", "") in long.format(maximum_constant_length=1000)


def test_widths(circuit):
    graph = circuit.graph
    assert f"{graph.name}.max = " in graph.format_bit_width_assignments()
    assert ">= 3" in graph.format_bit_width_constraints() and " == function.%0" in graph.format_bit_width_constraints()
    # A sum has the width of the wider operand.
    narrow = fhe.Compiler(lambda x: (x + 1, x + 20), {"x": "encrypted"}).compile(range(4)).graph
    assert "%2 = add(%0, %1)        # EncryptedScalar<uint3>" in narrow.format()
    assert "%2 = add(%0, %1)        # EncryptedScalar<uint5>" in narrow.format(show_assigned_bit_widths=True)


def test_drawings(circuit, tmp_path):
    path = circuit.draw(save_to=tmp_path / "graph.svg")
    root = xml.parse(path).getroot()
    assert root.tag.endswith("svg") and len(root.findall(".//{*}g")) == len(circuit.graph.nodes)
    wide, high = (
        xml.parse(circuit.graph.draw(horizontal=horizontal, save_to=tmp_path / "g")).getroot()
        for horizontal in (True, False)
    )
    assert float(wide.get("width")) > float(high.get("width")) and (tmp_path / "g.svg").exists()
    temporary = circuit.function.draw()
    assert temporary.suffix == ".svg"
    temporary.unlink()


def test_statistics(circuit):
    assert circuit.programmable_bootstrap_count_per_tag["a"] == circuit.programmable_bootstrap_count_per_tag["a.b"] == 1
    total = circuit.statistics["programmable_bootstrap_count"]
    assert total == sum(circuit.programmable_bootstrap_count_per_parameter.values()) >= 1
    [key] = circuit.programmable_bootstrap_count_per_parameter
    assert key.polynomial_size >= 256 and key.level >= 1
    assert circuit.clear_addition_count == 1 and circuit.clear_addition_count_per_tag == {"c": 1}
    assert circuit.clear_multiplication_count_per_tag_per_parameter["a"]
    assert circuit.packing_key_switch_count == 0 and circuit.encrypted_negation_count == 0
    assert circuit.size_of_secret_keys < circuit.size_of_keyswitch_keys < circuit.size_of_bootstrap_keys
    assert circuit.complexity > 1e5 and sum(circuit.memory_usage_per_location.values()) > 0
    assert circuit.global_p_error >= circuit.p_error
    with pytest.raises(AttributeError, match="has no attribute 'speed'"):
        _ = circuit.speed


def test_sections(capsys):
    fhe.Compiler(lambda x: x**2 % 5, {"x": "encrypted"}).compile(range(8), verbose=True, show_mlir=False)
    printed = capsys.readouterr().out
    for title in (
        "Computation Graph for <lambda>",
        "Bit-Width Constraints for <lambda>",
        "Bit-Width Assignments for <lambda>",
        "Bit-Width Assigned Computation Graph for <lambda>",
        "Optimizer",
        "Statistics",
    ):
        assert f"\n{title}\n" + "-" * 20 in printed, title
    assert "functions: {\n    <lambda>: {\n        size_of_inputs: " in printed and "MLIR" not in printed


def test_direct_circuits():
    @fhe.circuit({"x": "encrypted", "y": "clear"})
    def direct(x: fhe.uint4, y: fhe.tensor[fhe.int3, 2]):
        return x * 3 + y

    assert isinstance(direct, fhe.Circuit) and direct.graph.is_direct and direct.graph.integer_range() is None
    assert "∈" not in str(direct) and "EncryptedTensor<int7, shape=(2,)>" in str(direct)
    for x in (0, 15):
        assert np.array_equal(direct.simulate(x, [-4, 3]), [3 * x - 4, 3 * x + 3])
    assert np.array_equal(direct.encrypt_run_decrypt(15, [-4, 3]), [41, 48])
    described = {"x": fhe.EncryptedScalar(fhe.uint3)}
    assert fhe.Compiler.assemble(lambda x: x**2 % 5, described).simulate(7) == 4
    for annotation, message in [(int, "<class 'int'> is not valid"), (None, "is not valid"), (fhe.f32, "is not valid")]:

        def wrong(x):
            return x

        wrong.__annotations__["x"] = annotation
        with pytest.raises(ValueError, match=message):
            fhe.circuit({"x": "encrypted"})(wrong)


def test_processors():
    class Refuse(fhe.GraphProcessor):
        def apply(self, graph):
            self.error(graph, {graph.query_nodes(operation_filter="multiply")[0]: "no products"})

    class Look(fhe.MultiGraphProcessor):
        def apply_many(self, graphs):
            seen.append(
                {name: graph.maximum_integer_bit_width(assigned_bit_width=True) for name, graph in graphs.items()}
            )

    seen = []
    compiler = fhe.Compiler(lambda x: x * 3, {"x": "encrypted"})
    with pytest.raises(RuntimeError, match="cannot be compiled(.|\n)*\\^\\^ no products"):
        compiler.compile(range(4), additional_pre_processors=[Refuse()])
    compiler.compile(range(4), additional_pre_processors=[Look()], additional_post_processors=[Look()])
    assert seen == [{"<lambda>": -1}, {"<lambda>": 4}]


def test_artifacts(tmp_path):
    artifacts = fhe.DebugArtifacts(tmp_path / "kept")
    fhe.Compiler(function, {"x": "encrypted", "y": "clear"}).compile([(1, 2)], artifacts=artifacts)
    artifacts.export()
    found = {path.name: path.read_text() for path in (tmp_path / "kept").iterdir()}
    assert "def function(x, y):" in found["function.txt"] and "y :: clear" in found["function.parameters.txt"]
    assert "return" in found["function.1.initial.graph.txt"] and "∈" in found["function.2.final.graph.txt"]
    assert "fhe.lookup" in found["mlir.txt"] and "numpy" in found["requirements.txt"].lower()
    assert "cloakwork" in found["environment.txt"] and "client_parameters.json" in found


def test_artifacts_of_failures(tmp_path):
    compiler = fhe.Compiler(lambda x: np.log(x).astype(np.int64), {"x": "encrypted"})
    with pytest.raises(RuntimeError):
        compiler.compile(range(4), dump_artifacts_on_unexpected_failures=False)
    assert not (tmp_path / ".artifacts").exists()
    with pytest.raises(RuntimeError):
        compiler.compile(range(4))
    assert "RuntimeError" in (tmp_path / ".artifacts/traceback.txt").read_text()
    assert (tmp_path / ".artifacts/<lambda>.1.initial.graph.txt").exists()


def test_overflows_are_detected():
    compiler = fhe.Compiler(lambda x, y: (x + y) ** 2 % 11, {"x": "encrypted", "y": "encrypted"})
    samples = [(0, 7), (7, 0), (0, 0), (1, 2)]
    options = {"detect_overflow_in_simulation": True, "p_error": 1e-12}
    circuit = compiler.compile(samples, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert circuit.simulate(7, 0) == 5
    with pytest.warns(RuntimeWarning, match="outside of their width: an overflow"):
        circuit.simulate(7, 7)
