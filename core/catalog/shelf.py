"""The folder of the user's own blocks: which files lie there, which may run, what they define.

What runs is what somebody agreed to: the digests of those bytes lie beside the files. A file that
came or changed by other ways is listed, and not run.
"""

import ast
import json
import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from torch import nn

from core.errors import ModelwrightError, SourceError
from core.files.writing import atomic_write
from core.user_code import Code, imported

#: Where the blocks are, for tests and for teams that share a folder.
VARIABLE = "MODELWRIGHT_BLOCKS"
_AGREED = "agreed.json"

#: What each code that was run defines, or why it could not be run.
_defined: dict[Code, Mapping[str, type[nn.Module]] | SourceError] = {}
_lock = threading.RLock()


def blocks_folder() -> Path:
    """Return the folder of the user's own blocks; it need not exist."""
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "modelwright" / "blocks"


def codes() -> list[Code]:
    """Return the code of every file on the shelf, by name."""
    folder = blocks_folder()
    if not folder.is_dir():
        return []
    return [Code.there(path) for path in sorted(folder.glob("*.py"))]


def is_agreed(code: Code) -> bool:
    """Say whether somebody agreed to these very bytes."""
    return code.digest in _agreed()


def agree(code: Code) -> None:
    """Remember that this code may run; raises :class:`~core.errors.SaveRefused`."""
    _write({**_agreed(), code.digest: code.path.name})


def disagree(code: Code) -> None:
    """Forget that this code may run, unless another file has the same."""
    _write({digest: name for digest, name in _agreed().items() if digest != code.digest})


def written_names(code: Code) -> tuple[str, ...]:
    """Return the blocks that some code says it defines, without running it.

    These are the names in ``__all__``, or else its classes. Raises SourceError for what is no
    Python.
    """
    path = code.path
    try:
        tree = ast.parse(code.data, filename=str(path))
    except SyntaxError as error:
        raise SourceError(f"{path}, line {error.lineno}: {error.msg}. It is no Python.") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise SourceError(f"{path} could not be read: {error}.") from error
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                try:
                    return tuple(str(each) for each in ast.literal_eval(value))
                except (ValueError, TypeError):
                    break
    classes = (node.name for node in tree.body if isinstance(node, ast.ClassDef))
    return tuple(name for name in classes if not name.startswith("_"))


def summary(code: Code) -> str:
    """Return the first line of the file's docstring, or ``""``."""
    try:
        told = ast.get_docstring(ast.parse(code.data)) or ""
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return told.partition("\n")[0].strip()


def defined(code: Code) -> Mapping[str, type[nn.Module]]:
    """Run code that was agreed to, once, and return its blocks; raises SourceError."""
    with _lock:
        if code not in _defined:
            try:
                _defined[code] = _run(code)
            except ModelwrightError as error:
                _defined[code] = SourceError(str(error))
        found = _defined[code]
    if isinstance(found, SourceError):
        raise SourceError(str(found))
    return found


def _run(code: Code) -> Mapping[str, type[nn.Module]]:
    wanted = written_names(code)
    module = imported(code, goes_along=True)
    found = {name: getattr(module, name, None) for name in wanted}
    blocks = {
        name: cls
        for name, cls in found.items()
        if isinstance(cls, type) and issubclass(cls, nn.Module)
    }
    if not blocks:
        raise SourceError(
            f"{code.path} defines no class of torch.nn.Module, so there is no block in it."
        )
    return blocks


def _agreed() -> dict[str, str]:
    try:
        found = json.loads((blocks_folder() / _AGREED).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(agreed: Mapping[str, str]) -> None:
    with atomic_write(blocks_folder() / _AGREED) as file:
        file.write(json.dumps(agreed, indent=1, sort_keys=True).encode())
