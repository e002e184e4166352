"""The settings panel: sampling, penalties, system prompt, budgets of pictures and videos."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from qwen3_vl_webui.engine.request import Edition, SamplingParams
from qwen3_vl_webui.errors import InvalidRequest, Language, words
from qwen3_vl_webui.processing.messages import MediaBudget
from qwen3_vl_webui.ui.markup import button
from qwen3_vl_webui.ui.presets import (
    FRAMES_PER_GROUP,
    MEDIA,
    MEDIA_CONTROLS,
    PENALTY_CONTROLS,
    PRESET_NAMES,
    PRESETS,
    SAMPLING_CONTROLS,
    VISUAL_TOKEN_PIXELS,
    Control,
    values_for,
)
from qwen3_vl_webui.ui.texts import TEXTS, say

Updates = dict[Any, Any]


class SettingsPanel:
    """Builds the region inside the current Blocks. `inputs` is what a message needs, in the order of `names`."""

    def __init__(self, preset: Callable[[Edition], dict[str, float]], caps: Mapping[str, float]) -> None:
        """`preset` gives an edition's values; `caps` is the most that the server takes, by control."""
        self.preset = preset
        self._caps = caps
        self.limits: dict[str, Control] = {}  # of the sliders, as this server has them
        self.controls: dict[str, gr.components.Component] = {}
        self.heading = gr.HTML("", elem_id="settings-heading", js_on_load=None)
        with gr.Accordion(say("sampling", "en"), open=True) as self.sampling:
            for control in SAMPLING_CONTROLS:
                self._slider(control, PRESETS["instruct"][control.name])
        with gr.Accordion(say("penalties", "en"), open=False) as self.penalties:
            for control in PENALTY_CONTROLS:
                self._slider(control, PRESETS["instruct"][control.name])
            self.controls["stop_repetition"] = gr.Checkbox(True, label=say("stop_repetition", "en"), container=False)
        self.reset = gr.Button(say("reset", "en"), size="sm", elem_id="reset")
        with gr.Accordion(say("system_prompt", "en"), open=True) as self.system:
            self.controls["system_prompt"] = gr.Textbox("", show_label=False, container=False, lines=2, max_lines=12)
        with gr.Accordion(say("media_budget", "en"), open=False) as self.media:
            for control in MEDIA_CONTROLS:
                self._slider(control, MEDIA[control.name])
        self.controls["seed"] = gr.Textbox("", label=say("seed", "en"), max_lines=1)
        self.edited = gr.JSON([], visible=False)  # names of the controls that the user changed
        self.names = tuple(self.controls)
        self.inputs = [self.controls[name] for name in self.names]
        self.outputs = [self.controls[name] for name in PRESET_NAMES]

    def _slider(self, control: Control, value: float) -> None:
        maximum = min(control.maximum, self._caps.get(control.name, control.maximum))
        minimum = control.minimum
        if minimum >= maximum:
            minimum = maximum // 2 if control.whole else maximum / 2
        control = replace(control, minimum=minimum, maximum=maximum, step=min(control.step, maximum - minimum))
        self.limits[control.name] = control
        self.controls[control.name] = gr.Slider(
            minimum,
            maximum,
            value=min(value, maximum),
            step=control.step,
            label=say(control.name, "en"),
            elem_id=f"set-{control.name}",
            buttons=[],
        )

    def explain(self, name: str, value: Any, language: Language) -> str:
        """What a slider takes, when something else was written into its field, and what it therefore still says."""
        control = self.limits[name]
        return say(
            "setting_whole" if control.whole else "setting_number",
            language,
            name=say(name, language),
            minimum=f"{control.minimum:g}",
            maximum=f"{control.maximum:g}",
            value=f"{value:g}",
        )

    def translate(self, language: Language) -> Updates:
        updates: Updates = {
            self.heading: (
                f"{button('close-settings', '', say('close', language))}<h2>{say('settings', language)}</h2>"
                f"<p>{say('preset_hint', language)}</p>"
            ),
            self.reset: gr.update(value=say("reset", language)),
            self.sampling: gr.update(label=say("sampling", language)),
            self.penalties: gr.update(label=say("penalties", language)),
            self.system: gr.update(label=say("system_prompt", language)),
            self.media: gr.update(label=say("media_budget", language)),
        }
        for name, component in self.controls.items():
            info = say(f"{name}_info", language) if f"{name}_info" in TEXTS else None
            if name == "system_prompt":
                updates[component] = gr.update(
                    label=say(name, language), placeholder=say("system_prompt_placeholder", language)
                )
            elif info is None:
                updates[component] = gr.update(label=say(name, language))
            else:
                updates[component] = gr.update(label=say(name, language), info=info)
        return updates

    def wire(self, edition: gr.Radio) -> None:
        """Presets follow the edition; what the user touches no longer does."""
        for name in PRESET_NAMES:
            self.controls[name].input(  # type: ignore[attr-defined]
                None, [self.edited], [self.edited], js=f"(edited) => [window.qwen3vl.edited(edited, '{name}')]",
                api_visibility="private", show_progress="hidden",
            )  # fmt: skip
        edition.change(
            self.follow_edition, [edition, self.edited, *self.outputs], self.outputs,
            queue=False, api_visibility="private", show_progress="hidden",
        )  # fmt: skip
        gr.on(
            [component.change for component in (edition, *self.inputs)],  # type: ignore[attr-defined]
            None, [edition, *self.inputs], None,
            js="(...values) => window.qwen3vl.save(...values)", api_visibility="private", show_progress="hidden",
        )  # fmt: skip
        self.reset.click(
            self.back_to_preset, [edition], [self.edited, *self.outputs],
            js="(edition) => window.qwen3vl.unedited(edition)",
            queue=False, api_visibility="private", show_progress="hidden",
        )  # fmt: skip

    def restore(
        self, saved: Sequence[Any], touched: Sequence[Any], served: Sequence[Edition]
    ) -> tuple[Edition, Updates]:
        """The edition and the values that the browser kept, as far as they still fit; else the preset's."""
        edition: Edition = served[0]
        edited = [name for name in PRESET_NAMES if name in touched]
        kept: dict[str, Any] = {}
        if len(saved) == 1 + len(self.names):
            edition = saved[0] if saved[0] in served else edition
            kept = {n: v for n, v in zip(self.names, saved[1:], strict=True) if n in edited or n not in PRESET_NAMES}
        values: dict[str, Any] = {**self.preset(edition)}
        for name, value in kept.items():
            if name in self.limits:
                if self.limits[name].takes(value):
                    values[name] = value
            elif isinstance(value, bool if name == "stop_repetition" else str):
                values[name] = value
        updates: Updates = {self.controls[name]: gr.update(value=value) for name, value in values.items()}
        return edition, {**updates, self.edited: edited}

    def follow_edition(self, edition: Edition, edited: Sequence[str] | None, *current: float) -> list[float]:
        now = dict(zip(PRESET_NAMES, current, strict=True))
        return list(values_for(self.preset(edition), now, edited or ()).values())

    def back_to_preset(self, edition: Edition) -> list[Any]:
        return [[], *(self.preset(edition)[name] for name in PRESET_NAMES)]


