"""What is remembered from one run to the next: theme, recent models, favourites, layout.

An INI file of the user's. One that is damaged is kept aside and forgotten about: nothing in it is
worth not starting for.
"""

import os
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings, QStandardPaths

from app.theme import Theme

_MOST_RECENT = 12
#: Layouts of another version name docks that are not there, or not the ones that are.
_LAYOUT_VERSION = 1
_THEMES: tuple[Theme, ...] = ("system", "light", "dark")


class Settings:
    """Typed access to the file at ``path``; values of the wrong kind count as not there."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or _usual_path()
        self.complaint = ""
        self._kept = QSettings(str(self.path), QSettings.Format.IniFormat)
        self._kept.sync()
        if self._kept.status() == QSettings.Status.FormatError or _is_damaged(self.path):
            self._put_aside()

    def _put_aside(self) -> None:
        aside = self.path.with_suffix(self.path.suffix + ".damaged")
        try:
            os.replace(self.path, aside)
            self.complaint = f"The settings in {self.path} were damaged; they are now in {aside}."
        except OSError:
            self.complaint = f"The settings in {self.path} are damaged and are not used."
        self._kept = QSettings(str(self.path), QSettings.Format.IniFormat)

    @property
    def theme(self) -> Theme:
        """``system``, ``light`` or ``dark``."""
        found = self._kept.value("theme")
        return next((each for each in _THEMES if each == found), "system")

    @theme.setter
    def theme(self, name: Theme) -> None:
        self._kept.setValue("theme", name)

    @property
    def recent(self) -> list[str]:
        """The sources opened last, newest first."""
        return self._texts("recent")[:_MOST_RECENT]

    def note_recent(self, source: str) -> None:
        """Put a source on top of the recent ones."""
        others = [each for each in self.recent if each != source]
        self._kept.setValue("recent", [source, *others][:_MOST_RECENT])

    def forget_one(self, source: str) -> None:
        """Take one source off the recent ones."""
        self._kept.setValue("recent", [each for each in self.recent if each != source])

    def forget_recent(self) -> None:
        """Forget what was opened and used."""
        self._kept.remove("recent")
        self._kept.remove("recent_layers")

    @property
    def allowed(self) -> dict[str, tuple[str, ...]]:
        """What files may call when they are opened: SHA-256 of a file -> its name, then names."""
        self._kept.beginGroup("allowed")
        digests = self._kept.childKeys()
        self._kept.endGroup()
        found = {digest: self._texts(f"allowed/{digest}") for digest in digests}
        return {digest: tuple(texts) for digest, texts in found.items() if len(texts) > 1}

    def allow(self, digest: str, file: str, names: tuple[str, ...]) -> None:
        """Remember that the file with this content may call these."""
        self._kept.setValue(f"allowed/{digest}", [file, *names])

    def disallow(self, digest: str) -> None:
        """Forget what a file may call; it asks again."""
        self._kept.remove(f"allowed/{digest}")

    @property
    def favourites(self) -> list[str]:
        """The layers marked with a star."""
        return self._texts("favourites")

    @favourites.setter
    def favourites(self, names: list[str]) -> None:
        self._kept.setValue("favourites", list(names))

    @property
    def recent_layers(self) -> list[str]:
        """The layers placed last, newest first."""
        return self._texts("recent_layers")[:_MOST_RECENT]

    @recent_layers.setter
    def recent_layers(self, names: list[str]) -> None:
        self._kept.setValue("recent_layers", list(names)[:_MOST_RECENT])

    @property
    def folder(self) -> Path:
        """Where files were last opened or saved."""
        found = self._kept.value("folder")
        if isinstance(found, str) and found and _is_folder(Path(found)):
            return Path(found)
        try:
            return Path.cwd()
        except OSError:  # it was deleted behind the program's back
            return Path.home()

    @folder.setter
    def folder(self, path: Path) -> None:
        self._kept.setValue("folder", str(path))

    @property
    def geometry(self) -> bytes:
        """Size and place of the window, as Qt writes it."""
        return self._bytes("geometry")

    @geometry.setter
    def geometry(self, data: bytes) -> None:
        self._keep_layout("geometry", data)

    @property
    def docks(self) -> bytes:
        """Where the docks are, as Qt writes it."""
        return self._bytes("docks")

    @docks.setter
    def docks(self, data: bytes) -> None:
        self._keep_layout("docks", data)

    def sync(self) -> None:
        """Write the file; where that cannot be done, the settings last as long as the program."""
        self._kept.sync()

    def _texts(self, key: str) -> list[str]:
        found: Any = self._kept.value(key)
        if isinstance(found, str):  # a list of one comes back as its one text
            found = [found]
        texts = found if isinstance(found, list) else []
        return [each for each in texts if isinstance(each, str) and each]

    def _keep_layout(self, key: str, data: bytes) -> None:
        if not self._knows_layout():  # the other part is of another version: it must not stay
            self._kept.remove("geometry")
            self._kept.remove("docks")
        self._kept.setValue("layout_version", _LAYOUT_VERSION)
        self._kept.setValue(key, QByteArray(data))

    def _knows_layout(self) -> bool:
        return str(self._kept.value("layout_version")) == str(_LAYOUT_VERSION)

    def _bytes(self, key: str) -> bytes:
        found = self._kept.value(key)
        known = self._knows_layout() and isinstance(found, QByteArray)
        return bytes(found.data()) if known else b""


def _usual_path() -> Path:
    chosen = os.environ.get("MODELWRIGHT_SETTINGS")
    if chosen:
        return Path(chosen)
    location = QStandardPaths.StandardLocation.GenericConfigLocation
    return Path(QStandardPaths.writableLocation(location)) / "modelwright" / "settings.ini"


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # too long a name, or one no file system takes
        return False


def _is_damaged(path: Path) -> bool:
    """Qt takes most garbage for an empty file; bytes that are no text are what a crash leaves."""
    try:
        text = path.read_bytes().decode("utf-8-sig")  # an editor may have put a mark in front
    except UnicodeDecodeError:
        return True
    except OSError:
        return False
    lines = [line.strip() for line in text.splitlines()]
    said = [line for line in lines if line and not line.startswith((";", "#"))]
    return "\0" in text or any("=" not in line and line[0] != "[" for line in said)
