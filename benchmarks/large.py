"""Very large models: 40,000 modules, a thousand undo steps, and Llama 3 405B's architecture."""

import gc
import os

import psutil
import torch
from measure import finish, judge, milliseconds, once
from torch import nn

from core.analysis import analyse, clear_caches
from core.document import Document, InputSpec, parse_inputs
from core.edits import History, Replace

BLOCKS, LAYERS = 200, 199  # 1 + 200 * (1 + 199) modules


def synthetic() -> Document:
    with torch.device("meta"):
        root = nn.Sequential(
            *[
                nn.Sequential(*[nn.Linear(8, 8) if n % 2 else nn.ReLU() for n in range(LAYERS)])
                for _ in range(BLOCKS)
            ]
        )
    return Document.of(root, parse_inputs("1,8"))


def resident() -> float:
    gc.collect()
    return psutil.Process(os.getpid()).memory_info().rss / 2**20


def main() -> None:
    document = synthetic()
    print(f"{sum(1 for _ in document.root.modules()):,} modules")
    print(f"first shapes: {once(lambda: analyse(document).output):.0f} ms")
    numbers = iter(range(10_000))

    def edit() -> None:
        path = f"{next(numbers) % BLOCKS}.1"
        report = analyse(Replace(path, "Linear(8, 8)").apply(document))
        assert report.parameters
        assert report.macs
        assert report.output is not None

    judge("edit to totals, ms", milliseconds(edit, 9), 10)
    history = History(document, clock=iter(range(0, 10**7, 100)).__next__)
    before = resident()
    for number in range(1000):
        analyse(history.do(Replace(f"{number % BLOCKS}.1", "Linear(8, 8)"))).output  # noqa: B018
    judge("1,000 undo steps, MB", resident() - before, 50)
    del history
    _llama()
    finish()


def _llama() -> None:
    try:
        from transformers import LlamaConfig, LlamaForCausalLM
    except ImportError:
        print("Llama 3 405B: skipped, since transformers is not installed (the extra 'bench')")
        return
    config = LlamaConfig(
        vocab_size=128256, hidden_size=16384, intermediate_size=53248, num_hidden_layers=126,
        num_attention_heads=128, num_key_value_heads=8, use_cache=False,
    )  # fmt: skip
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    inputs = (
        InputSpec("inputs_embeds", (1, 16, 16384), keyword=True),
        InputSpec("attention_mask", (1, 1, 16, 16), keyword=True),
    )
    document = Document.of(model, inputs)
    _, kwargs = document.example_inputs("meta")

    def bare() -> None:
        with torch.no_grad():
            model(**kwargs)

    def ours() -> None:
        clear_caches()
        assert analyse(document).output is not None

    peer, mine = milliseconds(bare, 2), milliseconds(ours, 3)
    for problem in analyse(document).problems:
        print("problem:", problem.message[:200])
    print(f"Llama 3 405B: ours {mine:.1f} ms, a bare meta forward {peer:.0f} ms")
    judge("Llama 3 405B, share of a bare forward", mine / peer, 0.1)
    judge("Llama 3 405B, memory of the whole process in MB", resident(), 1024)


if __name__ == "__main__":
    main()
