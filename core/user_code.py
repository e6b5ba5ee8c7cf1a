"""The user's own Python: bytes that were read once, agreed to, and run.

A file may be written between the question and the yes. So the yes belongs to the bytes, which are
read once, and never to the path alone.
"""

import hashlib
import importlib.util
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from core.errors import ModelwrightError, SourceError


@dataclass(frozen=True)
class Code:
    """Bytes of Python, and the path they came from."""

    path: Path
    data: bytes = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> "Code":
        """Read a file; raises :class:`OSError`."""
        return cls(path, path.read_bytes())

    @classmethod
    def there(cls, path: Path) -> "Code":
        """Read a file; what cannot be read, such as a package without one, is no code."""
        try:
            return cls.read(path)
        except OSError:
            return cls(path, b"")

    @property
    def digest(self) -> str:
        """What the bytes are known by."""
        return hashlib.sha256(self.data).hexdigest()

    def agrees_to(self, other: "Code") -> bool:
        """Say whether a yes to this code is one to ``other``, too.

        It is none to the code of another file. Raises SourceError if it is this file, changed.
        """
        if self.path != other.path:
            return False
        if self.data != other.data:
            raise SourceError(f"{other.path} changed since you looked at it; look again.")
        return True


def imported(code: Code, *, goes_along: bool = False) -> ModuleType:
    """Run the code and return its module; its folder is importable meanwhile.

    The file is not read again, nor what Python kept compiled of it: either may be other code than
    was agreed to. The module's name depends on the path alone, so that what is pickled can be
    found again. Code that ``goes_along`` is written out with a model instead of imported; its name
    depends on the bytes too, so that models made of an older version keep that. Raises SourceError.
    """
    path, place = code.path, code.path.resolve()
    known_by = str(place).encode() + (code.data if goes_along else b"")
    name = f"{place.stem}_{hashlib.sha256(known_by).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    # What was agreed to, for a process that has to make the same module: the file may change.
    vars(module)["__trusted_code__"] = code.data
    vars(module)["__goes_along__"] = goes_along
    before = sys.modules.get(name)
    sys.modules[name] = module
    sys.path.insert(0, str(place.parent))
    try:
        compiled = compile(code.data, str(place), "exec", dont_inherit=True)
        exec(compiled, vars(module))
    except ModelwrightError:
        raise
    except BaseException as error:
        sys.modules.pop(name)
        if before is not None:
            sys.modules[name] = before
        if isinstance(error, KeyboardInterrupt):
            raise
        raise SourceError(_raised(path, place, error)) from error
    finally:
        sys.path.remove(str(place.parent))
    return module


def code_of(thing: Any) -> Code | None:
    """Return the code of the user's that a class or function was made by, if it was run here."""
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    data = vars(module).get("__trusted_code__") if module is not None else None
    return None if data is None else Code(Path(str(getattr(module, "__file__", ""))), data)


def goes_along(thing: Any) -> bool:
    """Say whether a class or function is one whose code is written out with the model."""
    module = sys.modules.get(getattr(thing, "__module__", None) or "")
    return module is not None and bool(vars(module).get("__goes_along__"))


def _raised(path: Path, place: Path, error: BaseException) -> str:
    lines = [
        f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(place)
    ]
    where = f", line {lines[-1]}" if lines else ""
    text = str(error).strip() or "without a message"
    return f"{path}{where} raised {type(error).__name__} while being imported: {text}"
