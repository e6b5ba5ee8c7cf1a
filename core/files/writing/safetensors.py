"""The safetensors file: the length of a header, the header as JSON, the numbers.

As https://github.com/huggingface/safetensors describes it. It knows neither sharing nor strides: a
tensor is packed, and one that stands under two names is written under both.
"""

import json
import struct
from collections.abc import Mapping, Sequence

from core.errors import SaveRefused
from core.files.writing.output import Output
from core.files.writing.runs import Bytes

#: torch's name of a dtype -> the format's; what ``safetensors.torch`` reads.
DTYPES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16",
    "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2",
    "float8_e4m3fnuz": "F8_E4M3FNUZ", "float8_e5m2fnuz": "F8_E5M2FNUZ",
    "complex64": "C64",
    "int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8",
    "uint64": "U64", "uint32": "U32", "uint16": "U16", "uint8": "U8", "bool": "BOOL",
}  # fmt: skip
#: Its readers refuse a longer header.
_LONGEST_HEADER = 100_000_000

#: Name, shape, torch's name of the dtype, the packed numbers, bytes of one of them.
Packed = tuple[str, tuple[int, ...], str, Bytes, int]


def write_safetensors(
    output: Output, tensors: Sequence[Packed], metadata: Mapping[str, str]
) -> None:
    """Write tensors; those with the longest numbers come first, so that each is aligned to its own.

    Raises :class:`~core.errors.SaveRefused` for a dtype that the format does not know.
    """
    ordered = sorted(tensors, key=lambda tensor: -tensor[4])
    header: dict[str, object] = {"__metadata__": {"format": "pt", **metadata}}
    end = 0
    for name, shape, dtype, data, _ in ordered:
        if dtype not in DTYPES:
            raise SaveRefused(
                f"{name} is of dtype {dtype}, which safetensors does not know. Save as .pth, or"
                " convert it first."
            )
        if name == "__metadata__":
            raise SaveRefused("safetensors keeps the name __metadata__ for itself; rename it.")
        begin, end = end, end + data.length
        header[name] = {
            "dtype": DTYPES[dtype], "shape": list(shape), "data_offsets": [begin, end]
        }  # fmt: skip
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > _LONGEST_HEADER:
        raise SaveRefused("There are more tensors than a safetensors file can name; use shards.")
    output.write(struct.pack("<Q", len(text)))
    output.write(text)
    for *_, data, _ in ordered:
        output.append(data)
