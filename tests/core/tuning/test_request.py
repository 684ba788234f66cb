"""What a run may not be asked for."""

from __future__ import annotations

import pytest

from core.errors import InvalidInput
from core.tuning.request import TuneRequest


def test_several_processes_need_a_strategy() -> None:
    asked = {"method": "lora", "model": "smollm2", "data": "rows.jsonl", "name": "lens"}
    with pytest.raises(InvalidInput, match=r"processes is 4 and strategy is none.* ddp or fsdp") as refused:
        TuneRequest.parse(**asked, settings={"processes": 4})
    assert refused.value.field == "processes"
    assert TuneRequest.parse(**asked, settings={"processes": 4, "strategy": "ddp"}).settings.processes == 4
