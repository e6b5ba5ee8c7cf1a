"""Take the pictures of the README and the guide: ``make pictures``, into ``resources/pictures/``.

Every picture is of the real window, offscreen. ``--all`` takes each in light and dark, 1x and 2x,
into a folder of one's own choice, to be looked at before a release.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
SIZE = (1280, 800)
#: The scenes that the README shows.
SHOWN = ("drag", "changed", "checkpoint", "explore", "dataflow")
HEAD = "fc = Sequential(fc1=Linear(2048, 128), relu=ReLU(), drop=Dropout(0.5), fc2=Linear(128, 10))"


def empty(window, ready):
    """The start page."""


def model(window, ready):
    """resnet50, its fc selected."""
    opened(window, ready)
    window.desk.select(("fc",))


def changed(window, ready):
    """The tutorial's head in its place, and what became of the weights."""
    opened(window, ready)
    window.desk.ask(HEAD)
    ready()
    window.docks["weights"].raise_()
    window.tree.view.expand(window.tree.model.index_of("fc"))
    window.desk.select(("fc.fc2",))


def drag(window, ready):
    """A layer over fc, and what letting go would do."""
    from PySide6.QtCore import QPoint, Qt
    from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent
    from PySide6.QtWidgets import QApplication

    from app import mime

    opened(window, ready)
    view = window.tree.view
    at = view.visualRect(view.model().index_of("fc")).center() - QPoint(20, 0)
    window.dragged = mime.of_layer("preset:mlp")
    both = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    rest = (at, both, window.dragged, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(view.viewport(), QDragEnterEvent(*rest))
    QApplication.sendEvent(view.viewport(), QDragMoveEvent(*rest))


def problem(window, ready):
    """A convolution that does not fit any more, and what repairs it."""
    opened(window, ready)
    window.desk.ask("layer1.0.conv2 = Conv2d(64, 100, 3, padding=1)")
    ready()
    window.problems.next_problem()


def inspector(window, ready):
    """A convolution in the inspector."""
    opened(window, ready)
    window.desk.select(("conv1",))


def zoo(window, ready):
    """The sheet that opens a model, over the window."""
    window.commands.open_model()
    ready()
    return window.findChild(sys.modules["app.dialogs.open_model"].OpenDialog)


def checkpoint(window, ready, page=1):
    """A training checkpoint with another head, matched to resnet50."""
    from app.dialogs.load import LoadSheet

    opened(window, ready)
    window.commands.checkpoints.load(trained())
    ready()
    sheet = window.findChild(LoadSheet)
    sheet.pages.setCurrentIndex(page)
    return sheet


def file(window, ready):
    """What a file is, before any model is open."""
    from app.dialogs.load import LoadSheet

    window.commands.checkpoints.load(trained())
    ready()
    return window.findChild(LoadSheet)


def place(window, ready):
    """Where the model goes, and the code for it."""
    return checkpoint(window, ready, page=2)


def save(window, ready):
    """The sheet that saves."""
    from app.dialogs.save import SaveSheet

    opened(window, ready)
    window.settings.folder = trained().parent
    window.commands.checkpoints.save()
    ready()
    return window.findChild(SaveSheet)


def explore(window, ready):
    """A convolution of the file in the explorer."""
    from app.explorer import ExplorerWindow

    window.commands.checkpoints.explore(trained())
    explorer = window.findChild(ExplorerWindow)
    ready(lambda: explorer.contents is not None)
    explorer.select("model.module.layer1.0.conv2.weight")
    return explorer


def compare(window, ready):
    """What a little training has changed, by module."""
    from app.dialogs.compare import CompareSheet

    opened(window, ready)
    window.commands.checkpoints.compare()
    sheet = window.findChild(CompareSheet)
    sheet.before.setText(str(trained()))
    sheet.use_model.click()
    sheet.compare.click()
    ready(lambda: sheet.job is None)
    return sheet


def danger(window, ready):
    """A whole model that would run code."""
    from app.dialogs.danger import DangerSheet
    from core.files.contents import Named

    names = (
        Named("posix.system", "would run code", "runs a shell command"),
        Named("their_nets.MyNet", "would run code", "of their_nets, which loading would import"),
    )
    sheet = DangerSheet(Path("downloaded.pth"), names, window.settings, window)
    sheet.show()
    return sheet


def dataflow(window, ready):
    """What a block does, after one of its tensors was made an output."""
    import core

    opened(window, ready)
    window.desk.ask(core.AddOutput("", "layer2", "features"))
    ready(lambda: window.desk.state.cursor == 1)
    window.commands.flow.show()
    window.desk.select(("layer2.0",))
    ready(lambda: not window.turns.waiting)


def trained() -> Path:
    """A file as two GPUs write it: another head, Adam's state, an epoch."""
    import torch
    from torchvision.models import resnet50

    path = Path(tempfile.gettempdir()) / "modelwright-pictures" / "birds_epoch37.pth"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        torch.manual_seed(0)
        net = resnet50(num_classes=10)
        optimizer = torch.optim.Adam(net.parameters())
        net(torch.randn(2, 3, 64, 64)).sum().backward()
        optimizer.step()
        state = {
            "model": torch.nn.DataParallel(net).state_dict(),
            "optimizer": optimizer.state_dict(),
            "epoch": 37,
            "args": {"lr": 0.1, "data": "birds"},
        }
        torch.save(state, path)
    return path


SCENES: dict[str, Callable] = {
    each.__name__: each
    for each in (
        empty, model, changed, drag, problem, inspector, zoo, file, checkpoint, place, save,
        explore, compare, danger, dataflow,
    )
}  # fmt: skip


def opened(window, ready):
    from app.screenshot import is_ready

    window.commands.open_source("resnet50")
    ready(lambda: is_ready(window))


def take(scene: str, theme: str, path: Path) -> None:
    """Show a scene in a window of its own and save it."""
    from app import start, theme as themes
    from app.screenshot import wait_until

    with tempfile.TemporaryDirectory() as folder:
        application, window = start.make(Path(folder) / "settings.ini")
        themes.apply(application, theme)
        window.resize(*SIZE)
        window.show()

        def ready(more=lambda: True):
            wait_until(
                lambda: (
                    window.whole and not window.jobs.running and not window.turns.waiting and more()
                )
            )

        ready()
        shown = SCENES[scene](window, ready) or window
        ready()
        shown.grab().save(str(path))
        window.desk.close()
        window.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--all", type=Path, help="Every scene, theme and scale, into this folder.")
    parser.add_argument("--one", nargs=3, metavar=("SCENE", "THEME", "FILE"))
    chosen = parser.parse_args()
    if chosen.one:
        take(chosen.one[0], chosen.one[1], Path(chosen.one[2]))
        return
    folder = chosen.all or HERE / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    themes, scales = (("light", "dark"), (1, 2)) if chosen.all else (("light",), (1,))
    scenes = SCENES if chosen.all else {n: SCENES[n] for n in SHOWN}
    for scene in scenes:
        for theme in themes:
            for scale in scales:
                name = f"{scene}-{theme}-{scale}x.png" if chosen.all else f"{scene}.png"
                at = folder / name
                environment = {
                    **os.environ, "QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": str(scale),
                }  # fmt: skip
                command = [sys.executable, __file__, "--one", scene, theme, str(at)]
                subprocess.run(command, check=True, env=environment)
                print(at)


if __name__ == "__main__":
    main()
