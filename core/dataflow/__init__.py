"""One module's forward as a graph: read, changed, and written again as Python."""

from core.dataflow.boxes import Box, Layout
from core.dataflow.classes import is_rewired, own_class
from core.dataflow.graph import Choice, Edge, Graph, Items, Node, Ref
from core.dataflow.layout import lay_out
from core.dataflow.operations import OPERATIONS
from core.dataflow.trace import graph_of, trace
from core.dataflow.writing import rewired, write_class

__all__ = [
    "OPERATIONS",
    "Box",
    "Choice",
    "Edge",
    "Graph",
    "Items",
    "Layout",
    "Node",
    "Ref",
    "graph_of",
    "is_rewired",
    "lay_out",
    "own_class",
    "rewired",
    "trace",
    "write_class",
]