def sampling_of(values: Mapping[str, Any]) -> SamplingParams:
    """The sampling parameters that the panel's values say. Raises `InvalidRequest` for a seed that is no number."""
    seed = str(values["seed"] or "").strip()
    if seed and not (re.fullmatch(r"-?[0-9]{1,19}", seed) and -(2**63) <= int(seed) < 2**63):
        raise InvalidRequest("field_invalid", field="seed", reason=words("seed_number"))
    return SamplingParams(
        temperature=float(values["temperature"]),
        top_p=float(values["top_p"]),
        top_k=int(values["top_k"]),
        presence_penalty=float(values["presence_penalty"]),
        frequency_penalty=float(values["frequency_penalty"]),
        repetition_penalty=float(values["repetition_penalty"]),
        stop_repetition=bool(values["stop_repetition"]),
        seed=int(seed) if seed else None,
    )


def budget_of(values: Mapping[str, Any], kind: str) -> MediaBudget:
    """The budget of a picture or video that the panel's values say; a budget is shown in visual tokens."""
    if kind == "image":
        return MediaBudget(max_pixels=int(values["max_pixels"]) * VISUAL_TOKEN_PIXELS)
    return MediaBudget(
        max_pixels=int(values["video_pixels"]) * VISUAL_TOKEN_PIXELS * FRAMES_PER_GROUP,
        fps=float(values["fps"]),
        max_frames=int(values["max_frames"]),
    )
