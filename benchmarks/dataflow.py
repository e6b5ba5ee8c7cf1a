"""The dataflow against its peers, each pair in one run: fx with ShapeProp, torchinfo, graphviz.

python benchmarks/dataflow.py
"""

import random
import time
import warnings
from collections.abc import Callable, Sequence
from statistics import median

import torch
import torchinfo
from torch import fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torchvision import models

from core.analysis import analyse, flow
from core.dataflow.drawing import drawn
from core.dataflow.layout import lay_out
from core.dataflow.trace import trace
from core.document import Document, parse_inputs, recording
from core.edits import InsertOnEdge

from drawings import crossings, curves_of, dot, overlaps  # isort: skip

_MOST_FOR_DOT = 2_000
NAMES = ("resnet50", "resnet152", "densenet201", "vit_b_16", "swin_v2_t", "googlenet")


def main() -> None:
    """Print the ratios."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    print("trace and layout of the top graph / fx.symbolic_trace and ShapeProp on meta (<= 0.5)")
    for name in NAMES:
        theirs = _middle(name, _peer)
        ours = _middle(name, lambda model: drawn(trace(model)))
        print(f"  {name:14} {ours * 1e3:8.1f} ms / {theirs * 1e3:8.1f} ms = {ours / theirs:.2f}")
    print("re-wire resnet152 to all shapes known / torchinfo on meta (<= 0.1)")
    ours, theirs = _rewired(), _middle("resnet152", _summary)
    print(f"  {ours * 1e3:.1f} ms / {theirs * 1e3:.1f} ms = {ours / theirs:.3f}")
    print("layout / graphviz dot (2,000 nodes: <= 0.1, crossings <= 1.3; densenet201 <= 0.2 s)")
    for count, more in ((200, 100), (2_000, 1_000), (10_000, 5_000)):
        _laid_out(f"{count} nodes", *_random(count, more))
    graph = fx.symbolic_trace(_model("densenet201")).graph
    number = {node: index for index, node in enumerate(graph.nodes)}
    edges = [(number[a], number[b]) for b in graph.nodes for a in b.all_input_nodes]
    _laid_out("flat densenet201", list(number.values()), edges)


def _model(name: str) -> nn.Module:
    with recording(), torch.device("meta"):
        model: nn.Module = getattr(models, name)()
    return model.eval()


def _peer(model: nn.Module) -> None:
    traced = fx.symbolic_trace(model)
    ShapeProp(traced).propagate(torch.empty(1, 3, 224, 224, device="meta"))


def _summary(model: nn.Module) -> None:
    torchinfo.summary(model, (1, 3, 224, 224), device="meta", verbose=0)


def _rewired() -> float:
    document = Document.of(_model("resnet152"), parse_inputs("1,3,224,224"))
    analyse(document)
    times = []
    for number in range(9):
        edit = InsertOnEdge("", "layer3", "layer4", "Identity()", f"same_{number}")
        start = time.process_time()
        flow(analyse(edit.apply(document)))
        times.append(time.process_time() - start)
    return median(times[2:])  # the first fills the catalog of layers


def _middle(name: str, work: Callable[[nn.Module], object]) -> float:
    """Return the median time of one run on a model that was just built."""
    times = []
    for _ in range(5):
        model = _model(name)
        start = time.process_time()
        work(model)
        times.append(time.process_time() - start)
    return median(times[1:])


def _random(count: int, more: int) -> tuple[list[int], list[tuple[int, int]]]:
    chance = random.Random(0)
    edges = [(max(0, n - chance.randint(1, 10)), n) for n in range(1, count)]
    for _ in range(more):
        a = chance.randrange(count - 1)
        edges.append((a, min(count - 1, a + chance.randint(1, 20))))
    return list(range(count)), edges


def _laid_out(title: str, names: Sequence[int], edges: Sequence[tuple[int, int]]) -> None:
    sizes = dict.fromkeys(names, (80.0, 24.0))
    unique = list(dict.fromkeys(edges))
    times = []
    for _ in range(3):
        start = time.process_time()
        found = lay_out(sizes, unique)
        times.append(time.process_time() - start)
    ours = median(times)
    crossed = crossings(curves_of(found)) if len(names) <= _MOST_FOR_DOT else None
    told = "" if crossed is None else f", {crossed} crossings"
    text = f"  {title:18} {ours * 1e3:8.0f} ms{told}, {overlaps(found)} overlaps"
    theirs = dot(sizes, unique, limit=120.0) if len(names) <= _MOST_FOR_DOT else None
    if theirs is None:
        why = "is too slow for so many" if len(names) > _MOST_FOR_DOT else "is not installed here"
        print(f"{text}; dot {why}")
        return
    took, curves = theirs
    if not curves:
        print(f"{text}; dot was not done after {took:.0f} s of its own")
        return
    other = crossings(curves)
    ratio = f" = {crossed / other:.2f}" if crossed is not None and other else ""
    print(f"{text}; dot {took:.2f} s, {other} crossings: {ours / took:.3f}, crossings{ratio}")


if __name__ == "__main__":
    main()
