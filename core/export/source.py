"""A model as a Python file: the re-wired classes and ``build_model()``, without Modelwright.

``build_model`` calls the builder the model came from, and then makes the difference: what was
replaced, added and taken away, as assignments; a re-wired module is given its class.
"""

import keyword
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.nn.utils.parametrize import is_parametrized

from core.analysis import Report, analyse, flow, shape_comments
from core.analysis.structure import facts_of
from core.dataflow import is_rewired, own_class, write_class
from core.dataflow.classes import class_name, written_graph
from core.dataflow.expressions import Names, is_numbered
from core.document import Document, join, weight_id
from core.errors import EditRefused, SaveRefused
from core.export.builders import builder_of
from core.export.expressions import LISTS, Built, Expressions, Literals
from core.export.folding import folded
from core.export.written_out import check_names, written_out

_VARIABLE = "net"


@dataclass(frozen=True)
class ModelSource:
    """The text of a file, and the folders of the user's own files that it imports."""

    text: str
    folders: tuple[Path, ...]


def model_source(document: Document, name: str = "model") -> ModelSource:
    """Return a Python file that builds the model; ``name`` is the file's, for its docstring.

    Raises :class:`~core.errors.SaveRefused` where something in it was not built here, or was made
    inside a function, so that no code elsewhere could build it.
    """
    names = Names()
    names.avoid({_VARIABLE, "build_model"})
    for module in document.root.modules():
        graph = written_graph(module)
        if graph is not None:
            names.avoid(node.name for node in graph.nodes)
    try:
        classes, called = classes_of(document, names)
        names.avoid(called.values())
        statements = list(Difference(document, names, called).statements())
        module_type = names.of(nn.Module)
        imports, definitions = written_out(names)
    except EditRefused as error:
        raise SaveRefused(f"The code of this model cannot be written: {error}") from error
    body = "\n".join(line for each in statements for line in folded(each, 4))
    parts = [
        f'"""{document.source.text}, changed by hand.\n\n'
        f"    from {name} import build_model\n"
        f"    {_VARIABLE} = build_model()\n"
        f'    {_VARIABLE}.load_state_dict(torch.load("{name}.pth"))\n"""',
        "\n".join(imports),
        *definitions,
        *(text.strip() for text in classes),
        f"def build_model() -> {module_type}:\n"
        f'    """Build the model, with fresh weights."""\n{body}',
    ]
    blocks = [parts[0] + "\n\n" + parts[1], *parts[2:]]
    text = "\n\n\n".join(blocks) + "\n"
    check_names(text)
    return ModelSource(text, tuple(names.folders()))


def classes_of(document: Document, names: Names) -> tuple[list[str], dict[type[nn.Module], str]]:
    """Write each class of a re-wired module once, and give each a name of its own."""
    report: Report | None = None
    called: dict[type[nn.Module], str] = {}
    texts: list[str] = []
    for path, module in document.modules():
        kind = type(module)
        graph = written_graph(module)
        if graph is None or kind in called:
            continue
        report = report or analyse(document)
        base, number = class_name(module), 1
        name = base
        while name in called.values():
            number += 1
            name = f"{base}{number}"
        called[kind] = name
        shapes = shape_comments(flow(report, path))
        texts.append(write_class(module, graph, name=name, shapes=shapes, names=names).text)
    return texts, called


