"""The same jobs from a terminal. torch is imported by the commands that need it, not by ``--help``.

Exit status: 0 good, 1 the model has problems, 2 refused or badly asked.
"""

import importlib
import sys
from typing import Any

import click

from core.errors import ModelwrightError

#: Every command and the module of this package that holds it.
_COMMANDS = {
    "show": "show",
    "graph": "graph",
    "edit": "edit",
    "replay": "edit",
    "unet": "unet",
    "inspect": "inspect",
    "match": "match",
    "load": "match",
    "convert": "convert",
    "diff": "diff",
    "block": "block",
    "devices": "devices",
    "layers": "lists",
    "models": "lists",
}


class _Commands(click.Group):
    """Imports a command when it is called for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"core.cli.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    ("open SOURCE", "The window on a model, or a picture of it (--screenshot)."),
                    ("show SOURCE", "The tree of a model: shapes, parameters, MACs, problems."),
                    ("graph SOURCE", "How tensors travel through a model, or a module of it."),
                    (
                        "edit SOURCE ...",
                        "Change a model, check it, save weights or project.",
                    ),
                    ("replay RECIPE", "Make the edits of a recipe again."),
                    ("unet ...", "Assemble a U-Net, plain or on any encoder, and save it."),
                    ("inspect FILE", "What is in a file of weights, without running it."),
                    ("match SOURCE FILE", "What of a file fits a model, and what would repair it."),
                    ("load SOURCE FILE", "Load what fits, all or nothing, and save it."),
                    ("convert FILE OUT", "The same weights in another format, streamed."),
                    ("diff A B", "How two checkpoints differ, with the norm of the change."),
                    ("block ...", "Your own blocks: save, list, import, export, rename, remove."),
                    ("devices", "CPUs and GPUs, their memory, and where a model can go."),
                    ("layers [SEARCH]", "The layers that can be placed, with their arguments."),
                    ("models [SEARCH]", "The models that can be opened by name."),
                ]
            )


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="modelwright", prog_name="modelwright")
def cli() -> None:
    """Modelwright opens a PyTorch model, changes it, and gives PyTorch back.

    Without a command the window opens.

    SOURCE is a model's name (resnet50, torchvision:resnet50(num_classes=10), timm:NAME), a file
    (net.py:Net(in_ch=3)), an import path (package.module:factory()), a layer expression
    ("Sequential(Linear(784, 256), ReLU(), Linear(256, 10))", "UNet(3, 2)"), a U-Net
    ('unet(encoder="resnet34")'), a project (work.modelwright) or a recipe (recipe.json).
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the program; what is refused is one sentence on standard error and exit status 2."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        status: Any = cli.main(arguments, prog_name="modelwright", standalone_mode=False)
    except ModelwrightError as error:
        from core.cli.refusing import refuse

        refuse(error, arguments)
        status = 2
    except click.ClickException as error:
        error.show()
        status = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        status = 130
    except BrokenPipeError:  # ``modelwright show ... | head`` has read enough
        sys.stderr.close()
        status = 0
    sys.exit(status if isinstance(status, int) else 0)
