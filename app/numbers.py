"""Numbers as people read them: ``25.6 M`` parameters, ``97.8 MB``, ``4.09 G`` MACs."""

_THOUSANDS = ("", "k", "M", "G", "T", "P", "E")
_BYTES = ("B", "KB", "MB", "GB", "TB", "PB", "EB")
#: Counts below this stay as they are: ``9,408`` says more than ``9.41 k`` and is as short.
_SHORT = 10_000


def count(number: int) -> str:
    """Return a count in three digits (``25.6 M``); small ones as they are (``9,408``)."""
    return exact(number) if abs(number) < _SHORT else _scaled(number, 1000, _THOUSANDS)


def macs(number: int) -> str:
    """Return multiply-accumulates, as counts are written: ``4.09 G``."""
    return count(number)


def exact(number: int) -> str:
    """Return every digit: ``25,557,032``."""
    return f"{number:,}"


def size(number: int) -> str:
    """Return bytes with units of 1024, as file sizes of weights are given: ``97.8 MB``."""
    return f"{number} B" if abs(number) < 1024 else _scaled(number, 1024, _BYTES)


def real(number: float) -> str:
    """Return a measured number in four digits at most: ``0.01234``, ``-1.5``, ``1.2e-07``."""
    return f"{number:.4g}"


def percent(share: float) -> str:
    """Return a share of 0 to 1 as ``97.9 %``; what is nearly all is not called all."""
    return "over 99.9 %" if 0.9995 <= share < 1 else f"{share:.1%}".replace("%", " %")


def _scaled(number: int, base: int, units: tuple[str, ...]) -> str:
    value, step = float(number), 0
    # 999.5 would be written 1000: it belongs to the next unit (with 1024, four digits may stand).
    while abs(value) >= base - 0.5 and step + 1 < len(units):
        value, step = value / base, step + 1
    digits = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:.{digits}f} {units[step]}".rstrip()
