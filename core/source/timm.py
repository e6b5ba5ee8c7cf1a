"""timm's models by name, where timm is installed."""

from typing import Any

from torch import nn

from core.document import Document, InputSpec
from core.errors import SourceError, nearest
from core.source.building import Plan, opened
from core.source.calls import Call, parse_call
from core.source.inputs import guessed
from core.source.registry import Request, opener

_PREFIX = "timm:"


@opener("timm", matches=lambda text: text.startswith(_PREFIX), form="timm:NAME")
def _open(request: Request) -> Document:
    timm = library()
    call = parse_call(request.text.removeprefix(_PREFIX))
    if not timm.is_model(call.name):
        known = timm.list_models()
        raise SourceError(f"timm has no model '{call.name}'.{nearest(call.name, known)}")
    if request.pretrained and request.structure:
        raise SourceError("Pretrained weights and structure only contradict each other; drop one.")
    pretrained = bool(request.pretrained)
    tag = f".{request.pretrained}" if isinstance(request.pretrained, str) and (
        request.pretrained != "DEFAULT"
    ) else ""  # fmt: skip

    def build() -> nn.Module:
        name = call.name + tag
        try:
            model: nn.Module = timm.create_model(
                name, *call.args, pretrained=pretrained, **call.kwargs
            )
        except OSError as error:
            raise SourceError(
                f"The pretrained weights of {name} could not be downloaded: {error}. Go on without."
            ) from error
        return model

    weights = (tag.lstrip(".") or "DEFAULT") if pretrained else None
    text = _PREFIX + str(Call(call.name, call.args, call.kwargs))
    return opened(request, Plan(text, "timm", build, _inputs, weights))


def library() -> Any:
    """Return timm; raises :class:`~core.errors.SourceError` where it is not installed."""
    try:
        import timm
    except Exception as error:
        raise SourceError(
            f"timm is not available here ({error}). Install it with: pip install timm"
        ) from error
    return timm


def _inputs(root: nn.Module) -> tuple[InputSpec, ...]:
    config = getattr(root, "pretrained_cfg", None) or {}
    size = config.get("input_size")
    return (InputSpec("x", (1, *size)),) if size else guessed(root)
