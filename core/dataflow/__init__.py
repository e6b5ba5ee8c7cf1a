"""One module's forward as a graph: read, changed, and written again as Python."""

from core.dataflow.classes import is_rewired, own_class
from core.dataflow.graph import Choice, Edge, Graph, Items, Node, Ref
from core.dataflow.operations import OPERATIONS
from core.dataflow.trace import graph_of, trace
from core.dataflow.writing import rewired, write_class

__all__ = [
    "OPERATIONS",
    "Choice",
    "Edge",
    "Graph",
    "Items",
    "Node",
    "Ref",
    "graph_of",
    "is_rewired",
    "own_class",
    "rewired",
    "trace",
    "write_class",
]
