"""Two editions behind one engine's interface: residency, loading on demand, fairness, failures."""

from __future__ import annotations

import gc
import shutil
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from engine_clients import engine_config, text_request
from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.editions import Editions, Progress, load_engine
from qwen3_vl_webui.engine.engine import Engine
from qwen3_vl_webui.engine.footprint import Footprint, kv_token_bytes
from qwen3_vl_webui.engine.messages import Loading, Queued
from qwen3_vl_webui.engine.process import freeze
from qwen3_vl_webui.engine.request import Failed, Tokens
from qwen3_vl_webui.engine.residency import fit_together
from qwen3_vl_webui.errors import EngineUnavailable, NotFound, QueueFull, WebUIError

NOTHING_FREE: Callable[[str], int] = lambda device: 0  # noqa: E731  only one edition at a time then


class Loader:
    """The real loader, with a gate and a count."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.gated: str | None = None  # only loads of this folder wait at the gate; None: all do
        self.errors: dict[str, Exception] = {}  # by folder, for one load

    def __call__(self, config: EngineConfig, progress: Progress) -> Engine:
        self.loaded.append(config.folder.name)
        progress(1, 4)
        if self.gated in (None, config.folder.name):
            assert self.gate.wait(10)
        if (error := self.errors.pop(config.folder.name, None)) is not None:
            raise error
        return load_engine(config, progress)


def run(editions: Editions, until: Callable[[list[object]], bool], seconds: float = 20.0) -> list[object]:
    """Step until the outputs so far satisfy a condition."""
    outputs: list[object] = []
    deadline = time.monotonic() + seconds
    while not until(outputs):
        assert time.monotonic() < deadline, (outputs, editions.status())
        if editions.has_work or editions.is_loading:
            outputs.extend(editions.step())
        time.sleep(0 if editions.has_work else 0.005)
    return outputs


def ended(*request_ids: str) -> Callable[[list[object]], bool]:
    def done(outputs: list[object]) -> bool:
        over = {o.request_id for o in outputs if isinstance(o, Failed) or (isinstance(o, Tokens) and o.usage)}
        return over >= set(request_ids)

    return done


def settled(editions: Editions) -> Callable[[list[object]], bool]:
    return lambda outputs: not editions.is_loading and not editions.has_work


def order_of_ends(outputs: list[object]) -> list[str]:
    return [o.request_id for o in outputs if isinstance(o, Tokens) and o.usage is not None]


@pytest.fixture
def pair(tiny_checkpoint: Path, tiny_thinking_checkpoint: Path) -> dict:
    return {"instruct": engine_config(tiny_checkpoint), "thinking": engine_config(tiny_thinking_checkpoint)}


def test_both_stay_resident_when_they_fit_and_answer_as_they_would_alone(pair: dict) -> None:
    editions = Editions(pair)
    run(editions, settled(editions))
    assert {name: status.state for name, status in editions.status().items()} == {
        "instruct": "ready",
        "thinking": "ready",
    }
    for edition in pair:
        editions.add(text_request(edition, edition=edition, max_tokens=12))
    outputs = run(editions, ended("instruct", "thinking"))
    for edition, config in pair.items():
        alone = Engine(config)
        alone.add(text_request(edition, edition=edition, max_tokens=12))
        expected = []
        while alone.has_work:
            expected += alone.step()
        assert [o for o in outputs if isinstance(o, Tokens) and o.request_id == edition and o.token_ids] != []
        assert [o.token_ids for o in outputs if isinstance(o, Tokens) and o.request_id == edition] == [
            o.token_ids for o in expected if isinstance(o, Tokens)
        ]


def test_resident_editions_take_turns_step_by_step(pair: dict) -> None:
    editions = Editions(pair)
    run(editions, settled(editions))
    for edition in pair:
        editions.add(text_request(edition, edition=edition, max_tokens=40))
    outputs = [o for o in run(editions, ended(*pair)) if isinstance(o, Tokens)]
    lead = 0
    for output in outputs:
        lead += 1 if output.request_id == "instruct" else -1
        assert abs(lead) <= 2


def test_the_same_folder_for_both_is_loaded_once(tiny_checkpoint: Path) -> None:
    loader = Loader()
    config = engine_config(tiny_checkpoint)
    editions = Editions({"instruct": config, "thinking": config}, load=loader, free=NOTHING_FREE)
    for edition in ("instruct", "thinking"):
        editions.add(text_request(edition, edition=edition))
    run(editions, ended("instruct", "thinking"))
    assert len(loader.loaded) == 1
    assert {status.state for status in editions.status().values()} == {"ready"}


def test_an_edition_that_was_frozen_leaves_nothing_behind(pair: dict) -> None:
    """Its cycles are found when it leaves, although its process takes what is there out of the collector's sight."""
    editions = Editions(
        {name: msgspec.structs.replace(one, graphs=True) for name, one in pair.items()}, free=NOTHING_FREE
    )
    run(editions, settled(editions))
    leaving = [weakref.ref(slot.engine._runner.graphs) for slot in editions._slots if slot.engine is not None]
    freeze()
    editions.add(text_request("r", edition="thinking"))
    run(editions, ended("r"))
    assert len(leaving) == 1
    assert leaving[0]() is None
    assert gc.get_freeze_count() == 0


