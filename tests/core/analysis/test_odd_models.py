"""Odd models: our answers are plain PyTorch's, and the document stays as it was."""

import threading

import pytest
import torch
from torch import nn

from core.analysis import analyse, clear_caches
from core.document import Document, InputSpec
from tests.core.analysis.odd_models import ODD, ROW, TOKENS, MakesConstants
from tests.core.analysis.oracle import on_meta, plain_calls, value_shapes


def recorded(report, document):
    return [
        (path, type(document.module(path)).__name__, value_shapes(call.output))
        for path, call in report.calls()
    ]


@pytest.fixture(params=sorted(ODD))
def odd(request):
    clear_caches()
    return ODD[request.param]


def test_every_call_is_as_in_plain_pytorch(odd):
    build, inputs = odd
    document = Document.of(build(), inputs)
    for _ in range(2):
        report = analyse(document)
        assert report.problems == ()
        assert report.mode == "meta"
        assert recorded(report, document) == plain_calls(on_meta(build), inputs)


def test_nothing_is_written_to_the_document(odd):
    build, inputs = odd
    model = build()
    document = Document.of(model, inputs)
    modules = list(model.modules())
    before = [
        ({k: id(v) for k, v in m.__dict__.items()}, dict(m._parameters), dict(m._buffers),
         dict(m._modules), [list(v) for v in m.__dict__.values() if type(v) is list])
        for m in modules
    ]  # fmt: skip
    values = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    analyse(document)
    analyse(document)
    for module, (attributes, parameters, buffers, children, lists) in zip(
        modules, before, strict=True
    ):
        assert {k: id(v) for k, v in module.__dict__.items()} == attributes
        assert all(module._parameters[k] is v for k, v in parameters.items())
        assert all(module._buffers[k] is v for k, v in buffers.items())
        assert all(module._modules[k] is v for k, v in children.items())
        now = [v for v in module.__dict__.values() if type(v) is list]
        assert all(
            len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True))
            for a, b in zip(now, lists, strict=True)
        )
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, values[name])


def test_a_shared_module_counts_its_calls_under_both_names():
    build, inputs = ODD["shared_twice"]
    report = analyse(Document.of(build(), inputs))
    assert report.module("a").calls == report.module("b").calls == 3
    assert report.module("other.0").calls == 3
    assert report.parameters == 8 * 8 + 8


def test_tied_weights_count_once():
    build, inputs = ODD["tied"]
    report = analyse(Document.of(build(), inputs))
    assert report.parameters == 88
    assert report.bytes == 352
    assert report.module("out").parameters == 88


def test_what_is_never_called_is_said_not_to_be_reached():
    build, inputs = ODD["reaches_into_child"]
    report = analyse(Document.of(build(), inputs))
    assert not report.module("unused").reached
    assert report.module("unused").output is None
    assert report.module("").macs == 2 * 8 * 24


def test_frozen_parameters_are_not_trainable():
    build, inputs = ODD["blocks"]
    report = analyse(Document.of(build(), inputs))
    assert report.parameters - report.trainable == report.module("layers.1").parameters
    assert report.module("layers.0").trainable == report.module("layers.0").parameters


def test_a_recursive_module_has_as_many_calls_as_it_makes():
    build, inputs = ODD["recursive"]
    report = analyse(Document.of(build(), inputs))
    assert report.module("").calls == 4
    assert report.module("fc").calls == 3


def test_constants_keep_their_values():
    document = Document.of(MakesConstants(), TOKENS)
    report = analyse(document)
    assert report.mode == "meta"
    assert report.problems == ()
    assert report.output.shape == (2, 10, 8)


def test_a_number_in_a_weight_is_never_remembered_for_another():
    one, two = MakesConstants(), MakesConstants()
    two.repeats.data.fill_(3)
    assert analyse(Document.of(one, TOKENS)).output.shape == (2, 10, 8)
    assert analyse(Document.of(two, TOKENS)).output.shape == (2, 15, 8)


