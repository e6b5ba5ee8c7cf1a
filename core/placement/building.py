"""How a user's script builds the model of a document: the imports it needs, and the call."""

import ast
import inspect
from pathlib import Path

from core.document import Source

#: What a script has to have where the source is nothing that Python can import.
_UNKNOWN = ("from my_models import build_model  # your code that builds the model", "build_model()")


def building_code(source: Source) -> tuple[str, str]:
    """Return ``(imports, call)`` of a source, such as ``models.resnet50()``.

    Edits made since are not part of it. What is not a name or a class (a layer expression, a whole
    model) is left to a function ``build_model`` of the user's.
    """
    text = source.text
    if source.kind == "torchvision":
        return "from torchvision import models", _torchvision(text.removeprefix("torchvision:"))
    if source.kind == "timm":
        name, arguments = _call(text.removeprefix("timm:"))
        return "import timm", f'timm.create_model("{name}"{_after(arguments)})'
    if source.kind == "file":
        file, _, call = text.rpartition(":")
        name, arguments = _call(call)
        if file and name.isidentifier() and Path(file).stem.isidentifier():
            return f"from {Path(file).stem} import {name}", f"{name}({arguments})"
    if source.kind == "import":
        path, arguments = _call(text.replace(":", "."))
        module, _, name = path.rpartition(".")
        if module and name.isidentifier():
            return f"from {module} import {name}", f"{name}({arguments})"
    return _UNKNOWN


def _torchvision(call: str) -> str:
    """Classification models stand in ``models`` itself; those of other tasks are had by name."""
    from torchvision import models

    name, arguments = _call(call)
    if hasattr(models, name):
        return f"models.{name}({arguments})"
    builder = inspect.signature(models.get_model_builder(name)).parameters
    backbone = ", weights_backbone=None" if "weights_backbone" in builder else ""
    return f'models.get_model("{name}", weights=None{backbone}{_after(arguments)})'


def _call(text: str) -> tuple[str, str]:
    """Split ``Net(3, width=8)`` into its name and its arguments; neither is evaluated."""
    name, _, rest = text.strip().partition("(")
    arguments = rest.rstrip().removesuffix(")")
    try:
        ast.parse(f"f({arguments})", mode="eval")
    except SyntaxError:
        return name.strip(), ""
    return name.strip(), arguments


def _after(arguments: str) -> str:
    return f", {arguments}" if arguments else ""
