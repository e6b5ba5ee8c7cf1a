"""Who may import whom, as the design draws it. A new arrow is a decision, made here."""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = sorted([*ROOT.glob("core/**/*.py"), *ROOT.glob("app/**/*.py")])

#: Room -> the rooms of core it may import. Every room may import itself and ``errors``.
ARROWS = {
    "core": {
        "analysis", "blocks", "catalog", "checkpoint", "dataflow", "document", "edits", "export",
        "files", "homes", "offered", "placement", "project", "session", "source", "statistics",
        "user_code",
    },  # the lazy tour
    "homes": set(),
    "errors": set(),
    "user_code": set(),
    "offered": {"user_code"},
    "document": set(),
    "blocks": {"document"},  # whose blocks are written out; the blocks themselves know only torch
    # user_code, files: the user's own blocks are files that are run, and written
    "catalog": {"document", "blocks", "user_code", "files"},
    "dataflow": {"document", "user_code"},  # what is written out, and not imported
    "edits": {"document", "catalog", "blocks", "dataflow"},
    # A repair is an edit; blocks: the stages of an encoder are told one by one.
    "analysis": {"document", "catalog", "edits", "dataflow", "blocks"},
    "files": set(),
    "checkpoint": {"document", "files", "blocks"},  # blocks: their source goes along
    # What a forward holds is told by the shapes; a re-wired class is sent to a process as its text.
    "placement": {"document", "analysis", "dataflow"},
    "statistics": {"document"},
    # files: what a whole model's pickle names; checkpoint: the tensors of one that is described
    "source": {"document", "catalog", "blocks", "files", "checkpoint", "offered", "user_code"},
    # What is taken home is the document, the way through it, its shapes and where it came from.
    # files: the code is put in its place as weights are
    "export": {
        "document", "catalog", "dataflow", "analysis", "checkpoint", "source", "blocks", "files",
        "user_code",
    },
    "recipe": {"document", "edits", "source", "checkpoint"},  # checkpoint: the atomic write
    # files: the weights beside a project are read, named and written as any are
    "project": {"document", "edits", "source", "checkpoint", "recipe", "files"},
    "session": {
        "document", "edits", "analysis", "checkpoint", "source", "recipe", "project", "export",
    },
    "cli": {
        "document", "blocks", "catalog", "dataflow", "edits", "analysis", "checkpoint", "files",
        "offered", "placement", "source", "recipe", "project", "session", "export",
    },
}  # fmt: skip


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def every_file(holds: Callable[[Path], None]) -> Callable[[], None]:
    """Make one test of what has to hold for each file; it names those for which it does not."""

    def test() -> None:
        broken = []
        for path in FILES:
            try:
                holds(path)
            except AssertionError as error:
                broken.append(f"{_named(path)}: {error}")
        assert not broken, "\n".join(broken)

    test.__name__, test.__doc__ = holds.__name__, holds.__doc__
    return test


def _room(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "core" if parts[:2] == ("core", "__init__") else parts[1]


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            assert node.module is not None
            yield node.module


def _named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@every_file
def test_core_knows_no_qt_and_no_app(path: Path) -> None:
    if path.relative_to(ROOT).parts[0] == "core":
        roots = {name.split(".")[0] for name in _imports(path)}
        assert not roots & {"PySide6", "shiboken6", "qtpy", "qtawesome", "superqt", "app"}


@every_file
def test_imports_follow_the_drawn_arrows(path: Path) -> None:
    if path.relative_to(ROOT).parts[0] != "core":
        return
    room = _room(path)
    rooms = {name.split(".")[1] for name in _imports(path) if name.startswith("core.")}
    assert rooms <= ARROWS[room] | {room, "errors"}


def test_every_room_is_drawn() -> None:
    assert {_room(path) for path in FILES if path.relative_to(ROOT).parts[0] == "core"} == set(
        ARROWS
    )


@every_file
def test_panels_and_dialogs_meet_only_at_the_window(path: Path) -> None:
    """A panel knows none of the others; a dialog is opened by the window's commands."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] != "app" or parts[1] not in ("panels", "dialogs", "item_models"):
        return
    shared = {"app.panels.notice", "app.dialogs.crash"}  # a strip, and the list of versions
    for name in _imports(path):
        if name in shared or not name.startswith("app."):
            continue
        room, _, other = name.removeprefix("app.").partition(".")
        assert room != "main_window" or parts == ("app", "dialogs", "crash"), name
        if room in ("panels", "dialogs"):
            family = other.partition(".")[0].partition("_")[0]
            assert (room, family) == (parts[1], parts[2].partition("_")[0]), name


@every_file
def test_torch_is_not_imported_with_the_window(path: Path) -> None:
    """Names of core come lazily from ``import core``; its errors are plain."""
    if path.relative_to(ROOT).parts[0] != "app":
        return
    for node in _tree(path).body:  # what stands in functions or under TYPE_CHECKING comes later
        if isinstance(node, ast.ImportFrom):
            assert node.module is not None
            root = node.module.split(".")[0]
            assert root not in ("torch", "torchvision"), node.module
            plain = node.module in ("core.errors", "core.cli") or node.module.startswith(
                "core.files"  # which reads without torch, as the next test holds
            )
            assert root != "core" or plain, node.module


@every_file
def test_files_are_read_without_torch(path: Path) -> None:
    """What is in a checkpoint is told before torch could be imported, and without numpy."""
    if path.relative_to(ROOT).parts[:2] == ("core", "files"):
        roots = {name.split(".")[0] for name in _imports(path)}
        assert not roots & {"torch", "torchvision", "numpy", "safetensors", "onnx"}


@every_file
def test_a_file_is_one_room(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400


@every_file
def test_only_the_document_touches_registries_of_modules(path: Path) -> None:
    """Writing ``module._modules[...] = `` by hand is how a snapshot would get changed."""
    parts = path.relative_to(ROOT).parts
    if parts[:2] == ("core", "document"):
        return
    if parts[:2] == ("core", "analysis"):
        return  # it runs forwards on shallow clones of its own, and its tests hold it to that
    allowed = {"core/edits/structure.py": 1}  # the fresh container of Wrap
    writes = [
        node
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Subscript)
        and isinstance(target.value, ast.Attribute)
        and target.value.attr in ("_modules", "_parameters", "_buffers")
    ]
    assert len(writes) <= allowed.get(_named(path), 0)


@every_file
def test_threads_live_in_one_file(path: Path) -> None:
    """``threading`` for locks and thread identity is fine; starting threads is for app/jobs.py."""
    if path.relative_to(ROOT).parts[:2] == ("app", "jobs.py"):
        return
    for node in ast.walk(_tree(path)):
        name = getattr(node, "attr", None) or getattr(node, "id", None)
        assert name not in ("Thread", "ThreadPoolExecutor", "QThreadPool", "QThread")
