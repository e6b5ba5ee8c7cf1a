"""Both palettes can be read: every text on every ground it stands on, computed."""

import itertools

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from app import theme

Role, Group = QPalette.ColorRole, QPalette.ColorGroup
GROUNDS = {
    Role.WindowText: (Role.Window,),
    Role.Text: (Role.Base, Role.AlternateBase),
    Role.ButtonText: (Role.Button, Role.Window),
    Role.PlaceholderText: (Role.Base,),
    Role.HighlightedText: (Role.Highlight,),
    Role.ToolTipText: (Role.ToolTipBase,),
    Role.Link: (Role.Window, Role.Base),
    Role.LinkVisited: (Role.Window, Role.Base),
    Role.BrightText: (Role.Window, Role.Base),
}
PAIRS = [(text, ground) for text, grounds in GROUNDS.items() for ground in grounds]
TEXT_TONES = ("new", "changed", "problem", "good", "muted", "accent")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_stands_out_from_its_ground(
    text: QPalette.ColorRole, ground: QPalette.ColorRole, dark: bool
) -> None:
    palette = theme.palette(dark)
    assert theme.contrast(palette.color(text), palette.color(ground)) >= 4.5


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("group", [Group.Active, Group.Inactive, Group.Disabled])
def test_what_cannot_be_done_now_can_still_be_read(group: QPalette.ColorGroup, dark: bool) -> None:
    palette = theme.palette(dark)
    for text, ground in [(Role.WindowText, Role.Window), (Role.Text, Role.Base),
                         (Role.ButtonText, Role.Window)]:  # fmt: skip
        shown = theme.contrast(palette.color(group, text), palette.color(group, ground))
        assert shown >= (3.0 if group == Group.Disabled else 4.5)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("tone", TEXT_TONES)
def test_tones_can_be_read_on_every_ground(tone: theme.Tone, dark: bool) -> None:
    palette = theme.palette(dark)
    surface = QColor(theme.TONES["surface"][dark])
    grounds = [palette.color(r) for r in (Role.Base, Role.AlternateBase, Role.Window)]
    for ground in [*grounds, surface]:
        assert theme.contrast(theme.tone(tone, palette), ground) >= 4.5


def test_the_theme_is_switched_at_run_time(qapp: QApplication) -> None:
    theme.apply(qapp, "dark")
    assert theme.is_dark()
    theme.apply(qapp, "light")
    assert not theme.is_dark()
    theme.apply(qapp, "system")
    assert not theme.is_dark()  # offscreen, no desktop says anything


def test_contrast_is_what_the_standard_says() -> None:
    black, white = QColor("#000000"), QColor("#ffffff")
    assert theme.contrast(black, white) == pytest.approx(21)
    assert theme.contrast(white, white) == pytest.approx(1)
    for first, second in itertools.permutations([black, white, QColor("#777777")], 2):
        assert theme.contrast(first, second) == theme.contrast(second, first)
