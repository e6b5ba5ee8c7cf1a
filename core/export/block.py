"""A module of a document as a block of the user's: a class in a file that needs no Modelwright.

The class derives from the module's own class, or from ``nn.Module`` where that was put together by
hand. Numbers in it may be parameters of its constructor; their defaults give the module as it is.
"""

import keyword
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from core.catalog.own_blocks import BlockFile, block_file_name, check_block_name, keep_block
from core.dataflow import is_rewired, own_class
from core.dataflow.classes import written_graph
from core.dataflow.expressions import Names
from core.dataflow.writing import write_class
from core.document import Document, Source, join, recording
from core.errors import EditRefused, ModelwrightError, SaveRefused
from core.export.expressions import Literals
from core.export.folding import folded
from core.export.source import Difference, classes_of
from core.export.written_out import check_names, written_out
from core.user_code import Code, imported

Literal = bool | int | float | str


@dataclass(frozen=True)
class BlockParameter:
    """A parameter of a block's constructor.

    ``places`` are where it stands, as ``conv1.in_channels``; a place of two parameters is given
    their sum.
    """

    name: str
    default: Literal
    places: tuple[str, ...]


def numbers_in(document: Document, path: str) -> dict[str, Literal]:
    """Return the plain values that the constructors in a module are given, by place.

    Any of them can be a parameter of the block. Raises SaveRefused for what cannot be written.
    """
    literals = Literals()
    _construction(_alone(document, path), Names(alone=True), literals)
    return literals.found


def block_source(
    document: Document,
    path: str,
    name: str,
    parameters: Iterable[BlockParameter] = (),
    *,
    summary: str = "",
) -> str:
    """Return the file of the block ``name``, made of the module at ``path``.

    Raises SaveRefused where something in it cannot be written, or a parameter makes no sense.
    """
    parameters = tuple(parameters)
    alone = _alone(document, path)
    _check_parameters(parameters, alone, name)
    names = Names(alone=True)
    names.avoid({name, "self", *(each.name for each in parameters)})
    written: dict[str, str] = {}
    for each in parameters:
        for place in each.places:
            written[place] = f"{written[place]} + {each.name}" if place in written else each.name
    try:
        body, helpers = _class(alone, name, parameters, names, Literals(written), summary)
        imports, definitions = written_out(names)
    except EditRefused as error:
        raise SaveRefused(f"The block cannot be written: {error}") from error
    stem = block_file_name(name).removesuffix(".py")
    usual = ", ".join(_short(each.default) for each in parameters)
    head = (
        f'"""{_told(summary, alone.root)}\n\n    from {stem} import {name}\n'
        f'    block = {name}({usual})\n"""'
    )
    top = [head, "\n".join(imports), f'__all__ = ["{name}"]']
    text = "\n\n\n".join(["\n\n".join(top), *definitions, *helpers, body]) + "\n"
    check_names(text)
    return text


def save_block(
    document: Document,
    path: str,
    name: str,
    parameters: Iterable[BlockParameter] | None = None,
    *,
    summary: str = "",
    overwrite: bool = False,
) -> BlockFile:
    """Save the module at ``path`` as a block of the user's, and return its file.

    Without ``parameters`` the suggested ones are taken. The file is run and the block built from
    it first; it must have the weights of the module, by name and shape. Raises SaveRefused.
    """
    from core.export.block_parameters import suggest_parameters

    check_block_name(name, overwrite=overwrite)
    _check_hooks(document.module(path), path)
    if parameters is None:
        parameters = suggest_parameters(document, path)
    text = block_source(document, path, name, parameters, summary=summary)
    twin = built_from(text, name)
    ours, theirs = _shapes(document.module(path)), _shapes(twin)
    if ours != theirs:
        missing = sorted(ours.keys() ^ theirs.keys()) or sorted(
            key for key, shape in ours.items() if theirs[key] != shape
        )
        raise SaveRefused(
            f"The block that the code builds differs from {path or 'the model'} in"
            f" {', '.join(missing[:3])}: its class makes that in a way that no arguments tell."
            " Nothing was saved."
        )
    return keep_block(name, text, overwrite=overwrite)


