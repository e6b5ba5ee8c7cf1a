"""The main job, through the real window: resnet50 gets the tutorial's head and is taken home.

``make run`` opens the window on resnet50; where there is no screen, this does what a user would do
there, offscreen, and leaves a picture, the weights and the recipe in a folder.
"""

import os
import sys
import tempfile
from pathlib import Path

from app import start

HEAD = (
    "fc = Sequential(fc1=Linear(2048, 128), relu1=ReLU(), dropout1=Dropout(0.5),"
    " fc2=Linear(128, 10), output=Softmax(dim=1))"
)


def main(folder: Path) -> int:
    """Open the window, or without a screen do the job in it; return the exit status."""
    if start.has_screen():
        return start.run("resnet50")
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    print("There is no screen here: the main job runs through the window offscreen.")
    return offscreen(folder)


def offscreen(folder: Path) -> int:
    """Open resnet50, type the head, undo, redo, save; everything lands in ``folder``."""
    from PySide6.QtCore import Qt
    from PySide6.QtTest import QTest

    from app import screenshot

    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as settings:
        _, window = start.make(Path(settings) / "settings.ini")
        desk = window.desk
        said: list[str] = []
        desk.refused.connect(said.append)
        window.resize(1400, 900)
        window.show()
        screenshot.wait_until(lambda: window.whole)
        window.commands.open_source("resnet50")
        screenshot.wait_until(lambda: screenshot.is_ready(window) or said)
        window.commands.type_edit()
        line = window.tree.edit_field.line
        line.setText(HEAD)
        QTest.keyClick(line, Qt.Key.Key_Return)
        screenshot.wait_until(lambda: desk.state.cursor == 1 or said)
        desk.undo()
        desk.redo()
        screenshot.wait_until(lambda: screenshot.is_ready(window) or said)
        saved: list[Path] = []
        desk.saved.connect(saved.append)
        desk.save(folder / "resnet50_10.pth")
        desk.save_recipe(folder / "recipe.json")
        window.tree.view.expand(window.tree.model.index_of("fc"))
        screenshot.wait_until(lambda: saved or said)
        screenshot.wait_until(lambda: screenshot.is_ready(window) or said)
        status = screenshot.save(window, folder / "screenshot.png")
        window.close()
    if said:
        print(f"Refused: {said[0]}", file=sys.stderr)
        return 2
    print(f"The weights are in {folder / 'resnet50_10.pth'}; plain PyTorch strict-loads them.")
    print(f"The edits are in {folder / 'recipe.json'}: modelwright replay makes them again.")
    return status


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "out")))
