"""The program's first moments, each in a process of its own."""

import os
import subprocess
import sys

import pytest


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "QT_QPA_PLATFORM": "offscreen", **environment}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=variables, timeout=120
    )


@pytest.mark.parametrize("module", ["main_window", "commands", "start", "main_job", "screenshot"])
def test_the_window_needs_no_torch_to_be_there(module: str) -> None:
    done = run(f"import app.{module}, sys; sys.exit('torch' in sys.modules)")
    assert done.returncode == 0, done.stderr


def test_the_window_is_painted_before_torch_is_imported() -> None:
    done = run(
        "import sys, tempfile, pathlib\n"
        "from app import start\n"
        "start.import_torch = lambda window: None\n"
        "application, window = start.make(pathlib.Path(tempfile.mkdtemp()) / 's.ini')\n"
        "window.show(); application.processEvents()\n"
        "assert not window.grab().isNull()\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert done.returncode == 0, done.stderr


def test_without_a_screen_it_is_said_what_can_be_done() -> None:
    variables = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    variables.pop("QT_QPA_PLATFORM", None)
    done = subprocess.run(
        [sys.executable, "-c", "from app.start import main; main()"],
        capture_output=True, text=True, env=variables, timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "no screen" in done.stderr


@pytest.mark.parametrize("arguments", [["work.modelwright"], ["show", "work.modelwright"]])
def test_a_project_alone_opens_the_window_as_a_double_click_has_it(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import core.cli
    from app import start

    opened: list[tuple[str, object]] = []
    monkeypatch.setattr(sys, "argv", ["modelwright", *arguments])
    monkeypatch.setattr(start, "run", lambda source="": opened.append(("window", source)))
    monkeypatch.setattr(core.cli, "main", lambda asked: opened.append(("terminal", asked)))
    if len(arguments) == 1:
        with pytest.raises(SystemExit):
            start.main()
        assert opened == [("window", "work.modelwright")]
    else:
        start.main()
        assert opened == [("terminal", arguments)]
