"""Checkpoints keep every bit, and refuse anything that is not whole."""

import hashlib

import pytest
import torch

from models.checkpoint import CheckpointError, pack, unpack


def test_tensors_and_header_come_back_bit_for_bit():
    tensors = {
        "floats": torch.tensor([[1.0, -torch.inf], [torch.nan, 1e-45]]),
        "numbers": torch.tensor([2**62, -1]),
        "empty": torch.empty(0, 3, dtype=torch.int64),
        "transposed": torch.arange(6).view(2, 3).t(),
        "bytes": torch.Generator().manual_seed(1).get_state(),
        "scalar": torch.tensor(3.5, dtype=torch.float64),
    }
    header = {"steps": 3, "rate": 0.1, "names": ["a", "b"], "nested": {"x": None}}
    found, again = unpack(pack(tensors, header))
    assert again == header
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert found[name].shape == tensor.shape
        assert torch.equal(
            found[name].contiguous().view(torch.uint8) if tensor.dim() else found[name],
            (tensor.contiguous().view(torch.uint8) if tensor.dim() else tensor),
        )


def test_equal_content_gives_equal_bytes():
    tensors = {"b": torch.ones(2), "a": torch.zeros(3)}
    assert pack(tensors, {"x": 1, "y": 2}) == pack(dict(reversed(tensors.items())), {"y": 2, "x": 1})


@pytest.mark.parametrize("place", [0, 10, 60, -1])
def test_a_changed_byte_is_refused(place: int):
    content = bytearray(pack({"a": torch.arange(10)}, {"step": 1}))
    content[place] ^= 1
    with pytest.raises(CheckpointError):
        unpack(bytes(content))


@pytest.mark.parametrize("length", [0, 7, 39, 100])
def test_a_cut_checkpoint_is_refused(length: int):
    with pytest.raises(CheckpointError):
        unpack(pack({"a": torch.arange(10)}, {"step": 1})[:length])


def test_whole_bytes_that_hold_no_tensors_are_refused():
    body = b"not safetensors"
    with pytest.raises(CheckpointError, match="cannot be read"):
        unpack(b"ASFLOW01" + hashlib.sha256(body).digest() + body)


def test_a_header_that_is_no_plain_json_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        pack({}, {"rate": float("nan")})
