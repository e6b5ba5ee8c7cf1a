"""A U-Net by what it is to be: ``unet(encoder="resnet34", depth=4)``."""

from dataclasses import fields
from typing import Any

from core.blocks import Assembly
from core.document import Document
from core.errors import SourceError, nearest
from core.source.calls import head, parse_call
from core.source.registry import Request, opener, openers


@opener(
    "unet",
    matches=lambda text: head(text) == "unet",
    form='a U-Net (unet(encoder="resnet34", classes=2))',
    before="torchvision",
)
def _open(request: Request) -> Document:
    return openers["expression"].opens(request.about(str(_assembly(request.text))))


def _assembly(text: str) -> Assembly:
    call = parse_call(text)
    known = [each.name for each in fields(Assembly)]
    if len(call.args) > len(known):
        raise SourceError(f"unet takes {', '.join(known)}; {len(call.args)} arguments came.")
    given: dict[str, Any] = dict(zip(known, call.args, strict=False))
    for name, value in call.kwargs.items():
        if name not in known or name in given:
            said = "came twice" if name in given else "is no argument of it"
            hint = nearest(name, known) if name not in known else ""
            raise SourceError(f"unet takes {', '.join(known)}; {name} {said}.{hint}")
        given[name] = value
    if given.get("encoder") is not None and not isinstance(given["encoder"], str):
        raise SourceError(
            f'encoder is the name of a backbone, such as "resnet34"; {given["encoder"]!r} came.'
        )
    return Assembly(**given)
