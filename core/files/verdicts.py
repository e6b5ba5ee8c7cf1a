"""Whether a name in a pickle is harmless: a short list of what is, and everything else."""

import re
from collections.abc import Mapping

from core.files.building import MAKERS, PARTS, STORAGES
from core.files.contents import Named

_PLAIN = {
    "argparse.Namespace": "plain settings",
    "torch.nn.parameter.Parameter": "a parameter",
    "torch.nn.parameter.Buffer": "a buffer",
    "torch.Tensor": "a tensor",
    "builtins.set": "plain data", "builtins.frozenset": "plain data", "builtins.dict": "plain data",
    "builtins.list": "plain data", "builtins.tuple": "plain data", "builtins.int": "plain data",
    "builtins.float": "plain data", "builtins.complex": "plain data",
    "builtins.bytearray": "plain data", "builtins.slice": "plain data",
    "builtins.range": "plain data", "builtins.object": "plain data",
    "__builtin__.set": "plain data", "__builtin__.object": "plain data",
    "copyreg._reconstructor": "rebuilds an object of a class that is named too",
    "copy_reg._reconstructor": "rebuilds an object of a class that is named too",
    "pathlib.PosixPath": "a path", "pathlib.WindowsPath": "a path",
    "pathlib.PurePosixPath": "a path", "pathlib._local.PosixPath": "a path",
    "torch.serialization._get_layout": "how a tensor is laid out",
    "datetime.datetime": "a date", "datetime.date": "a date", "datetime.timedelta": "a time span",
    "numpy.ndarray": "an array", "numpy.dtype": "an array's dtype",
    "numpy.core.multiarray._reconstruct": "an array",
    "numpy._core.multiarray._reconstruct": "an array",
    "numpy.core.multiarray.scalar": "a number", "numpy._core.multiarray.scalar": "a number",
}  # fmt: skip
_MODULES = re.compile(
    r"^(torch\.nn\.(modules|parallel)|torchvision\.(models|ops))\.[\w.]+\.[A-Z]\w*$"
)
_DISTRIBUTED = re.compile(r"^torch\.distributed\.checkpoint\.(metadata|filesystem)\.\w+$")
_TENSORS = re.compile(r"^torch\.(cuda\.)?[A-Z]\w*(Tensor|Storage)$")
_OPTIMIZERS = re.compile(r"^torch\.optim\.(\w+\.)*[A-Z]\w*$")
_DTYPES = re.compile(r"^torch\.(b?float|u?int|bool|complex|q?u?int)\w*$")
_FAMOUS = (
    (re.compile(r"^(os|posix|nt)\.(system|popen|exec\w*|spawn\w*)$"), "runs a shell command"),
    (re.compile(r"^(os|posix|nt|shutil|pathlib)\."), "reaches files and processes"),
    (re.compile(r"^subprocess\."), "starts a program"),
    (re.compile(r"^(builtins|__builtin__)\.(eval|exec|compile|__import__)$"), "runs Python code"),
    (re.compile(r"^(builtins|__builtin__)\.(getattr|setattr|open)$"), "reaches anything by name"),
    (re.compile(r"^(runpy|importlib|imp|pkgutil|code|pty)\."), "runs or imports other code"),
    (re.compile(r"^torch\.(load|hub|serialization|storage)\b"), "unpickles again, without a check"),
    (
        re.compile(r"^(pickle|_pickle|marshal|dill|cloudpickle)\."),
        "unpickles again, without a check",
    ),
    (re.compile(r"^(socket|urllib|requests|http|webbrowser)\b"), "reaches the network"),
    (re.compile(r"^functools\.partial$"), "calls another function later"),
    (re.compile(r"^__main__\."), "a class of the script that saved it"),
)


def verdicts(names: Mapping[str, bool]) -> tuple[Named, ...]:
    """Return each name with its verdict, the dangerous ones first."""
    found = [_verdict(name, called) for name, called in names.items()]
    return tuple(sorted(found, key=lambda each: each.verdict == "known"))


def _verdict(name: str, called: bool) -> Named:
    if name in MAKERS or name in PARTS or name in STORAGES or _DTYPES.match(name):
        return Named(name, "known", "plain data", called)
    if name in _PLAIN:
        return Named(name, "known", _PLAIN[name], called)
    if _MODULES.match(name):
        return Named(name, "known", "a module of PyTorch", called)
    if name.startswith("__torch__."):
        return Named(name, "known", "a part of a TorchScript model", called)
    if _TENSORS.match(name):
        return Named(name, "known", "a kind of tensor", called)
    if _DISTRIBUTED.match(name):
        return Named(name, "known", "says where the parts of a checkpoint stand", called)
    if _OPTIMIZERS.match(name):
        return Named(name, "known", "an optimizer or scheduler of PyTorch", called)
    for pattern, why in _FAMOUS:
        if pattern.match(name):
            return Named(name, "would run code", why, called)
    package = name.partition(".")[0]
    return Named(
        name, "would run code", f"of {package}, which loading would import and call", called
    )
