"""Fields that OpenAI knows and this server does not: why, in both languages, and the values that ask for nothing."""

from __future__ import annotations

from typing import Any

REFUSED: dict[str, tuple[str, str]] = {
    "audio": ("the model neither hears nor speaks", "模型不能听，也不能说"),
    "chat_template": ("the checkpoint's own template is used", "只使用检查点自带的模板"),
    "chat_template_kwargs": (
        "the checkpoint's own template is used; choose the edition with model",
        "只使用检查点自带的模板；请用 model 选择版本",
    ),
    "documents": ("put documents into a message", "请把文档放进消息"),
    "enable_thinking": (
        "choose the edition with model: instruct or thinking",
        "请用 model 选择版本：instruct 或 thinking",
    ),
    "function_call": ("use tool_choice", "请用 tool_choice"),
    "functions": ("use tools", "请用 tools"),
    "guided_json": ("use response_format", "请用 response_format"),
    "metadata": ("answers are not stored", "回答不会被保存"),
    "moderation": ("there is no moderation", "没有内容审核"),
    "prediction": ("predicted outputs are not used", "不使用预测输出"),
    "prompt_cache_options": ("prompts are always cached; use cache_salt", "提示总会缓存；请用 cache_salt"),
    "prompt_cache_retention": ("prompts are cached in memory only", "提示只缓存在内存中"),
    "reasoning_effort": (
        "choose the edition with model: instruct or thinking",
        "请用 model 选择版本：instruct 或 thinking",
    ),
    "safety_identifier": ("use user, which keeps cached prompts apart", "请用 user，它使缓存的提示彼此隔离"),
    "service_tier": ("there is one tier", "只有一种服务等级"),
    "store": ("answers are not stored", "回答不会被保存"),
    "verbosity": ("ask for the length in a message", "请在消息中说明所需长度"),
    "web_search_options": ("there is no web search", "没有网络搜索"),
}

# Values that are taken, because nothing would be different.
NEUTRAL: dict[str, tuple[Any, ...]] = {
    "metadata": ({},),
    "prompt_cache_retention": ("in_memory", "in-memory"),
    "service_tier": ("auto", "default"),
    "store": (False,),
    "verbosity": ("medium",),
}
