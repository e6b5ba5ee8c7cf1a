"""Bringing a file of pretrained weights into torch.hub's folder, where the builders look for it."""

import hashlib
import os
import re
import secrets
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlparse

import torch

from core.errors import Cancelled, SourceError
from core.source.registry import Request

_CHUNK = 1 << 20
#: torch.hub's convention: the name ends in the first digits of the file's SHA-256.
_HASH = re.compile(r"-([a-f0-9]{8,})\.")


def fetched(url: str, what: str, request: Request) -> Path:
    """Return the file of ``url``, downloading it if it is not there yet.

    Progress is in bytes. Raises :class:`~core.errors.SourceError` where it cannot be had, and
    :class:`~core.errors.Cancelled`; nothing half-written is left.
    """
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    target = folder / Path(urlparse(url).path).name
    if target.is_file():
        return target
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _download(url, temporary, what, request)
        os.replace(temporary, target)
    except (urllib.error.URLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise SourceError(
            f"{what} are not in {folder}, and the download failed: {reason}."
            f" Go on without, or put {target.name} there."
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
    return target


def _download(url: str, file: Path, what: str, request: Request) -> None:
    digest = hashlib.sha256()
    with urllib.request.urlopen(url, timeout=30) as answer, open(file, "xb") as out:
        total = int(answer.headers.get("Content-Length") or 0)
        done = 0
        while chunk := answer.read(_CHUNK):
            if request.cancelled is not None and request.cancelled():
                raise Cancelled(f"The download of {what} was stopped.")
            out.write(chunk)
            digest.update(chunk)
            done += len(chunk)
            if request.progress is not None:
                request.progress(done, total, f"Downloading {what}")
    if total and done < total:
        raise OSError(f"the connection ended after {done:,} of {total:,} bytes")
    expected = _HASH.search(file.name)
    if expected and not digest.hexdigest().startswith(expected[1]):
        raise OSError("the file that came is not the one expected (its SHA-256 differs)")