def test_who_finds_every_place_taken_is_told_to_be_queued(pair: dict) -> None:
    editions = Editions({"instruct": msgspec.structs.replace(pair["instruct"], max_running=2)})
    run(editions, settled(editions))
    for name in ("a", "b", "c"):
        editions.add(text_request(name, max_tokens=20))
    outputs = run(editions, ended("a", "b", "c"))
    assert [o.request_id for o in outputs if isinstance(o, Queued)] == ["c"]
    editions.add(text_request("d"))
    assert not any(isinstance(o, Queued) for o in run(editions, ended("d")))


def test_an_edition_that_is_not_configured_is_not_found(pair: dict) -> None:
    editions = Editions({"instruct": pair["instruct"]})
    with pytest.raises(NotFound, match="thinking"):
        editions.add(text_request("r", edition="thinking"))


def test_without_room_a_request_loads_its_edition_and_evicts_the_idle_one(pair: dict) -> None:
    loader = Loader()
    editions = Editions(pair, load=loader, free=NOTHING_FREE)
    run(editions, settled(editions))
    assert {name: s.state for name, s in editions.status().items()} == {"instruct": "ready", "thinking": "on_demand"}
    editions.add(text_request("r", edition="thinking"))
    outputs = run(editions, ended("r"))
    assert [o.fraction for o in outputs if isinstance(o, Loading)] == sorted(
        o.fraction for o in outputs if isinstance(o, Loading)
    )
    assert isinstance(outputs[0], Loading)
    assert outputs[0].fraction == 0.0
    assert isinstance(outputs[1], Loading)
    assert {name: s.state for name, s in editions.status().items()} == {"instruct": "on_demand", "thinking": "ready"}
    assert len(loader.loaded) == 2


def test_the_resident_edition_finishes_what_it_runs_before_it_leaves(pair: dict) -> None:
    editions = Editions(pair, free=NOTHING_FREE)
    run(editions, settled(editions))
    editions.add(text_request("long", max_tokens=60))
    editions.add(text_request("other", edition="thinking"))
    assert order_of_ends(run(editions, ended("long", "other"))) == ["long", "other"]


def test_steady_traffic_for_one_edition_does_not_starve_the_other(pair: dict) -> None:
    editions = Editions(pair, free=NOTHING_FREE, turn_seconds=0.2)
    run(editions, settled(editions))
    editions.add(text_request("starved", edition="thinking"))
    outputs: list[object] = []
    deadline = time.monotonic() + 20
    sent = 0
    while "starved" not in order_of_ends(outputs):
        assert time.monotonic() < deadline, editions.status()
        if sent - len(order_of_ends(outputs)) < 4 and sent < 2000:  # there is always instruct work
            editions.add(text_request(f"steady-{sent}", max_tokens=20))
            sent += 1
        outputs.extend(editions.step())
        if editions.is_loading and not editions.has_work:
            time.sleep(0.002)
    everything = {f"steady-{at}" for at in range(sent)}
    outputs += run(editions, lambda more: set(order_of_ends(outputs + more)) >= everything)  # held ones are not lost
    assert sent > 1


def test_the_other_edition_goes_on_while_one_is_loading(pair: dict) -> None:
    loader = Loader()
    loader.gated = "tiny-thinking"
    loader.gate.clear()
    editions = Editions(pair, load=loader)
    run(editions, lambda outputs: editions.status()["instruct"].state == "ready")
    run(editions, lambda outputs: len(loader.loaded) == 2)
    editions.add(text_request("now", max_tokens=5))
    run(editions, ended("now"))
    assert editions.status()["thinking"].state == "loading"
    loader.gate.set()
    run(editions, settled(editions))


def test_a_request_that_waits_for_a_load_can_be_cancelled(pair: dict) -> None:
    loader = Loader()
    loader.gate.clear()
    editions = Editions(pair, load=loader)
    editions.add(text_request("r"))
    editions.step()
    editions.cancel("r")
    outputs = run(editions, ended("r"))
    last = outputs[-1]
    assert isinstance(last, Tokens)
    assert last.finish_reason == "cancelled"
    assert editions.status()["instruct"].waiting == 0
    loader.gate.set()
    run(editions, settled(editions))


