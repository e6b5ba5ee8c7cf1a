"""An import path: ``package.module:factory(num_classes=3)``."""

import functools
import importlib
import importlib.util
import re
from pathlib import Path

from core.document import Document
from core.errors import NotTrusted, SourceError, nearest
from core.source.building import Plan, opened
from core.source.calls import missing, parse_call
from core.source.registry import Request, opener
from core.user_code import Code

_FORM = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<call>[A-Za-z_].*)", re.S)

#: Packages whose import runs nothing but what their name promises.
KNOWN = frozenset(
    {"torch", "torchvision", "timm", "transformers", "core", "segmentation_models_pytorch"}
)


@opener(
    "import", matches=lambda text: _FORM.fullmatch(text) is not None,
    form="an import path (package.module:factory())",
)  # fmt: skip
def _open(request: Request) -> Document:
    request.refuse_pretrained("a factory of your own")
    form = _FORM.fullmatch(request.text)
    assert form is not None
    name, call = form["module"], parse_call(form["call"])
    package = name.partition(".")[0]
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        raise SourceError(f"There is no package '{package}' to import {name} from.")
    home = Code.there(Path(spec.origin or package))
    if package not in KNOWN and not request.trusts(home):
        raise NotTrusted(
            f"Opening {request.text} imports {package}, which runs its code, and nobody has"
            " allowed that. Say that you trust it (--trust).",
            home.path,
            home.data,
        )
    try:
        module = importlib.import_module(name)
    except Exception as error:
        raise SourceError(f"{name} could not be imported: {error}") from error
    factory = getattr(module, call.name, None)
    if factory is None or not callable(factory):
        raise SourceError(f"{name} has no factory '{call.name}'.{nearest(call.name, vars(module))}")
    needed = missing(factory, call)
    if needed:
        raise SourceError(
            f"{name}:{call.name} needs {' and '.join(needed)}; give them in parentheses."
        )
    build = functools.partial(factory, *call.args, **call.kwargs)
    return opened(request, Plan(f"{name}:{call}", "import", build))
