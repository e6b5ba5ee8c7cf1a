"""What is dragged and copied: layers of the palette, modules of the tree, files from outside."""

from pathlib import Path

from PySide6.QtCore import QMimeData

#: A layer's name in the catalog, or ``preset:NAME``.
LAYER = "application/x-modelwright-layer"
#: Paths of modules of the open document, one a line; their layer specs go along as plain text.
MODULES = "application/x-modelwright-modules"
#: The file that work is kept in (:mod:`core.project`).
PROJECT = ".modelwright"
#: How files of weights are mostly called; what one is, is seen from what stands in it.
WEIGHTS = (".pth", ".pt", ".pkl", ".bin", ".ckpt", ".safetensors", ".onnx", ".pt2")
#: The same for a dialog that asks for files.
CHECKPOINTS = "Checkpoints (" + " ".join(f"*{each}" for each in WEIGHTS) + " *.index.json)"


def of_layer(name: str) -> QMimeData:
    """Pack a layer of the palette."""
    made = QMimeData()
    made.setData(LAYER, name.encode())
    made.setText(name.removeprefix("preset:"))
    return made


def layer_in(data: QMimeData) -> str | None:
    """Return the layer's name (or ``preset:NAME``), if that is what is in there."""
    return bytes(data.data(LAYER).data()).decode() if data.hasFormat(LAYER) else None


def of_modules(paths: list[str], specs: str) -> QMimeData:
    """Pack modules of the open document; ``specs`` is what another program gets as text."""
    made = QMimeData()
    made.setData(MODULES, "\n".join(paths).encode())
    made.setText(specs)
    return made


def modules_in(data: QMimeData) -> list[str]:
    """Return the paths of modules, if that is what is in there."""
    if not data.hasFormat(MODULES):
        return []
    return bytes(data.data(MODULES).data()).decode().split("\n")


def files_in(data: QMimeData) -> list[Path]:
    """Return the files and folders from outside, whatever their suffix: one looks into them."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
