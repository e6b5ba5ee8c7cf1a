"""Files of weights: inspecting, matching, loading, saving and converting, each beside its peer.

    python benchmarks/checkpoints.py [GB]

Size of the file for inspecting in GB (4 if not given); the others work on a quarter of it. Files
are made in the temporary folder and removed. Writers make a new file. Saving always ends with the
bytes on the disk, converting only where it takes another file's place; the peers are timed both so
(fsync) and as they come, which leaves the bytes in the system's memory and is what a power cut
would lose. Ratios are medians of each round's.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from measure import finish, in_turn, judge, ratios
from torch import nn

from core.checkpoint import load, match, save
from core.checkpoint.save import SaveOptions
from core.document import Document
from core.files import read_contents
from core.files.convert import convert

TENSORS = 1264


def make(file: Path, size: int, tensors: int = TENSORS) -> None:
    each = size // tensors // 4
    torch.save({f"layers.{n}.weight": torch.full((each,), float(n)) for n in range(tensors)}, file)


def process(code: str, *arguments: object) -> tuple[float, dict[str, int]]:
    """Run Python in a process of its own: seconds, and what it says of itself when it ends."""
    ends = (
        "\nwords = open('/proc/self/io').read().split()"
        "\nstatus = open('/proc/self/status').read().split()"
        "\nprint(words[words.index('rchar:') + 1], status[status.index('VmHWM:') + 1])"
    )
    begin = time.perf_counter()
    ran = subprocess.run(
        [sys.executable, "-c", code + ends, *map(str, arguments)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    took = time.perf_counter() - begin
    read, peak = map(int, ran.stdout.split()[-2:])
    return took, {"read": read, "peak": peak * 1024}


QUIET = "import sys, io, contextlib\n"
INSPECT = (
    QUIET + "from core.cli import main\n"
    "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
    "    main(['inspect', sys.argv[1]])"
)
TORCH = "import sys, torch; torch.load(sys.argv[1], mmap=True)"
NOTHING = "import sys; from core.cli import main; import core.cli.inspect"
CONVERT = (  # in a process of its own for its memory; its time is taken here, as the peers' is
    "import sys; from pathlib import Path; from core.files.convert import convert\n"
    "convert(Path(sys.argv[1]), Path(sys.argv[2]), prefix='add', overwrite=True)"
)
BARE = "import sys; from pathlib import Path; from core.files.convert import convert"


def inspecting(file: Path) -> None:
    ours, theirs, reads = [], [], []
    base = process(NOTHING)[1]["read"]  # modules of Python itself
    for _ in range(4):
        took, facts = process(INSPECT, file)
        ours.append(took)
        reads.append(facts["read"] - base)
        theirs.append(process(TORCH, file)[0])
    size = file.stat().st_size
    print(
        f"inspect a file of {size / 1e9:.1f} GB: {min(ours):.3f} s; torch.load {min(theirs):.2f} s"
    )
    judge("inspect: share of the time of torch.load(mmap=True)", min(ours) / min(theirs), 0.1)
    judge("inspect: MB read", min(reads) / 1e6, 2)


def fsynced(write) -> None:
    file = write()
    number = os.open(file, os.O_RDONLY)
    os.fsync(number)
    os.close(number)


def loading(file: Path) -> None:
    def net() -> nn.Module:
        each = torch.load(file, mmap=True)["layers.0.weight"].numel()
        with torch.device("meta"):
            layers = nn.ModuleList(nn.Module() for _ in range(TENSORS))
            for layer in layers:
                layer.weight = nn.Parameter(torch.empty(each))
        root = nn.Module()
        root.layers = layers
        return root

    plain, document = net(), Document.of(net())

    def theirs() -> None:
        plain.load_state_dict(torch.load(file, mmap=True), assign=True)

    def ours() -> None:
        load(match(document, read_contents(file)))

    mine, peer = in_turn([ours, theirs], 7)
    print(f"load {file.stat().st_size / 1e9:.1f} GB: {mine:.0f} ms; torch {peer:.0f} ms")
    judge(
        "load into a document: times torch.load(mmap) + load_state_dict(assign)", mine / peer, 1.2
    )


def matching(folder: Path) -> None:
    file = folder / "many.pth"
    layers = nn.Sequential(*(nn.Linear(2, 2) for _ in range(5000)))
    torch.save(nn.DataParallel(layers).state_dict(), file)
    contents, document = read_contents(file), Document.of(layers)
    (took,) = in_turn([lambda: match(document, contents)], 5)
    judge("match of 10,000 tensors, each with a prefix: seconds", took / 1e3, 0.2)


def converting(file: Path, folder: Path) -> None:
    base = process(BARE)[1]["peak"]
    for suffix in (".safetensors", ".pth"):
        target, copy, slow = (folder / f"{n}{suffix}" for n in ("ours", "copy", "slow"))

        def ours(target=target) -> None:
            convert(file, target, prefix="add", overwrite=True)

        def copied(copy=copy) -> None:
            shutil.copyfile(file, copy)

        def by_hand(slow=slow) -> Path:
            state = {f"module.{n}": t for n, t in torch.load(file).items()}
            if slow.suffix == ".pth":
                torch.save(state, slow)
            else:
                from safetensors.torch import save_file

                save_file(state, slow)
            return slow

        def durably(copied=copied, copy=copy) -> None:
            copied()
            fsynced(lambda: copy)

        def by_hand_durably(by_hand=by_hand) -> None:
            fsynced(by_hand)

        peak = process(CONVERT, file, target)[1]["peak"]
        fresh = clean(target, copy, copy, slow, slow)
        durable, plain, hand, fast_hand = ratios(
            ours, [durably, copied, by_hand_durably, by_hand], 7, fresh
        )
        judge(f"convert to {suffix}: times a copy of the file, brought to the disk", durable, 1.3)
        judge(f"convert to {suffix}: times a copy left in the system's memory", plain, 1.3)
        judge(f"convert to {suffix}: times faster than load and save", 1 / hand, 3, least=True)
        judge(
            f"convert to {suffix}: the same, left in the system's memory",
            1 / fast_hand, 3, least=True,
        )  # fmt: skip
        judge(f"convert to {suffix}: MB of memory", (peak - base) / 1e6, 50)
        for forget in fresh:
            forget()


def saving(file: Path, folder: Path) -> None:
    root = nn.Module()
    for name, tensor in torch.load(file).items():
        root.register_parameter(name.replace(".", "_"), nn.Parameter(tensor))
    document = Document.of(root)
    target, other = folder / "ours.pth", folder / "theirs.pth"

    def ours() -> None:
        save(document, target, SaveOptions(overwrite=True))

    def theirs() -> Path:
        torch.save(root.state_dict(), other)
        return other

    durable, plain = ratios(ours, [lambda: fsynced(theirs), theirs], 7, clean(target, other, other))
    judge("save: times torch.save, brought to the disk", durable, 1.0)
    judge("save: times torch.save, left in the system's memory", plain, 1.0)


def clean(*files: Path) -> list[Callable[[], None]]:
    """Return what makes each file be written anew, with nothing of the last left to be written."""

    def forget(file: Path) -> None:
        file.unlink(missing_ok=True)
        os.sync()

    return [partial(forget, each) for each in files]


if __name__ == "__main__":
    size = float(sys.argv[1]) if len(sys.argv) > 1 else 4.0
    needed = int(size * 1e9 * 2)
    if shutil.disk_usage(tempfile.gettempdir()).free < needed:
        raise SystemExit(f"{needed / 1e9:.0f} GB are needed in {tempfile.gettempdir()}.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large, quarter = folder / "large.pth", folder / "quarter.pth"
        make(large, int(size * 1e9))
        inspecting(large)
        large.unlink()
        make(quarter, int(size * 1e9 / 4))
        loading(quarter)
        matching(folder)
        converting(quarter, folder)
        saving(quarter, folder)
    finish()
