"""The user's own blocks as files: kept, imported, given away, renamed, thrown away.

Each is a plain ``.py`` that defines classes of ``nn.Module`` and needs no Modelwright. Those that
were saved here, or that somebody looked at and agreed to, are in the catalog like other layers.
"""

import io
import keyword
import re
import tokenize
from dataclasses import dataclass, field
from pathlib import Path

from core.catalog import shelf
from core.catalog.layers import MY_BLOCKS, changed, layers
from core.errors import EditRefused, ModelwrightError, NotTrusted, SaveRefused, SourceError, nearest
from core.files.writing import atomic_write
from core.user_code import Code


@dataclass(frozen=True)
class BlockFile:
    """One file on the shelf.

    ``names`` are the blocks it defines. ``agreed`` says whether it may run; ``problem`` is why its
    blocks are not in the catalog, as a sentence, or ``""``.
    """

    path: Path
    names: tuple[str, ...]
    summary: str
    agreed: bool
    problem: str = ""
    code: Code = field(default=Code(Path(), b""), repr=False)


def block_files() -> tuple[BlockFile, ...]:
    """Return every file on the shelf, also those that nobody has agreed to run."""
    return tuple(map(_told, shelf.codes()))


def find_block(name: str) -> BlockFile:
    """Return the file that defines the block ``name``; raises SourceError, with the nearest."""
    files = block_files()
    for each in files:
        if name in each.names:
            return each
    known = [own for each in files for own in each.names]
    there = nearest(name, known) or (f" There are {', '.join(known)}." if known else "")
    raise SourceError(f"There is no block of yours called '{name}'.{there}")


def keep_block(name: str, text: str, *, overwrite: bool = False) -> BlockFile:
    """Put a block that was written here on the shelf: ``text`` is the file's.

    Raises SaveRefused where the name is none or is taken, and where it cannot be written.
    """
    check_block_name(name, overwrite=overwrite)
    standing = next((each for each in block_files() if name in each.names), None)
    path = shelf.blocks_folder() / block_file_name(name)
    if standing is not None:
        path = standing.path
        if len(standing.names) > 1:
            raise SaveRefused(
                f"{name} stands in {path.name} together with other blocks; save under another name."
            )
    elif path.exists():
        raise SaveRefused(f"{path} exists already and is something else; choose another name.")
    return _kept(Code(path, text.encode()))


def check_block_name(name: str, *, overwrite: bool = False) -> None:
    """Raise SaveRefused if a block cannot be called so."""
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise SaveRefused(
            f"'{name}' is no name for a block; it is a class, so letters and digits make one:"
            " ResidualPair."
        )
    if not name[0].isupper():  # in a spec, what begins with a small letter is an operation
        raise SaveRefused(f"A block begins with a capital letter: {name[0].upper() + name[1:]}.")
    own = name in {each for file in block_files() for each in file.names}
    known = layers().get(name)
    if known is not None and known.group != MY_BLOCKS:
        raise SaveRefused(
            f"There is already a layer called {name}, in the group {known.group}; choose another"
            " name."
        )
    if own and not overwrite:
        raise SaveRefused(
            f"You have a block called {name} already; say yes to overwriting it, or choose another"
            " name."
        )


