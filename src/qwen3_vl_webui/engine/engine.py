"""One checkpoint's engine: tokens in, tokens out, synchronous, in the process that owns the device.

The loop is `step`: schedule, launch, and read what the step before has chosen. On an accelerator that step is still
under way when the next one is prepared; a sequence that turns out to have ended was then computed once in vain. The
caller (`engine.editions` in the engine's process, or a script) calls `step` while `has_work`. A request ends in a
`Tokens` message that carries usage, or in one `Failed`; then all it held is free.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from qwen3_vl_webui.available_cores import available_cores
from qwen3_vl_webui.engine.admission import make_group
from qwen3_vl_webui.engine.attention.choose import choose_backend
from qwen3_vl_webui.engine.block_tables import BlockTables
from qwen3_vl_webui.engine.config import EngineConfig
from qwen3_vl_webui.engine.encoder import EncodeError
from qwen3_vl_webui.engine.grammar import GrammarCompiler
from qwen3_vl_webui.engine.graphs import PROMPT_SIZES, Decoder, Graphs
from qwen3_vl_webui.engine.kv_cache import BlockPool, KVCache
from qwen3_vl_webui.engine.memory import plan_num_blocks
from qwen3_vl_webui.engine.outputs import cancelled, failure, timings, usage
from qwen3_vl_webui.engine.replay import Capture
from qwen3_vl_webui.engine.request import (
    EngineOutput,
    EngineRequest,
    EngineStats,
    Failed,
    TokenLogprob,
    Tokens,
    Usage,
)
from qwen3_vl_webui.engine.runner import Runner, Unread, rows_to_sample
from qwen3_vl_webui.engine.sampler import NONE, Choice, Row, Sampler
from qwen3_vl_webui.engine.scheduler import Chunk, Scheduler, even_context
from qwen3_vl_webui.engine.sequence import Group, Sequence
from qwen3_vl_webui.engine.vision_cache import VisionCache
from qwen3_vl_webui.errors import ConfigError, EngineFailure, QueueFull
from qwen3_vl_webui.model.decoders import fastest_decoder
from qwen3_vl_webui.model.qwen3_vl import Qwen3VL
from qwen3_vl_webui.model.weights import load_model

logger = logging.getLogger(__name__)

STEPS_READY = 4  # calls of `warm_up` before the first request: someone alone with one short question finds all captured


@dataclass(frozen=True, slots=True)
class _UnderWay:
    """A step that was launched: its chunks, and the sequences that it chooses tokens for."""

    chunks: list[Chunk]
    sequences: list[Sequence]
    choice: Choice

    @property
    def unread(self) -> Unread:
        return Unread(self.choice.tokens, {sequence: at for at, sequence in enumerate(self.sequences)})


class Engine:
    """Continuous batching over one model. Not thread-safe: one thread adds, cancels and steps."""

    def __init__(
        self,
        config: EngineConfig,
        model: Qwen3VL | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Load `config.checkpoint` (telling `progress` bytes done and in all) unless a model is given."""
        if config.max_batch_tokens < config.max_running:
            raise ConfigError(
                "value_out_of_range",
                field="max_batch_tokens",
                minimum=config.max_running,
                maximum="∞",
                value=config.max_batch_tokens,
            )
        device, dtype = torch.device(config.device), getattr(torch, config.dtype)
        if config.threads is not None or device.type != "cpu":
            # Beside a GPU the host computes next to nothing, and waking its threads for it can take milliseconds.
            torch.set_num_threads(config.threads or 1)
        else:
            torch.set_num_threads(min(torch.get_num_threads(), available_cores()))
        if device.type == "cuda":
            torch.backends.cuda.enable_cudnn_sdp(False)  # it builds a plan for every new length: each step of decoding
        self.config = config
        self.model = (
            model if model is not None else load_model(config.folder, device=device, dtype=dtype, progress=progress)
        )
        if config.tower_dtype is not None:
            self.model.visual.to(getattr(torch, config.tower_dtype))
        text = self.model.config.text
        self.num_blocks = plan_num_blocks(config, self.model)
        self.max_context = min(config.max_context, text.max_positions, self.num_blocks * config.block_size)
        self._blocks = BlockPool(self.num_blocks, config.block_size, prefix_cache=config.prefix_cache)
        self._vision = VisionCache(config.vision_cache_bytes)
        self._sampler = Sampler(text.vocab_size, config.max_running, device)
        cache = KVCache(
            num_layers=text.num_layers,
            num_blocks=self.num_blocks,
            block_size=config.block_size,
            num_kv_heads=text.num_kv_heads,
            head_dim=text.head_dim,
            dtype=dtype,
            device=device,
        )
        logger.info("%d KV blocks of %d tokens on %s", self.num_blocks, config.block_size, device)
        decoder = fastest_decoder(self.model)
        kernels = decoder is not self.model or config.attention not in ("auto", "torch")
        graphs = self._graphs(decoder, cache) if (kernels if config.graphs is None else config.graphs) else None
        self._runner = Runner(self.model, decoder, cache, self._vision, self._sampler, graphs)
        self._overlap = device.type == "cuda" if config.overlap is None else config.overlap
        self._under_way: _UnderWay | None = None
        self._warming = True  # there may be steps left to get ready for
        self._scheduler = Scheduler(
            self._blocks,
            self._vision,
            max_running=config.max_running,
            max_batch_tokens=config.max_batch_tokens,
            max_prompt_tokens=config.largest_step,
            max_encode_tokens=config.largest_step,
            even_context=even_context(text),
        )
        self._grammars = GrammarCompiler(
            config.folder / "tokenizer.json", text.vocab_size, self.model.config.eos_token_ids
        )
        self._groups: dict[str, Group] = {}
        self._steps = 0
        self._generated_tokens = 0
        self._prompt_tokens = 0
        self._pace = 1.0  # seconds between ends of requests, smoothed
        self._last_end = 0.0
        for _ in range(STEPS_READY):
            self.warm_up()

    def _graphs(self, decoder: Decoder, cache: KVCache) -> Graphs:
        config, device = self.config, cache.data.device
        heads = self.model.config.text.num_heads
        levels = 1 + len(self.model.config.vision.deepstack_layers)
        backend = choose_backend(config.attention, cache, num_heads=heads, max_running=config.max_running)
        return Graphs(
            decoder,
            backend,
            BlockTables(config.max_running, self._blocks.blocks_for(self.max_context), cache.scratch, device),
            block_size=config.block_size,
            max_running=config.max_running,
            features=cache.data.new_zeros(levels, PROMPT_SIZES[-1], self.model.config.text.hidden_size),
            capture=Capture(device) if device.type == "cuda" else None,
        )

    # ---- what callers use

    def add(self, request: EngineRequest, pixels: Mapping[str, Tensor] = {}) -> None:
        """Queue a request. `pixels` by media key: uint8 [frames, height, width, 3], of grid x patch size.

        They are kept, not copied, until the request ends. Raises InvalidRequest or QueueFull; then nothing is kept.
        """
        assert request.request_id not in self._groups, "request ids are unique"
        if (queued := self._scheduler.num_queued(request.sampling.n)) > self.config.max_waiting:
            drained = self._pace * queued / 4  # a quarter of the queue
            retry_after = float(min(max(math.ceil(drained), 1), 60))
            raise QueueFull("queue_full", retry_after=retry_after, limit=self.config.max_waiting)
        now = time.monotonic()
        group = make_group(
            request,
            pixels,
            config=self.model.config,
            max_context=self.max_context,
            max_running=self.config.max_running,
            now=now,
        )
        if request.sampling.grammar is not None:
            group.grammar = self._grammars.compile(request.sampling.grammar, request.sampling.grammar_after, now)
        group.forked = request.sampling.n == 1
        first = Sequence(group, 0, self._blocks.blocks_for(self.max_context))
        group.sequences.append(first)
        self._groups[request.request_id] = group
        self._scheduler.add(first)
        self._prompt_tokens += len(first)

    def cancel(self, request_id: str) -> None:
        """End a request at the next step, with the reason "cancelled". An unknown id has ended already."""
        if (group := self._groups.get(request_id)) is not None:
            group.cancelled = True

    def step(self) -> list[EngineOutput]:
        """Launch one batch and hand out what the one before gave (without overlap: what this one gives).

        A request's own fault becomes its `Failed`; an exception means that the device is lost.
        """
        self._steps += 1
        outputs = self._sweep()
        if self._under_way is not None and self._must_read():
            outputs += self._read()
        launched = self._launch(outputs)
        outputs += self._read()
        self._under_way = launched
        if not self._overlap:
            outputs += self._read()
        return outputs

    @property
    def has_work(self) -> bool:
        """Whether `step` has anything to do."""
        return bool(self._groups) or self._under_way is not None

    @property
    def is_full(self) -> bool:
        """Whether the newest request has to wait until others end."""
        return self._scheduler.num_queued() > 0

    def stats(self) -> EngineStats:
        """A snapshot for metrics."""
        scheduler = self._scheduler
        return EngineStats(
            waiting=len(scheduler.waiting),
            running=len(scheduler.running),
            steps=self._steps,
            blocks_total=self.num_blocks,
            blocks_free=self._blocks.num_free,
            prefix_hit_tokens=scheduler.hit_tokens,
            prefix_query_tokens=scheduler.query_tokens,
            vision_hits=self._vision.hits,
            vision_misses=self._vision.misses,
            preemptions=scheduler.preemptions,
            generated_tokens=self._generated_tokens,
            prompt_tokens=self._prompt_tokens,
        )

    def warm_up(self) -> bool:
        """Use idle time: make one more kind of step quick for when it is first needed; whether there was one."""
        if self.has_work or not self._warming:
            return False
        try:
            self._warming = self._runner.warm_up()
        except Exception:
            logger.warning("getting ready for larger batches failed", exc_info=True)
            self._warming = False
            self._runner.check()
        return self._warming

    def close(self) -> None:
        """Let go of the grammar thread. Memory goes with the object."""
        self._grammars.close()

    # ---- the parts of a step

    def _sweep(self) -> list[EngineOutput]:
        """End cancelled requests, and those whose grammar did not compile; hand out the grammars that did."""
        outputs: list[EngineOutput] = []
        now = time.monotonic()
        for group in list(self._groups.values()):
            if group.cancelled:
                outputs += self._cancelled(group)
            elif group.grammar is not None and group.sequences[0].grammar is None:
                try:
                    group.grammar.check(now)
                    if group.grammar.ready:
                        group.sequences[0].grammar = group.grammar.state()
                except Exception as error:
                    outputs.append(self._fail(group, error))
        return outputs

    def _wait_for_grammar(self) -> None:
        """With nothing to compute, sleep a little on a grammar under compilation instead of spinning."""
        for group in self._groups.values():
            if group.grammar is not None and not group.grammar.ready:
                group.grammar.wait(0.005)
                return

    def _must_read(self) -> bool:
        """Whether the next step depends on tokens that only the host can make use of, or could preempt someone."""
        assert self._under_way is not None
        return self._scheduler.must_preempt or any(
            not one.ended and (one.grammar is not None or self._sampler.must_count(one))
            for one in self._under_way.sequences
        )

    def _launch(self, outputs: list[EngineOutput]) -> _UnderWay | None:
        """Schedule a step and start it; what fails is appended to `outputs`."""
        schedule = self._scheduler.schedule(time.monotonic())
        if not schedule.chunks:
            if self._under_way is None:
                self._wait_for_grammar()
            return None
        rows = rows_to_sample(schedule.chunks)
        try:
            unread = None if self._under_way is None else self._under_way.unread
            choice = self._runner.run(schedule, rows, unread)
        except EncodeError as error:
            outputs += self._fail_media(error)
            return None
        except Exception as error:
            logger.exception("a step failed")
            outputs += [self._fail(group, error) for group in {chunk.sequence.group for chunk in schedule.chunks}]
            self._runner.check()
            return None
        for chunk in schedule.chunks:
            chunk.sequence.num_computed = chunk.end
            self._scheduler.unpin_passed(chunk.sequence)
        sequences = [row.sequence if row.index == row.sequence.index else self._fork(row) for row in rows]
        for sequence in sequences:
            sequence.unread += 1
        return _UnderWay(schedule.chunks, sequences, choice)

    def _read(self) -> list[EngineOutput]:
        """Wait for the step under way, if any: hand out its tokens, end what is complete."""
        step, self._under_way = self._under_way, None
        if step is None:
            return []
        sampled = step.choice.read()
        outputs: list[EngineOutput] = []
        now = time.monotonic()
        for sequence in step.sequences:
            sequence.unread -= 1
        for chunk in step.chunks:
            if not chunk.sequence.ended:
                self._blocks.register(chunk.sequence, chunk.start, chunk.end)
        for sequence, token, logprob in zip(step.sequences, sampled.tokens, sampled.logprobs, strict=True):
            if sequence.ended:
                continue  # before this step was read, or through a sibling
            if token == NONE:
                outputs.append(self._fail_poisoned(sequence.group))
            else:
                outputs.append(self._take(sequence, token, logprob, now))
        return outputs

    def _fork(self, row: Row) -> Sequence:
        sequence = row.sequence.fork(row.index)
        sequence.group.sequences.append(sequence)
        sequence.group.forked = True
        self._blocks.share(sequence)
        self._scheduler.add_fork(sequence)
        return sequence

    def _take(self, sequence: Sequence, token: int, logprob: TokenLogprob | None, now: float) -> EngineOutput:
        """Give a sequence its new token: the message to send."""
        group = sequence.group
        if group.first_token is None:
            group.first_token = now
        stops = token in group.stop_ids
        if not stops:
            sequence.generated.append(token)
            self._generated_tokens += 1
            if sequence.detector is not None:
                sequence.detector.feed(token)
            if sequence.grammar is not None and (problem := sequence.grammar.consume(token)) is not None:
                return self._fail(group, EngineFailure("engine_failed", reason=problem))
        reason = sequence.finish_reason(token)
        if reason is not None:
            self._end(sequence, now)
        over = reason is not None and group.finished == group.request.sampling.n
        return Tokens(
            request_id=group.request.request_id,
            index=sequence.index,
            token_ids=[] if stops else [token],
            logprobs=None if logprob is None or stops else [logprob],
            cached_tokens=group.cached_tokens,
            finish_reason=reason,
            usage=self._close(group, now) if over else None,
            timings=timings(group, now) if over else None,
        )

    # ---- ends

    def _end(self, sequence: Sequence, now: float) -> None:
        """A sample is complete."""
        group = sequence.group
        sequence.ended = True
        self._scheduler.remove(sequence)
        self._sampler.release(sequence)
        group.sequences.remove(sequence)
        group.finished += 1
        group.finished_tokens += len(sequence.generated)

    def _close(self, group: Group, now: float) -> Usage:
        """Forget a request; what it used."""
        for sequence in list(group.sequences):
            self._end(sequence, now)
        del self._groups[group.request.request_id]
        group.pixels = {}
        # Seconds from one end to the next while there is work; idle time does not count.
        self._pace += 0.2 * (now - max(self._last_end, group.scheduled or now) - self._pace)
        self._last_end = now
        return usage(group)

    def _cancelled(self, group: Group) -> list[EngineOutput]:
        """End a request that its client left."""
        samples = [one.index for one in group.sequences] if group.forked else list(range(group.request.sampling.n))
        now = time.monotonic()
        self._close(group, now)
        return cancelled(group, samples, now)

    def _fail_media(self, error: EncodeError) -> list[EngineOutput]:
        """Fail the requests whose pictures could not be encoded; the others are scheduled again."""
        outputs: list[EngineOutput] = []
        for group in list(self._groups.values()):
            for span in group.spans:
                if span.key in error.failures:
                    outputs.append(self._fail(group, error.failures[span.key]))
                    break
        return outputs

    def _fail_poisoned(self, group: Group) -> Failed:
        """End a request whose logits were not finite, and wipe its blocks: NaN would reach others through padding."""
        blocks = {block for one in group.sequences for block in one.block_table[: one.num_blocks].tolist()}
        failed = self._fail(group, EngineFailure("engine_failed", reason="no token could be chosen (NaN or no choice)"))
        self._runner.clear(self._blocks.forget(sorted(blocks)))
        return failed

    def _fail(self, group: Group, error: Exception) -> Failed:
        """End a request in an error."""
        self._close(group, time.monotonic())
        return failure(group, error)
