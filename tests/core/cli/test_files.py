"""The commands on files: what they print, their exit status, and that inspect needs no torch."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn
from torchvision.models import resnet18

from core.cli import main

Run = Callable[..., tuple[int, str, str]]
SMALL = "Sequential(fc1=Linear(4, 8), relu=ReLU(), fc2=Linear(8, 2))"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program with these arguments: (exit status, standard output, standard error)."""

    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as stopped:
            main([str(each) for each in arguments])
        out, err = capsys.readouterr()
        return int(stopped.value.code or 0), out, err

    return call


def small(classes: int = 2) -> nn.Module:
    from collections import OrderedDict

    return nn.Sequential(
        OrderedDict(fc1=nn.Linear(4, 8), relu=nn.ReLU(), fc2=nn.Linear(8, classes))
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    torch.save(
        {"state_dict": nn.DataParallel(small()).state_dict(), "epoch": 3}, tmp_path / "a.pth"
    )
    return tmp_path / "a.pth"


def test_inspect_says_what_is_in_it(run: Run, tmp_path: Path) -> None:
    torch.save({"model": resnet18(num_classes=7).state_dict(), "epoch": 90}, tmp_path / "a.pth")
    status, out, _ = run("inspect", tmp_path / "a.pth")
    assert status == 0
    for text in (
        "training checkpoint",
        "122",
        "torchvision resnet18, 120 of 122",
        "7 classes",
        "90",
    ):
        assert text in out
    status, out, _ = run("inspect", tmp_path / "a.pth", "--json")
    found = json.loads(out)
    assert found["kind"] == "training checkpoint"
    assert found["values"]["epoch"] == "90"
    first = found["tensors"][0]
    assert (first["name"], first["shape"]) == ("model.conv1.weight", [64, 3, 7, 7])
    assert (first["dtype"], first["bytes"]) == ("float32", 4 * 64 * 3 * 49)
    assert {each["verdict"] for each in found["globals"]} == {"known"}
    best = found["model"][0]
    assert best["source"] == "torchvision:resnet18(num_classes=7)"
    assert (best["matched"], best["of"]) == (120, 122)
    assert [each["name"] for each in best["differs"]] == ["fc.weight", "fc.bias"]


def test_inspect_imports_no_torch(file: Path) -> None:
    code = (
        "import sys; from app.start import main\n"
        "sys.argv = ['modelwright', 'inspect', sys.argv[1]]\n"
        "try: main()\nexcept SystemExit as end: print(end.code)\n"
        "print([m for m in ('torch', 'numpy', 'rich', 'PySide6') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(file)], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines()[-2:] == ["0", "[]"]


def test_inspect_refuses_in_a_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.pth").write_bytes(b"hello, world")
    status, _, err = run("inspect", tmp_path / "x.pth")
    assert status == 2
    assert "no checkpoint of a kind that is known" in err


def test_match_says_tensor_by_tensor(run: Run, file: Path) -> None:
    status, out, _ = run("match", SMALL, file)
    assert status == 0
    assert "All names begin with 'module.'" in out
    assert "4 of 4 tensors from the file" in out
    status, out, _ = run("match", SMALL, file, "--json")
    found = json.loads(out)
    assert found["complete"] is True
    assert len(found["loaded"]) == len(found["renamed"]) == 4
    assert not found["missing"] + found["unexpected"] + found["mismatched"]
    assert {each["kind"] for each in found["conditions"]} == {"nested", "module prefix"}


def test_match_of_what_does_not_fit(run: Run, tmp_path: Path) -> None:
    torch.save(small(5).state_dict(), tmp_path / "b.pth")
    status, out, _ = run("match", SMALL, tmp_path / "b.pth")
    assert status == 1
    assert "fc2 has 2 outputs in the model and 5 in the file" in out
    assert "--choose classes=slice" in out
    status, out, _ = run("match", SMALL, tmp_path / "b.pth", "--choose", "classes=slice", "--json")
    assert status == 0
    assert [each["name"] for each in json.loads(out)["sliced"]] == ["fc2.weight", "fc2.bias"]


def test_load_saves_what_plain_pytorch_loads(run: Run, file: Path, tmp_path: Path) -> None:
    status, out, _ = run("load", SMALL, file, "--save", tmp_path / "out.pth")
    assert status == 0
    assert "4 of 4 loaded, 0 still random" in out
    net = small()
    net.load_state_dict(torch.load(tmp_path / "out.pth"), strict=True)
    there = torch.load(file)["state_dict"]
    assert all(torch.equal(t, there[f"module.{n}"]) for n, t in net.state_dict().items())
    status, _, err = run("load", SMALL, file, "--save", tmp_path / "out.pth")
    assert status == 2
    assert "exists already" in err


def test_the_original_checkpoint_into_the_edited_model(
    run: Run, file: Path, tmp_path: Path
) -> None:
    recipe, out = tmp_path / "r.json", tmp_path / "out.pth"
    status, _, err = run("edit", SMALL, "--replace", "fc2=Linear(8, 3)", "--recipe", recipe)
    assert status == 0, err
    status, text, _ = run("match", SMALL, file, "--recipe", recipe, "--json")
    found = json.loads(text)
    assert found["fits"]
    assert found["new"] == ["fc2.weight", "fc2.bias"]
    status, text, err = run("load", SMALL, file, "--recipe", recipe, "--save", out)
    assert status == 0, err
    assert "2 of 4 loaded, 2 still random" in text
    assert torch.load(out)["fc2.weight"].shape == (3, 8)
    there = torch.load(file)["state_dict"]
    assert torch.equal(torch.load(out)["fc1.weight"], there["module.fc1.weight"])


def test_edit_with_weights_matches_the_same_way(run: Run, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.pth"
    status, _, err = run(
        "edit", SMALL, "--weights", file, "--replace", "fc2=Linear(8, 3)", "--save", out
    )
    assert status == 0, err
    assert "module." in err
    there = torch.load(file)["state_dict"]
    assert torch.equal(torch.load(out)["fc1.weight"], there["module.fc1.weight"])


def test_convert_and_diff(run: Run, file: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.safetensors"
    status, text, _ = run("convert", file, out, "--prefix", "strip")
    assert status == 0
    assert "left out: epoch" in text
    assert run("diff", file, out)[0] == 1  # the names differ
    assert run("diff", out, out)[0] == 0
    half = tmp_path / "half.pth"
    assert run("convert", out, half, "--dtype", "float16")[0] == 0
    status, text, _ = run("diff", out, half, "--json")
    found = json.loads(text)
    assert status == 1
    assert {each["kind"] for each in found["differences"]} == {"dtype"}
    assert run("convert", out, half)[0] == 2
    assert run("convert", out, tmp_path / "b.pth", "--shard-size", "many")[0] == 2


def test_convert_without_a_dtype_imports_no_torch(file: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from core.cli import main\n"
        "try: main(['convert', sys.argv[1], sys.argv[2]])\nexcept SystemExit: pass\n"
        "print([m for m in ('torch', 'numpy') if m in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(file), str(tmp_path / "b.safetensors")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert ran.stdout.splitlines()[-1] == "[]"


def test_devices_and_code(run: Run) -> None:
    status, out, _ = run("devices")
    assert status == 0
    assert "cpu" in out
    assert json.loads(run("devices", "--json")[1])[0]["name"] == "cpu"
    status, out, _ = run("devices", "--save-code", "several", "--build", "Net()", "--gpus", "0,1")
    compile(out, "save.py", "exec")
    assert "model.module.state_dict()" in out
    status, out, _ = run("devices", "--load-code", "one", "--saved", "several")
    compile(out, "load.py", "exec")
    assert 'removeprefix("module.")' in out


def test_whether_a_model_fits(run: Run) -> None:
    status, out, _ = run(
        "devices", SMALL, "--input", "2,4", "--optimizer", "adam", "--batch", "8", "--try", "--json"
    )
    found = json.loads(out)
    assert status == 0
    assert found["need"]["parameters"] == 4 * 58
    assert found["need"]["optimizer"] == 2 * 4 * 58
    assert found["verdicts"] == {"cpu": "fits"}
    assert found["tried"]["output"] == [2, 2]
    status, _, err = run("devices", SMALL, "--on", "cuda:99")
    assert status == 2
    assert "no cuda:99" in err


def test_training_is_saved_along(run: Run, tmp_path: Path) -> None:
    net = small()
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.randn(3, 4)).sum().backward()
    optimizer.step()
    what = {"model": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 4}
    torch.save(what, tmp_path / "t.pth")
    out = tmp_path / "out.pth"
    status, _, err = run("load", SMALL, tmp_path / "t.pth", "--save", out, "--training")
    assert status == 0, err
    found = torch.load(out)
    assert found["epoch"] == 4
    other = small()
    other.load_state_dict(found["model"], strict=True)
    torch.optim.Adam(other.parameters()).load_state_dict(found["optimizer"])


@pytest.mark.filterwarnings("ignore:torch.distributed is disabled")
def test_a_folder_of_torch_distributed(run: Run, tmp_path: Path) -> None:
    import torch.distributed.checkpoint as dcp

    folder, net = tmp_path / "step", small()
    dcp.save({"model": net.state_dict(), "epoch": 3}, checkpoint_id=folder, no_dist=True)
    status, out, _ = run("inspect", folder)
    assert status == 0
    assert "training checkpoint (torch distributed)" in out
    assert run("match", SMALL, folder)[0] == 0
    assert run("load", SMALL, folder, "--save", tmp_path / "a.pth")[0] == 0
    assert run("convert", folder / ".metadata", tmp_path / "b.pth")[0] == 0
    for name in ("a.pth", "b.pth"):
        found = torch.load(tmp_path / name)
        assert all(torch.equal(found[n], tensor) for n, tensor in net.state_dict().items())
    (folder / "__0_0.distcp").unlink()
    status, _, err = run("inspect", folder)
    assert status == 2
    assert "__0_0.distcp" in err


@pytest.mark.filterwarnings("ignore")
def test_an_exported_program(run: Run, tmp_path: Path) -> None:
    net, file = small().eval(), tmp_path / "net.pt2"
    torch.export.save(torch.export.export(net, (torch.randn(2, 4),)), file)
    status, out, _ = run("inspect", file)
    assert status == 0
    assert "exported program (torch export)" in out
    assert run("match", SMALL, file)[0] == 0
    assert run("load", SMALL, file, "--save", tmp_path / "a.pth")[0] == 0
    assert run("convert", file, tmp_path / "b.pth")[0] == 0
    for name in ("a.pth", "b.pth"):
        found = torch.load(tmp_path / name)
        assert all(torch.equal(found[n], tensor) for n, tensor in net.state_dict().items())


def test_inspect_asks_timm_on_request(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    timm = pytest.importorskip("timm")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("timm.models.list_modules", lambda: ["mlp_mixer"])
    torch.save(timm.create_model("mixer_s32_224", num_classes=3).state_dict(), tmp_path / "a.pth")
    assert "timm:" not in run("inspect", tmp_path / "a.pth")[1]
    status, out, err = run("inspect", tmp_path / "a.pth", "--timm", "--seconds", "0")
    assert (status, "too few of its families" in err, "timm:" in out) == (0, True, False)
    status, out, err = run("inspect", tmp_path / "a.pth", "--timm", "--json")
    assert (status, err) == (0, "")
    best = json.loads(out)["model"][0]
    assert best["source"] == "timm:mixer_s32_224(num_classes=3)"
    assert run("match", best["source"], tmp_path / "a.pth")[0] == 0


@pytest.mark.parametrize("protocol", [0, 2])
def test_arrays_of_old_protocols(run: Run, tmp_path: Path, protocol: int) -> None:
    import pickle

    net, file = small(), tmp_path / "a.pkl"
    arrays = {name: tensor.numpy() for name, tensor in net.state_dict().items()}
    file.write_bytes(pickle.dumps(arrays, protocol))
    assert "state dict (raw pickle)" in run("inspect", file)[1]
    assert run("load", SMALL, file, "--save", tmp_path / "b.pth")[0] == 0
    assert run("convert", file, tmp_path / "c.pth")[0] == 0
    for name in ("b.pth", "c.pth"):
        found = torch.load(tmp_path / name)
        assert all(torch.equal(found[n], tensor) for n, tensor in net.state_dict().items())


def test_a_whole_model_before_1_6_opens(run: Run, tmp_path: Path) -> None:
    torch.save(small(), tmp_path / "net.pth", _use_new_zipfile_serialization=False)
    status, out, err = run("show", tmp_path / "net.pth", "--input", "1,4")
    assert (status, err) == (0, "")
    assert "fc1" in out


def test_inspect_says_it_in_a_sentence_first(run: Run, file: Path) -> None:
    _, out, _ = run("inspect", file)
    first = out.splitlines()[0]
    assert first == (
        "a.pth: Training checkpoint of an unknown model of four tensors, 58 values (fc1, fc2),"
        " saved from the CPU with DataParallel, epoch 3."
    )
    _, out, _ = run("inspect", file, "--json")
    assert f"a.pth: {json.loads(out)['sentence']}." == first


def test_tensors_are_paired_from_the_terminal(run: Run, tmp_path: Path) -> None:
    state = {n.replace("fc2.weight", "kernel"): t for n, t in small().state_dict().items()}
    torch.save(state, tmp_path / "a.pth")
    assert run("match", SMALL, tmp_path / "a.pth")[0] == 1
    status, out, _ = run(
        "match", SMALL, tmp_path / "a.pth", "--choose", "pair=fc2.weight<-kernel",
        "--choose", "leave=fc1.bias", "--json",
    )  # fmt: skip
    found = json.loads(out)
    assert status == 0
    assert {"name": "fc2.weight", "from": "kernel"} in found["renamed"]
    assert found["left"] == ["fc1.bias"]


def test_devices_say_why_it_fits_and_print_code_for_torchrun(run: Run) -> None:
    status, out, _ = run("devices", SMALL, "--input", "2,4", "--optimizer", "adam")
    assert status == 0
    assert "cpu: fits." in out
    assert "that are free are needed" in " ".join(out.split())
    _, out, _ = run("devices", "--load-code", "distributed", "--gpus", "6,7")
    assert "CUDA_VISIBLE_DEVICES=6,7 torchrun --nproc_per_node=2" in out
