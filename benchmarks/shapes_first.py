"""First shapes of a just opened model: everything remembered is forgotten before each analysis.

Us: shapes of every module, totals, problems. Peer: one bare forward of the same model on meta, less
than any tool that shows shapes can do; for a few also ``torchinfo.summary`` on meta.
"""

import sys

import torch
import torchinfo
from measure import finish, geometric_mean, in_turn, judge
from torchvision import models

from core.analysis import analyse, clear_caches
from core.document import Document, InputSpec

TORCHINFO = {"resnet50", "vit_b_16", "swin_v2_b", "convnext_large"}


def build(name):
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    if name.startswith("regnet"):  # its builder reads numbers, which meta has not
        return models.get_model(name, weights=None).to("meta")
    with torch.device("meta"):
        return models.get_model(name, weights=None, **options)


def measure(name):
    model = build(name)
    document = Document.of(model, (InputSpec(shape=(1, 3, 224, 224)),))
    x = torch.empty(1, 3, 224, 224, device="meta")

    def ours():
        report = analyse(document)
        assert report.parameters
        assert not report.problems

    def bare():
        with torch.no_grad():
            model(x)

    def summary():
        torchinfo.summary(model, input_data=x, device="meta", verbose=0)

    works = [ours, bare, *([summary] if name in TORCHINFO else [])]
    rounds = 15 if sum(1 for _ in model.modules()) < 100 else 3
    return in_turn(works, rounds, [clear_caches] * len(works))


def main():
    names = sys.argv[1:] or models.list_models(module=models)
    ratios = {}
    for name in names:
        ours, bare, *summary = measure(name)
        ratios[name] = ours / bare
        more = f"  torchinfo {summary[0] / bare:.2f}" if summary else ""
        figures = f"{ours:7.1f} ms  bare {bare:7.1f}  ratio {ours / bare:.3f}"
        print(f"{name:24} {figures}{more}", flush=True)
    slowest = max(ratios, key=ratios.get)
    judge("of a bare meta forward, geometric mean", geometric_mean(ratios.values()), 0.35)
    judge(f"of a bare meta forward, worst ({slowest})", ratios[slowest], 0.6)
    finish()


if __name__ == "__main__":
    main()