def block_file_name(name: str) -> str:
    """Return the file of a block: ``ResidualPair`` is in ``residual_pair.py``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower() + ".py"


def import_block(
    path: str | Path, *, trust: bool | Code = False, overwrite: bool = False
) -> BlockFile:
    """Copy somebody's file of blocks to the shelf, and run it from then on.

    That runs its code, so ``trust`` has to say so: raises :class:`~core.errors.NotTrusted` with
    the bytes that ``Code(error.path, error.data)`` is a yes to; SourceError for what defines no
    block; SaveRefused where a name is taken.
    """
    path = Path(path).expanduser()
    try:
        code = Code.read(path)
    except OSError as error:
        raise SourceError(f"{path} could not be read: {error.strerror or error}.") from error
    names = shelf.written_names(code)
    if not names:
        raise SourceError(f"{path} defines no class, so there is no block in it.")
    _check_trust(code, names, trust)
    for name in names:
        check_block_name(name, overwrite=overwrite)
    target = shelf.blocks_folder() / path.name
    if target.exists() and target.read_bytes() != code.data and not overwrite:
        raise SaveRefused(
            f"{target} exists already and is something else; say yes to overwriting it, or rename"
            f" {path.name}."
        )
    others = [file for file in block_files() if file.path != target and {*file.names} & {*names}]
    for each in others:
        if not {*each.names} <= {*names}:
            raise SaveRefused(
                f"{each.path.name} has blocks of these names together with others; rename them"
                " first."
            )
    shelf.defined(code)  # where it does not run, nothing is copied
    for each in others:
        each.path.unlink()
        shelf.disagree(each.code)
    return _kept(Code(target, code.data))


def allow_block(name: str, *, trust: bool | Code = False) -> BlockFile:
    """Agree to a file that came to the shelf by other ways; raises as :func:`import_block`."""
    file = find_block(name)
    _check_trust(file.code, file.names, trust)
    shelf.defined(file.code)
    shelf.agree(file.code)
    changed()
    return _told(file.code)


def export_block(name: str, target: str | Path, *, overwrite: bool = False) -> Path:
    """Copy the file of a block to ``target``, a file or a folder, to give it away."""
    file, target = find_block(name), Path(target).expanduser()
    if target.is_dir():
        target = target / file.path.name
    if target.exists() and not overwrite:
        raise SaveRefused(f"{target} exists already; say yes to overwriting it, or choose another.")
    with atomic_write(target) as written:
        written.write(file.code.data)
    return target


def remove_block(name: str) -> BlockFile:
    """Throw away the file of a block, with all blocks in it; models that have one keep it."""
    file = find_block(name)
    try:
        file.path.unlink()
    except OSError as error:
        raise SaveRefused(f"{file.path} could not be removed: {error.strerror or error}.") from None
    shelf.disagree(file.code)
    changed()
    return file


def rename_block(old: str, new: str) -> BlockFile:
    """Give a block another name, in its file too; models that have one keep theirs."""
    file = find_block(old)
    if new == old:
        return file
    if any(new in each.names for each in block_files()):
        raise SaveRefused(f"You have a block called {new} already; choose another name.")
    check_block_name(new)
    text = _renamed(file.code, old, new)
    alone = file.names == (old,)
    path = file.path.with_name(block_file_name(new)) if alone else file.path
    if path != file.path and path.exists():
        raise SaveRefused(f"{path} exists already; choose another name.")
    kept = Code(path, text.encode())
    if file.agreed:
        _kept(kept)
        shelf.disagree(file.code)
    else:  # not run before, and not run for this
        with atomic_write(path) as written:
            written.write(kept.data)
    if path != file.path:
        file.path.unlink()
    changed()
    return _told(kept)


def _kept(code: Code) -> BlockFile:
    """Write agreed code to its place on the shelf."""
    try:
        code.path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SaveRefused(
            f"The folder {code.path.parent} could not be made: {error.strerror or error}."
        ) from error
    with atomic_write(code.path) as written:
        written.write(code.data)
    shelf.agree(code)
    changed()
    return _told(code)


def _told(code: Code) -> BlockFile:
    agreed, problem = shelf.is_agreed(code), ""
    names: tuple[str, ...] = ()
    try:
        names = shelf.written_names(code)
        if agreed:
            names = tuple(shelf.defined(code))
        else:
            problem = f"Nobody has agreed to run {code.path.name}; look at it, and say so."
    except ModelwrightError as error:
        problem = str(error)
    known = layers()
    for name in names if not problem else ():
        if known[name].group != MY_BLOCKS:
            problem = f"There is another layer called {name}; rename the block."
    return BlockFile(code.path, names, shelf.summary(code), agreed, problem, code)


def _check_trust(code: Code, names: tuple[str, ...], trust: bool | Code) -> None:
    agreed = trust.data == code.data if isinstance(trust, Code) else trust
    if not agreed:
        raise NotTrusted(
            f"The blocks in {code.path} ({', '.join(names)}) are had by running it, and nobody has"
            " allowed that. Look at the file, and say that you trust it (--trust).",
            code.path,
            code.data,
        )


def _renamed(code: Code, old: str, new: str) -> str:
    """Return the text with a class called otherwise, wherever the name stands as a word."""
    text = code.data.decode()
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError) as error:
        raise EditRefused(f"{code.path} could not be read: {error}.") from error
    lines = text.splitlines(keepends=True)
    docstring = next((t for t in tokens if t.type == tokenize.STRING), None)
    for token in reversed(tokens):
        (row, column), (last, end) = token.start, token.end
        if token.type == tokenize.NAME and token.string == old:
            line = lines[row - 1]
            lines[row - 1] = line[:column] + new + line[end:]
        elif token.type == tokenize.STRING and (
            token is docstring or token.string.strip("\"'") == old
        ):
            for number in range(row - 1, last):
                lines[number] = re.sub(rf"\b{old}\b", new, lines[number])
                stem = block_file_name(old).removesuffix(".py")
                fresh = block_file_name(new).removesuffix(".py")
                lines[number] = re.sub(rf"\b{stem}\b", fresh, lines[number])
    return "".join(lines)