def test_the_queue_of_a_loading_edition_is_bounded(tiny_checkpoint: Path) -> None:
    loader = Loader()
    loader.gate.clear()
    editions = Editions({"instruct": engine_config(tiny_checkpoint, max_running=1, max_waiting=2)}, load=loader)
    for at in range(3):
        editions.add(text_request(f"r{at}"))
    with pytest.raises(QueueFull) as caught:
        editions.add(text_request("r3"))
    assert caught.value.retry_after is not None
    loader.gate.set()
    run(editions, ended("r0", "r1", "r2"))


def test_a_checkpoint_that_cannot_be_loaded_fails_its_requests_and_spares_the_other(pair: dict, tmp_path: Path) -> None:
    broken = pair | {"thinking": engine_config(tmp_path)}
    editions = Editions(broken)
    editions.add(text_request("waits", edition="thinking"))
    outputs = run(editions, settled(editions))
    assert [o.request_id for o in outputs if isinstance(o, Failed)] == ["waits"]
    assert editions.status()["thinking"].state == "failed"
    assert editions.status()["thinking"].error
    with pytest.raises(WebUIError):
        editions.add(text_request("later", edition="thinking"))
    editions.add(text_request("good"))
    run(editions, ended("good"))


def test_a_failed_checkpoint_is_tried_again_after_a_while(pair: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    loader = Loader()
    loader.errors["tiny-instruct"] = RuntimeError("the disk was asleep")
    editions = Editions({"instruct": pair["instruct"]}, load=loader)
    run(editions, settled(editions))
    assert "the disk was asleep" in (editions.status()["instruct"].error or "")
    monkeypatch.setattr("qwen3_vl_webui.engine.editions.RETRY_SECONDS", 0.0)
    editions.add(text_request("r"))
    run(editions, ended("r"))
    assert editions.status()["instruct"].error is None


def test_running_out_of_memory_beside_the_other_makes_them_take_turns(pair: dict) -> None:
    loader = Loader()
    loader.errors["tiny-thinking"] = MemoryError("no room")
    editions = Editions(pair, load=loader)
    editions.add(text_request("r", edition="thinking"))
    outputs = run(editions, ended("r"))
    assert not any(isinstance(o, Failed) for o in outputs)
    assert editions.status()["instruct"].state == "on_demand"


def test_running_out_of_memory_before_the_other_came_makes_them_take_turns(pair: dict) -> None:
    loader = Loader()
    loader.errors["tiny-instruct"] = MemoryError("no cache worth having beside the other")
    editions = Editions(pair, load=loader)
    editions.add(text_request("r"))
    outputs = run(editions, ended("r"))
    assert not any(isinstance(o, Failed) for o in outputs)
    assert editions.status()["thinking"].state == "on_demand"


@pytest.mark.parametrize("broken", ["header", "missing"])
def test_a_broken_weights_file_is_one_line_in_the_log(
    pair: dict, tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    folder = Path(shutil.copytree(pair["instruct"].folder, tmp_path / "copy"))
    weights = folder / "model.safetensors"
    weights.unlink() if broken == "missing" else weights.write_bytes(b"not a header")
    editions = Editions({"instruct": engine_config(folder)})
    run(editions, settled(editions))
    (line,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert line.exc_info is None
    assert weights.name in line.getMessage()


def test_running_out_of_memory_alone_is_told(pair: dict) -> None:
    loader = Loader()
    loader.errors["tiny-instruct"] = MemoryError("no room")
    editions = Editions({"instruct": pair["instruct"]}, load=loader)
    run(editions, settled(editions))
    with pytest.raises(EngineUnavailable, match="not enough memory"):
        editions.add(text_request("r"))


def test_the_plan_counts_weights_caches_and_activations(pair: dict) -> None:
    config = pair["instruct"]
    engine = Engine(config)
    size = Footprint.read(config.folder)
    assert size.elements == sum(p.numel() for p in engine.model.parameters())
    assert kv_token_bytes(config, size) == 2 * 4 * 2 * 32 * 4  # keys and values, layers, heads, size, float32
    need = 4 * size.elements + config.num_blocks * config.block_size * kv_token_bytes(config, size)
    configs = list(pair.values())
    assert not fit_together(configs, lambda device: 2 * need)  # caches and activations come on top
    assert fit_together(configs, lambda device: 20 * need)
    assert fit_together(configs[:1], lambda device: 0)
