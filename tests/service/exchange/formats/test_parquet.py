"""Parquet keeps the types of columns."""

import io

import pandas as pd

from service.exchange.formats import parquet


def test_columns_keep_their_types_and_blanks() -> None:
    rows = [
        {"text": "=a", "whole": 1, "share": 0.5, "mixed": 1, "either": 1, "flag": True, "none": None},
        {"text": None, "whole": 2, "share": None, "mixed": "b", "either": 0.5, "flag": None, "none": None},
    ]
    frame = pd.read_parquet(io.BytesIO(parquet.write(rows)))
    assert list(frame) == list(rows[0])
    assert frame["text"].iloc[0] == "=a"
    assert frame["whole"].tolist() == [1, 2]
    assert frame["share"].iloc[0] == 0.5
    assert frame["mixed"].tolist() == ["1", "b"]
    assert frame["either"].tolist() == [1.0, 0.5]
    assert frame[["text", "share", "flag"]].iloc[1].isna().all()
    assert frame["none"].isna().all()


def test_an_empty_batch_is_an_empty_table() -> None:
    assert pd.read_parquet(io.BytesIO(parquet.write([]))).empty
