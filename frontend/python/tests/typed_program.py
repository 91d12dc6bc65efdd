"""A program of a user who checks types: `mypy --strict` finds nothing to complain about."""

from __future__ import annotations

from cloakwork import fhe


def double(x: fhe.Tracer) -> fhe.Tracer:
    return x * 2


def main() -> int:
    configuration = fhe.Configuration(p_error=1e-9, bounds="provable", comparison_strategy_preference=["chunked"])
    circuit: fhe.Circuit = fhe.Compiler(double, {"x": "encrypted"}).compile(range(8), configuration)
    value = circuit.encrypt(3)
    result: int = circuit.decrypt(circuit.run(value))
    width: int = circuit.graph.maximum_integer_bit_width(tag_filter="a")
    client: fhe.Client = circuit.client
    keys: bytes = client.evaluation_keys.serialize()
    count: int = circuit.programmable_bootstrap_count
    nodes: list[fhe.Node] = circuit.graph.query_nodes(operation_filter="multiply")
    return result + width + len(keys) + count + len(nodes)


if __name__ == "__main__":
    main()
