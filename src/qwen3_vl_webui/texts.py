"""The sentences of the errors, in English and Chinese, by code. Placeholders are the details the error was raised with.

Keep each block sorted by code. The page's own texts live in `ui/texts.py`.
"""

ERRORS: dict[str, tuple[str, str]] = {
    # general
    "internal": ("Something went wrong inside the server: {reason}", "服务器内部出错:{reason}"),
    "value_out_of_range": (
        "{field} must be between {minimum} and {maximum}; it is {value}.",
        "{field} 必须在 {minimum} 和 {maximum} 之间,当前为 {value}。",
    ),
    "field_not_supported": ("{field} is not supported: {reason}", "不支持 {field}:{reason}"),
    "field_unknown": ("Unknown field: {field}.", "未知字段:{field}。"),
    "field_invalid": ("{field} is not valid: {reason}", "{field} 无效:{reason}"),
    # engine
    "context_too_long": (
        "The prompt is {prompt_tokens} tokens long and the limit is {limit} ({context} of context less what the answer needs).",
        "提示共 {prompt_tokens} 个词元,上限为 {limit}(上下文 {context},并为回答留出空间)。",
    ),
    "engine_died": ("The engine stopped while answering and is being restarted.", "推理引擎在回答时停止,正在重启。"),
    "engine_failed": ("The engine failed on this request: {reason}", "推理引擎处理此请求时出错:{reason}"),
    "engine_loading": ("The model is still loading.", "模型仍在加载。"),
    "engine_stopping": ("The server is shutting down.", "服务正在关闭。"),
    "engine_stuck": ("The engine stopped responding and is being restarted.", "推理引擎没有响应,正在重启。"),
    "queue_full": (
        "The queue is full ({limit} requests are waiting). Try again in {retry_after} s.",
        "队列已满({limit} 个请求在等待),请 {retry_after} 秒后重试。",
    ),
    # checkpoints
    "checkpoint_config": ("{path}: {reason}", "{path}:{reason}"),
    "tensor_extra": ("The checkpoint holds a tensor the model does not have: {name}.", "检查点含有模型没有的张量:{name}。"),
    "tensor_missing": ("The checkpoint lacks the tensor {name}.", "检查点缺少张量 {name}。"),
    "tensor_shape": (
        "The tensor {name} has the shape {found}; the model needs {expected}.",
        "张量 {name} 的形状为 {found},模型需要 {expected}。",
    ),
}
