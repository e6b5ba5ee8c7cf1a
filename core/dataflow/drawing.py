"""A graph as SVG, without a screen: boxes for steps, curves for tensors, shapes beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from operator import getitem

from core.dataflow.boxes import Layout, Name, Point
from core.dataflow.graph import Graph, Node, Ref
from core.dataflow.layout import lay_out

_LETTER = 7.2  # the width of a letter of the monospaced font, 12 px high
_SMALL = 6.0  # of one of the shapes, 10 px high
_HEIGHT = 30.0
_LINE = 14.0
_PAD = 12.0
_MARGIN = 16.0

#: Fill and line of a box by the kind of its step; dark letters are read on all of them.
_COLOURS = {
    "input": ("#d9ead3", "#6a9955"),
    "output": ("#f4cccc", "#b85450"),
    "call": ("#dae8fc", "#5b7fb5"),
    "function": ("#fff2cc", "#b59b3f"),
    "method": ("#fff2cc", "#b59b3f"),
    "attribute": ("#e8e8e8", "#8c8c8c"),
}


@dataclass(frozen=True)
class Drawn:
    """A layout with the text of each box, and below it what the step gives."""

    layout: Layout
    labels: dict[str, str]
    shapes: dict[str, str]


def drawn(
    graph: Graph, shapes: Mapping[str, str] | None = None, before: Layout | None = None
) -> Drawn:
    """Lay a graph out with boxes as wide as their texts."""
    labels = {node.name: _label(node) for node in graph.nodes}
    told = {name: text for name, text in (shapes or {}).items() if name in labels}
    sizes: dict[Name, tuple[float, float]] = {
        name: (
            max(len(text) * _LETTER, len(told.get(name, "")) * _SMALL) + 2 * _PAD,
            _HEIGHT + (_LINE if name in told else 0.0),
        )
        for name, text in labels.items()
    }
    edges = [(edge.source, edge.target) for edge in graph.edges]
    return Drawn(lay_out(sizes, edges, before), labels, told)


def svg(graph: Graph, shapes: Mapping[str, str] | None = None, title: str = "") -> str:
    """Return the drawing of a graph as an SVG document; ``shapes`` stand in the boxes."""
    picture = drawn(graph, shapes)
    layout = picture.layout
    width, height = layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}"'
        f' viewBox="{-_MARGIN} {-_MARGIN} {width:.1f} {height:.1f}">',
        f"<title>{escape(title)}</title>",
        "<style>text{font:12px monospace;fill:#1b1b1b}.shape{font-size:10px;fill:#5a5a5a}"
        ".way{fill:none;stroke:#7a7a7a;stroke-width:1.2}.train{stroke-dasharray:4 3}</style>",
        '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7"'
        ' markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#7a7a7a"/></marker></defs>',
        f'<rect x="{-_MARGIN}" y="{-_MARGIN}" width="{width:.1f}" height="{height:.1f}"'
        ' fill="#ffffff"/>',
    ]
    for edge, way in layout.ways.items():
        lines.append(f'<path class="way" d="{_path(way, edge in layout.aside)}"'
                     ' marker-end="url(#end)"/>')  # fmt: skip
    lines += [_box(node, picture) for node in graph.nodes]
    return "\n".join([*lines, "</svg>", ""])


def _box(node: Node, picture: Drawn) -> str:
    box = picture.layout.boxes[node.name]
    fill, line = _COLOURS[node.kind]
    shape = picture.shapes.get(node.name, "")
    only = " train" if node.when else ""
    baseline = box.y + _HEIGHT / 2 + 4
    text = (
        f'<g><title>{escape(node.name)}</title><rect class="step{only}" x="{box.x:.1f}"'
        f' y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="5"'
        f' fill="{fill}" stroke="{line}"/>'
        f'<text x="{box.middle:.1f}" y="{baseline:.1f}" text-anchor="middle">'
        f"{escape(picture.labels[node.name])}</text>"
    )
    if shape:
        text += (
            f'<text class="shape" x="{box.middle:.1f}" y="{baseline + _LINE:.1f}"'
            f' text-anchor="middle">{escape(shape)}</text>'
        )
    return text + "</g>"


def _path(way: Sequence[Point], aside: bool) -> str:
    """Write a way as a path: curves that leave and arrive upright, corners rounded at the side."""
    (x, y), *rest = way
    path = f"M{x:.1f} {y:.1f}"
    if aside:
        (_, (lane, top), (_, bottom), (end, _)) = way
        path += f"C{lane:.1f} {top:.1f} {lane:.1f} {top:.1f} {lane:.1f} {top + 16:.1f}"
        path += f"V{bottom - 16:.1f}"
        return path + f"C{lane:.1f} {bottom:.1f} {lane:.1f} {bottom:.1f} {end:.1f} {bottom:.1f}"
    for nx, ny in rest:
        if abs(nx - x) < 0.05:
            path += f"V{ny:.1f}"
        else:
            half = (ny - y) / 2
            path += f"C{x:.1f} {y + half:.1f} {nx:.1f} {ny - half:.1f} {nx:.1f} {ny:.1f}"
        x, y = nx, ny
    return path


def _label(node: Node) -> str:
    if node.target is getitem and isinstance(node.args[0], Ref):
        key = node.args[1]
        return f"{node.args[0].name}[{key if isinstance(key, (int, str)) else '...'}]"
    if node.kind in ("call", "function", "method"):
        return node.title if node.title == node.name else f"{node.name}: {node.title}"
    return node.name if node.kind != "attribute" else str(node.target)
