"""Which sizes in a module are one: the channels that a layer gives, and that the next takes.

Each size is a symbol. It travels with the tensor through the graph; where a layer takes it, the
number in the layer's constructor stands for the same symbol. Laid side by side, sizes add up.
"""

from collections.abc import Mapping
from typing import Any

from core.analysis import Report, Value
from core.dataflow.graph import Graph, Node, refs
from core.dataflow.trace import graph_of
from core.document import join
from core.errors import EditRefused

#: Parameters that say what comes in, and what goes out. Those of the last row say both.
TAKES = (
    "in_features", "in_channels", "input_size", "inplanes", "n_channels", "in_ch", "inp",
)  # fmt: skip
GIVES = (
    "out_features", "out_channels", "hidden_size", "n_classes", "num_classes", "embedding_dim",
    "out_ch", "oup", "planes",
)  # fmt: skip
KEEPS = (
    "num_features", "num_channels", "normalized_shape", "embed_dim", "d_model", "channels", "dim",
    "num_parameters", "input_channels", "features", "hidden_dim",
)  # fmt: skip
_ARITHMETIC = {"add", "iadd", "sub", "isub", "mul", "imul", "truediv"}

#: What a tensor's size is: symbols that add up, or nothing that is known.
Size = tuple[int, ...]


def is_size(name: str) -> bool:
    """Say whether a constructor's parameter is a number of channels or features, by its name."""
    return name in (*TAKES, *GIVES, *KEEPS) or name.endswith(("_channels", "_features", "_dim"))


def channels_of(value: Value | None) -> int | None:
    """Return the channels of an image batch, or the last size of anything else."""
    tensors = value.tensors() if value is not None else ()
    shape = tensors[0].shape if tensors else None
    if not shape:
        return None
    return shape[1] if len(shape) > 3 else shape[-1]