def built_from(text: str, name: str, **arguments: Any) -> nn.Module:
    """Build a block from its text, without memory; raises SaveRefused where it cannot be."""
    try:
        kind = getattr(imported(Code(Path(block_file_name(name)), text.encode())), name)
        with recording(), torch.device("meta"):
            module: nn.Module = kind(**arguments).eval()
    except ModelwrightError as error:
        raise SaveRefused(f"The block's code does not run: {error}") from error
    except Exception as error:  # a constructor may raise anything
        raise SaveRefused(f"The block's code does not build it: {error}") from error
    return module


def _alone(document: Document, path: str) -> Document:
    """Return the module as a model of its own."""
    module = document.module(path)
    return Document(module, (), Source(type(module).__name__), (), document.tangled)


def _construction(
    document: Document, names: Names, literals: Literals
) -> tuple[str, list[str], list[str]]:
    """Return the constructor's arguments, its statements, and the classes these need."""
    for module in document.root.modules():
        graph = written_graph(module)
        if graph is not None:
            names.avoid(node.name for node in graph.nodes)
    texts, called = classes_of(document, names)
    names.avoid(called.values())
    arguments, statements = Difference(document, names, called, literals).construction()
    helpers = [
        text.strip()
        for text, kind in zip(texts, called, strict=True)
        if kind is not type(document.root)
    ]
    return arguments, statements, helpers


def _class(
    document: Document,
    name: str,
    parameters: Sequence[BlockParameter],
    names: Names,
    literals: Literals,
    summary: str,
) -> tuple[str, list[str]]:
    root = document.root
    arguments, statements, helpers = _construction(document, names, literals)
    signature = "".join(
        f", {each.name}: {type(each.default).__name__} = {names.value(each.default)}"
        for each in parameters
    )
    lines = [
        f"class {name}({names.of(own_class(root))}):",
        f'    """{_told(summary, root)}"""',
        "",
        f"    def __init__(self{signature}) -> None:",
        *folded(f"super().__init__({arguments})", 8),
        *(line for each in statements for line in folded(each, 8)),
    ]
    graph = written_graph(root)
    if graph is not None:
        forward = write_class(root, graph, name=name, names=names).text
        lines += ["", *forward.splitlines()[3:]]
    return "\n".join(lines), helpers


def _check_parameters(parameters: Sequence[BlockParameter], document: Document, name: str) -> None:
    found = Literals()
    _construction(document, Names(alone=True), found)
    taken: set[str] = set()
    for each in parameters:
        if not each.name.isidentifier() or keyword.iskeyword(each.name) or each.name in taken:
            raise SaveRefused(f"'{each.name}' is no name for a parameter, or is there twice.")
        taken.add(each.name)
        for place in each.places:
            if place not in found.found:
                near = ", ".join(list(found.found)[:6])
                raise SaveRefused(f"There is no number at {place} in {name}; there are {near}.")
    for place, value in found.found.items():
        given = [each.default for each in parameters if place in each.places]
        if given and (given[0] if len(given) == 1 else sum(map(_number, given))) != value:
            raise SaveRefused(
                f"At {place} stands {value}; the parameter there has the default {given[0]}, with"
                " which the block would be another one."
            )


def _check_hooks(module: nn.Module, path: str) -> None:
    """Refuse what does more than its class says, which its code would not do."""
    for name, each in module.named_modules():
        if each._forward_hooks or each._forward_pre_hooks:
            which = join(path, name) if name else path or "The model"
            raise SaveRefused(
                f"{which} has hooks that were put on it after it was built; no code of its class"
                " would have them."
            )


def _number(value: Literal) -> float:
    return value if isinstance(value, (int, float)) else 0


def _shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    return {
        name: tuple(each.shape) if isinstance(each, Tensor) else ()
        for name, each in module.state_dict().items()
    }


def _told(summary: str, root: nn.Module) -> str:
    text = " ".join(summary.split()).replace("\\", "/").replace('"', "'")
    if text:
        return text if text.endswith((".", "!", "?")) else f"{text}."
    kind = own_class(root)
    if kind is nn.Module:
        return "A block put together by hand."
    otherwise = " with another way through it" if is_rewired(root) else ""
    return f"{kind.__name__}{otherwise}, saved as a block."


def _short(value: Literal) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