def test_modules_and_module_agree(odd):
    build, inputs = odd
    report = analyse(Document.of(build(), inputs))
    for path, found in report.modules.items():
        one = report.module(path)
        assert (one.calls, one.output, one.macs) == (found.calls, found.output, found.macs)


def test_blocks_that_never_ask_where_they_stand_are_analysed_once():
    build, inputs = ODD["numbered"]
    model = build()
    kind = type(model.silent[0])
    called = []
    original = kind.forward

    def forward(self, *args, **kwargs):
        called.append((self.asks, self.layer_idx) if self.asks else (self.asks,))
        return original(self, *args, **kwargs)

    kind.forward = forward
    try:
        clear_caches()
        analyse(Document.of(model, inputs))
    finally:
        kind.forward = original
    assert called == [(False,), (True, 0), (True, 1), (True, 2), (True, 3)]
    assert "layer_idx" not in kind.__dict__


def test_another_thread_is_not_caught():
    class Waits(nn.Module):
        def forward(self, x):
            inside.set()
            assert done.wait(20)
            return x

    inside, done = threading.Event(), threading.Event()
    other, result = nn.Linear(8, 3), []

    def work():
        inside.wait(20)
        result.append(other(torch.ones(1, 8)))
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    report = analyse(Document.of(nn.Sequential(Waits(), nn.Linear(8, 2)), ROW))
    thread.join()
    assert report.output.shape == (2, 2)
    assert not result[0].is_meta
    assert nn.Module._call_impl.__qualname__ == "Module._call_impl"


def test_analysis_can_be_stopped_and_reports_its_progress():
    from core.errors import Cancelled

    model = nn.Sequential(*[nn.Linear(8, 8 + 0 * i) for i in range(5)])
    document = Document.of(model, ROW)
    seen = []
    analyse(document, progress=lambda *step: seen.append(step))
    assert seen[-1][1] == 6
    assert [path for _, _, path in seen] == ["", "0", "1", "2", "3", "4"]
    clear_caches()
    with pytest.raises(Cancelled):
        analyse(document, cancelled=lambda: True)
    assert analyse(document).output.shape == (2, 8)


def test_a_forward_that_needs_numbers_runs_once_on_the_cpu():
    class Picks(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 4)
            self.register_buffer("seen", torch.zeros(1))

        def forward(self, x):
            self.seen += 1
            y = self.fc(x)
            return y[y.sum(1) > -1e9]

    model = Picks()
    document = Document.of(model, ROW)
    state = torch.random.get_rng_state()
    report = analyse(document)
    assert report.mode == "real"
    assert "run once on the CPU" in report.notes[0]
    assert report.output.shape == (2, 4)
    assert report.module("fc").output.shape == (2, 4)
    assert model.seen.item() == 0
    assert torch.equal(state, torch.random.get_rng_state())
    assert analyse(document).output.shape == (2, 4)


def test_a_structure_only_model_that_needs_numbers_says_so():
    class Picks(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 4)

        def forward(self, x):
            return self.fc(x).nonzero()

    report = analyse(Document.of(Picks().to("meta"), ROW))
    assert report.problems[0].path == ""
    assert "no weights" in report.problems[0].message
    assert report.parameters == 36


def test_missing_inputs_are_a_problem_that_names_them():
    class Wants(nn.Module):
        def forward(self, x, add_variable, mask=None):
            return x + add_variable

    report = analyse(Document.of(nn.Sequential(Wants())[0]))
    assert report.problems[0].message == ("forward needs x and add_variable; give their shapes")
    report = analyse(Document.of(Wants(), ROW))
    assert report.problems[0].message == (
        "forward needs x and add_variable (and may get mask); 1 input is given"
    )
    three = (*ROW, *ROW, InputSpec(shape=(2, 8), name="other", keyword=True))
    assert "3 inputs are given" in analyse(Document.of(Wants(), three)).problems[0].message
    assert analyse(Document.of(Wants(), (*ROW, *ROW))).problems == ()