class Sizes:
    """The symbols of one module.

    ``places`` are where each stands; ``sums`` are places where several add up. What has several
    values, or goes a way that is not understood, is ``fixed``.
    """

    def __init__(self, report: Report, path: str, numbers: Mapping[str, Any]) -> None:
        document = report.document
        self._report = report
        self._document = document
        self._numbers = numbers
        self._start = path
        self._parents: list[int] = []
        self._values: dict[int, int | None] = {}
        self._places: dict[int, list[str]] = {}
        self._sums: dict[str, Size] = {}
        self._fixed: set[int] = set()
        self.inputs: list[int] = []
        self.output: Size = ()
        graph = graph_of(document, path)
        self.inputs = [self._new(None) for _ in graph.inputs]
        given: dict[str, Size] = {
            node.name: (symbol,) for node, symbol in zip(graph.inputs, self.inputs, strict=True)
        }
        self.output = self._run(path, graph, given)

    def root(self, symbol: int) -> int:
        """Return the symbol that stands for all that are the same as this one."""
        while self._parents[symbol] != symbol:
            symbol = self._parents[symbol]
        return symbol

    def value(self, symbol: int) -> int | None:
        """Return the number that a symbol is, where one is known."""
        return self._values[self.root(symbol)]

    @property
    def free(self) -> list[int]:
        """The symbols that can be another number, in the order in which they were met."""
        roots = dict.fromkeys(map(self.root, range(len(self._parents))))
        fixed = {self.root(each) for each in self._fixed}
        return [each for each in roots if each not in fixed and self.places(each)]

    def places(self, symbol: int) -> list[str]:
        """Return where a symbol stands, also where it is one part of a sum."""
        root = self.root(symbol)
        same = (each for each in self._places if self.root(each) == root)
        own = [place for each in same for place in self._places[each]]
        parts = [place for place, size in self._sums.items() if root in map(self.root, size)]
        return [*own, *parts]

    def _new(self, value: int | None, *places: str) -> int:
        self._parents.append(symbol := len(self._parents))
        self._values[symbol], self._places[symbol] = value, list(places)
        return symbol

    def _same(self, one: Size, other: Size) -> None:
        """Take two sizes for one; where that cannot be, neither can change."""
        if len(one) == len(other) == 1:
            first, second = self.root(one[0]), self.root(other[0])
            values = self._values[first], self._values[second]
            if None in values or values[0] == values[1]:
                self._parents[second] = first
                self._values[first] = values[0] if values[0] is not None else values[1]
                return
        elif [*map(self.root, one)] == [*map(self.root, other)]:
            return
        self._fixed.update((*one, *other))

    def _run(self, path: str, graph: Graph, known: dict[str, Size]) -> Size:
        for node in graph.nodes:
            if node.kind == "input":
                known.setdefault(node.name, ())
            elif node.kind == "output":
                found = [known.get(each.name, ()) for each in refs(node.args)]
                for other in found[1:]:
                    self._fixed.update(other)  # one output is the block's; the others stay
                return found[0] if found else ()
            elif node.kind == "call":
                known[node.name] = self._called(join(path, node.target), node, known)
            else:
                known[node.name] = self._computed(node, known)
        return ()

    def _computed(self, node: Node, known: Mapping[str, Size]) -> Size:
        read = [known.get(name, ()) for name in node.reads]
        if not read:
            return ()
        if node.title == "cat" and self._over_channels(node):
            return tuple(symbol for size in read for symbol in size)
        for other in read[1:]:
            if node.title in _ARITHMETIC:
                self._same(read[0], other)
            else:
                self._fixed.update(other)
        return read[0]

    def _over_channels(self, node: Node) -> bool:
        dim = dict(node.kwargs).get("dim", node.args[1] if len(node.args) > 1 else 0)
        return dim in (1, -1)

    def _called(self, path: str, node: Node, known: Mapping[str, Size]) -> Size:
        read = [known.get(name, ()) for name in node.reads]
        for other in read[1:]:
            self._fixed.update(other)
        given = read[0] if read else ()
        place = path[len(self._start) + 1 :] if self._start else path
        below = [each for each in self._numbers if each.startswith(f"{place}.")]
        own = {each[len(place) + 1 :]: each for each in below if "." not in each[len(place) + 1 :]}
        if own:
            return self._layer(own, given, path)
        if not below:
            return given  # it has no numbers, so it gives what it gets
        if len(read) == 1:
            try:
                graph = graph_of(self._document, path)
            except EditRefused:
                self._fixed.update(given)
                return ()
            names = [each.name for each in graph.inputs]
            return self._run(path, graph, dict.fromkeys(names[:1], given))
        self._fixed.update(given)
        return ()

    def _layer(self, own: Mapping[str, str], given: Size, path: str) -> Size:
        """Let a layer take what it is given, and return what it gives."""
        keeps = next((own[name] for name in KEEPS if name in own), None)
        takes = next((own[name] for name in TAKES if name in own), None)
        gives = next((own[name] for name in GIVES if name in own and name != "planes"), None)
        if gives is None and takes is not None:  # a block's ``planes``, where it gives as many
            channels = channels_of(self._report.module(path).output)
            gives = next((p for n, p in own.items() if p != takes and is_size(n)
                          and self._numbers[p] == channels), None)  # fmt: skip
        if keeps is not None:
            return self._taken(keeps, given)
        if takes is not None:
            taken = self._taken(takes, given)
            groups = own.get("groups", "")
            apart = self._numbers.get(groups, 1)
            if apart != 1 and len(taken) == 1 and apart == self.value(taken[0]):
                self._places[taken[0]].append(groups)  # depthwise: each channel by itself
                if gives is not None and self._numbers[gives] == apart:
                    self._places[taken[0]].append(gives)
                    return taken
        elif gives is None:
            return given
        if gives is None:
            return ()
        value = self._numbers[gives]
        return (self._new(value, gives),) if isinstance(value, int) else ()

    def _taken(self, place: str, given: Size) -> Size:
        value = self._numbers[place]
        if not isinstance(value, int) or isinstance(value, bool):
            return ()
        if len(given) > 1 and sum(self.value(each) or 0 for each in given) == value:
            if len({*map(self.root, given)}) < len(given):
                self._fixed.update(given)  # what is laid beside itself is not a sum of parameters
            self._sums[place] = given
            return given
        taken = (self._new(value, place),)
        if not given:
            self._fixed.update(taken)
            return taken
        self._same(given, taken)
        return given if len(given) == 1 else taken
