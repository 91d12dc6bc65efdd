"""From graphs to a circuit or a module."""

from __future__ import annotations

from typing import TypeVar

from .._cloakwork import compile_functions
from .artifacts import ModuleDebugArtifacts
from .compiled import Compiled
from .composition import CompositionPolicy
from .configuration import Configuration
from .graph import Graph, MultiGraphProcessor
from .sections import show_compiled, show_traced


Kind = TypeVar("Kind", bound=Compiled)


def built(
    kind: type[Kind],
    graphs: list[Graph],
    policy: CompositionPolicy,
    configuration: Configuration,
    artifacts: ModuleDebugArtifacts,
) -> Kind:
    """Compiles functions that share their keys, to a circuit or a module."""
    show_traced(configuration, graphs)
    _process(configuration.additional_pre_processors, graphs)
    rules = policy.get_rules_iter(graphs)
    feeds = [((rule.from_.func, rule.from_.pos), (rule.to.func, rule.to.pos)) for rule in rules]
    compiled = compile_functions([graph._graph for graph in graphs], feeds, configuration.wishes)
    module = kind(graphs, compiled, configuration)
    artifacts.add_mlir_to_compile(module.mlir)
    artifacts.add_client_parameters(module.client.specs)
    artifacts.report = module.report
    _process(configuration.additional_post_processors, graphs)
    show_compiled(configuration, module)
    return module


def _process(processors: list, graphs: list[Graph]) -> None:
    for processor in processors:
        if isinstance(processor, MultiGraphProcessor) or not hasattr(processor, "apply"):
            processor.apply_many({graph.name: graph for graph in graphs})
        else:
            for graph in graphs:
                processor.apply(graph)
