"""The code in a file as it was read at one moment: what is shown, agreed to and run.

A file may be written between the question and the yes. So the yes belongs to the bytes, which are
read once, and never to the path alone.
"""

from dataclasses import dataclass, field
from pathlib import Path

from core.errors import SourceError


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

    def agrees_to(self, other: "Code") -> bool:
        """Say whether a yes to this code is one to ``other``, too.

        It is none to the code of another file. Raises SourceError if it is this file, changed.
        """
        if self.path != other.path:
            return False
        if self.data != other.data:
            raise SourceError(f"{other.path} changed since you looked at it; look again.")
        return True