class Difference:
    """The statements that turn what a builder gives into the document's model."""

    def __init__(
        self,
        document: Document,
        names: Names,
        called: dict[type[nn.Module], str],
        literals: Literals | None = None,
    ) -> None:
        self._document = document
        self._names = names
        self._called = called
        self._expressions = Expressions(names, builder_of(document.source), literals)
        self._places: dict[int, str] = {}

    def construction(self) -> tuple[str, list[str]]:
        """Return the arguments of the root's constructor, and what a constructor does after."""
        root = self._document.root
        built = self._expressions.of(root, "")
        rest = [*self._changes("self", "", root, built), *self._ties("self")]
        reclassed = "self.__class__ = "  # what is written is that class
        return (
            built.text.partition("(")[2].removesuffix(")"),
            [each for each in rest if not each.startswith(reclassed)],
        )

    def statements(self) -> Iterator[str]:
        """Yield the statements of a function that builds the model and returns it."""
        root = self._document.root
        built = self._expressions.of(root, "")
        yield f"{_VARIABLE} = {built.text}"
        yield from self._changes(_VARIABLE, "", root, built)
        yield from self._ties()
        yield from self._precision()
        yield from self._frozen()
        yield f"return {_VARIABLE}"

    def _changes(self, place: str, path: str, module: nn.Module, built: Built) -> Iterator[str]:
        self._places.setdefault(id(module), place)
        baseline = built.baseline
        if is_parametrized(module) and not is_parametrized(baseline):
            raise SaveRefused(
                f"{path} has parametrizations, such as weight_norm, which were put on it after it"
                " was built; code that builds it cannot be written."
            )
        if not _same(module, baseline):
            for name in baseline._modules:
                if name not in module._modules:
                    yield f"del {_at(place, baseline, name)}"
            for name, child in module._modules.items():
                yield from self._child(place, path, module, baseline, name, child)
        if is_rewired(module):
            yield f"{place}.__class__ = {self._called[type(module)]}"

    def _child(
        self,
        place: str,
        path: str,
        module: nn.Module,
        baseline: nn.Module,
        name: str,
        child: nn.Module | None,
    ) -> Iterator[str]:
        here, there = _at(place, module, name), join(path, name)
        old = baseline._modules.get(name)
        if child is None:
            if old is not None:
                yield f"{here} = None"
            return
        known = self._places.get(id(child))
        if known is not None and self._document.tangled:
            yield f"{here} = {known}"
            return
        if old is not None and _same(child, old):
            self._places[id(child)] = here
            return
        if old is not None and _can_be_turned_into(old, child):
            yield from self._changes(here, there, child, Built("", old))
            return
        built = self._expressions.of(child, there)
        yield _assigned(place, module, name, here, built.text)
        yield from self._changes(here, there, child, built)

    def _ties(self, variable: str = _VARIABLE) -> Iterator[str]:
        """Tie what is one tensor under several names, where the builder does not do so itself."""
        if not self._document.tangled:
            return
        first: dict[Any, str] = {}
        for path, module in self._document.modules():
            for name, parameter in module._parameters.items():
                if parameter is None or is_lazy(parameter):
                    continue
                place = f"{_place(self._document.root, path, variable)}.{name}"
                number = weight_id(parameter)
                owner = self._places.get(id(module))
                if number in first and owner is not None and first[number] != place:
                    yield f"{place} = {first[number]}"
                first.setdefault(number, place)

    def _precision(self) -> Iterator[str]:
        floating = {p.dtype for p in self._document.root.parameters() if p.is_floating_point()}
        if len(floating) == 1 and floating != {torch.float32}:
            yield f"{_VARIABLE}.to({self._names.value(next(iter(floating)))})"

    def _frozen(self) -> Iterator[str]:
        """Freeze what is frozen, each part as a whole where it is."""
        waiting = [("", self._document.root)]
        while waiting:
            path, module = waiting.pop()
            trained = [p.requires_grad for p in module.parameters()]
            if not trained or all(trained):
                continue
            if not any(trained):
                yield f"{_place(self._document.root, path)}.requires_grad_(False)"
                continue
            for name, parameter in module._parameters.items():
                if parameter is not None and not parameter.requires_grad:
                    yield f"{_place(self._document.root, path)}.{name}.requires_grad_(False)"
            for name, child in reversed(module._modules.items()):
                if child is not None:
                    waiting.append((join(path, name), child))


def _same(module: nn.Module, baseline: nn.Module) -> bool:
    """Say whether two modules are built alike, all the way down."""
    return type(module) is type(baseline) and (
        facts_of(module).structure is facts_of(baseline).structure
    )


def _can_be_turned_into(old: nn.Module, new: nn.Module) -> bool:
    """Say whether changing children is all it takes, as opposed to building anew."""
    kind = own_class(new)
    if kind is not type(old) or not (old._modules or new._modules):
        return False
    if kind in LISTS:
        return list(old._modules) == list(new._modules)
    own = {n: None if t is None else t.shape for n, t in new._parameters.items()}
    return own == {n: None if t is None else t.shape for n, t in old._parameters.items()}


def _at(place: str, parent: nn.Module, name: str) -> str:
    """Write where a child stands."""
    if is_numbered(parent, name):
        return f"{place}[{name}]"
    if isinstance(parent, nn.ModuleDict):
        return f'{place}["{name}"]'
    if name.isidentifier() and not keyword.iskeyword(name):
        return f"{place}.{name}"
    return f'{place}._modules["{name}"]'


def _assigned(place: str, parent: nn.Module, name: str, here: str, text: str) -> str:
    """Write the assignment of a child; a name that is no word of Python is added by a call."""
    if here.endswith("]") and not isinstance(parent, LISTS):
        return f'{place}.add_module("{name}", {text})'
    if is_numbered(parent, name) and is_rewired(parent):
        return f'{place}.add_module("{name}", {text})'
    return f"{here} = {text}"


def _place(root: nn.Module, path: str, variable: str = _VARIABLE) -> str:
    place, module = variable, root
    for name in path.split(".") if path else ():
        place = _at(place, module, name)
        module = module._modules[name]  # type: ignore[assignment]
    return place


def file_name(stem: str) -> str:
    """Return the name under which the file can be imported: ``my-net`` is ``my_net``."""
    name = re.sub(r"\W", "_", stem)
    return f"_{name}" if name[:1].isdigit() or keyword.iskeyword(name) else name
