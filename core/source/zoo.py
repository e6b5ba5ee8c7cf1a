"""The models that can be opened by name, with what their metadata says; none of them is built."""

from dataclasses import dataclass
from typing import Any

from core.source import torchvision
from core.source.timm import library


@dataclass(frozen=True)
class ModelEntry:
    """One model. ``score`` (in percent) is what ``metric`` says: top-1 accuracy, box mAP, mIoU.

    ``parameters``, ``gflops`` and the rest are of its default weights, ``None`` where it has none.
    """

    name: str
    task: str
    source: str
    parameters: int | None = None
    gflops: float | None = None
    score: float | None = None
    metric: str = ""
    weights: tuple[str, ...] = ()
    size_mb: float | None = None


def models(search: str = "") -> list[ModelEntry]:
    """Return the models whose name or task holds every word of ``search``.

    timm's come where ``search`` begins with ``timm:``. Raises SourceError if timm is missing then.
    """
    if search.strip().startswith("timm:"):
        pattern = search.strip().removeprefix("timm:").strip()
        found = library().list_models(f"*{pattern}*" if pattern else "")
        return [ModelEntry(name, "classification", f"timm:{name}") for name in found]
    words = search.lower().split()
    entries = [_entry(name) for name in torchvision.names()]
    return [e for e in entries if all(word in f"{e.name} {e.task}".lower() for word in words)]


def _entry(name: str) -> ModelEntry:
    enum = torchvision.weights_of(name)
    source, task = f"torchvision:{name}", torchvision.task(name)
    if enum is None or not len(enum):
        return ModelEntry(name, task, source)
    meta = enum.DEFAULT.meta
    metric, score = _score(meta.get("_metrics") or {})
    return ModelEntry(
        name,
        task,
        source,
        meta.get("num_params"),
        meta.get("_ops"),
        score,
        metric,
        tuple(each.name for each in enum),
        meta.get("_file_size"),
    )


def _score(metrics: dict[str, Any]) -> tuple[str, float | None]:
    for values in metrics.values():
        for name in ("acc@1", "box_map", "miou", "kp_map"):
            if name in values:
                return name, float(values[name])
    return "", None
