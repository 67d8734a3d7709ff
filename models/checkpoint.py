"""Tensors and plain JSON as one checked piece of bytes: safetensors behind a SHA-256.

Nothing in it can run code. Layout: 8 bytes that name the format, 32 bytes of SHA-256 over the rest, then
safetensors whose metadata holds the JSON. It knows nothing of what the tensors mean.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

_MAGIC = b"ASFLOW01"
_DIGEST = hashlib.sha256().digest_size
_BODY = len(_MAGIC) + _DIGEST


class CheckpointError(ValueError):
    """The bytes are no whole checkpoint."""


def pack(tensors: Mapping[str, torch.Tensor], header: Mapping[str, Any]) -> bytes:
    """Return one piece of bytes that holds named tensors and a JSON header.

    Raises:
        ValueError: if the header is not plain JSON (NaN and infinity are not).
    """
    text = json.dumps(dict(header), allow_nan=False, sort_keys=True)
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    body = save(plain, metadata={"header": text})
    return _MAGIC + hashlib.sha256(body).digest() + body


def unpack(content: bytes) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Return the tensors, on the CPU, and the header.

    Raises:
        CheckpointError: if the content is foreign, cut short or changed.
    """
    if content[: len(_MAGIC)] != _MAGIC:
        raise CheckpointError("not a checkpoint of this format")
    body = content[_BODY:]
    if hashlib.sha256(body).digest() != content[len(_MAGIC) : _BODY]:
        raise CheckpointError("the checkpoint is incomplete or was changed: its SHA-256 does not match")
    try:
        tensors: dict[str, torch.Tensor] = load(body)
    except SafetensorError as error:
        raise CheckpointError("the checkpoint's tensors cannot be read") from error
    size = int.from_bytes(body[:8], "little")
    header: dict[str, Any] = json.loads(json.loads(body[8 : 8 + size])["__metadata__"]["header"])
    return tensors, header
