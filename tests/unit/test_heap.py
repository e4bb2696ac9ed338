"""What a worker has loaded before its first turn is never walked by the garbage collector again."""

from __future__ import annotations

import gc

from runtime.app import settle_heap


def test_what_is_loaded_is_left_out_of_every_later_collection() -> None:
    loaded = [[n] for n in range(10_000)]
    before = gc.get_freeze_count()
    try:
        settle_heap()
        assert gc.get_freeze_count() >= before + len(loaded)
        walked = {id(each) for each in gc.get_objects()}
        assert not any(id(each) in walked for each in loaded)
    finally:
        gc.unfreeze()
