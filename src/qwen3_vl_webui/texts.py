"""The sentences of the errors, in English and Chinese, by code. Placeholders are the details the error was raised with.

Keep each block sorted by code. The page's own texts live in `ui/texts.py`.
"""

# What `plan` has to say about its choices.
PLAN: dict[str, tuple[str, str]] = {
    "auto_4b": (
        "Serving Qwen3-VL-4B: the GPU has {free:.0f} GB free and it needs about {need:.0f} GB.",
        "将提供 Qwen3-VL-4B：GPU 空闲显存 {free:.0f} GB，约需 {need:.0f} GB。",
    ),
    "auto_cpu_asked": (
        "On the CPU the bundled demo pair is served unless --model says otherwise.",
        "在 CPU 上默认使用内置的演示模型，可用 --model 另行指定。",
    ),
    "auto_no_gpu": (
        "No NVIDIA GPU was found, so the bundled demo pair is served.",
        "没有找到 NVIDIA GPU，因此使用内置的演示模型。",
    ),
    "auto_small_gpu": (
        "The GPU has {free:.1f} GB free and Qwen3-VL-4B needs about {need:.0f} GB, so the bundled demo pair is served.",
        "GPU 空闲显存 {free:.1f} GB，而 Qwen3-VL-4B 约需 {need:.0f} GB，因此使用内置的演示模型。",
    ),
    "auto_torch_cpu": (
        "There is a {gpu}, but PyTorch {torch} is built for the CPU only, so the bundled demo pair is served. "
        "Install a CUDA build of PyTorch to use the GPU.",
        "本机有 {gpu}，但 PyTorch {torch} 只支持 CPU，因此使用内置的演示模型。安装 CUDA 版 PyTorch 后即可使用 GPU。",
    ),
    "demo": (
        "The demo checkpoints are tiny and know only generated screens, texts, charts, figures and clips. "
        "For the real model start it with `--model 4b` (or 2b, 8b, 32b).",
        "演示检查点很小，只认识生成的界面、文字、图表、图形和短片。要使用真正的模型，请加上 `--model 4b` 启动（或 2b、8b、32b）。",
    ),
    "download": (
        "{source} will be downloaded to {folder} first.",
        "将先下载 {source} 到 {folder}。",
    ),
    "slow": (
        "Qwen3-VL-{size} will run on the CPU: expect a few tokens a second.",
        "Qwen3-VL-{size} 将在 CPU 上运行：每秒大约只有几个词元。",
    ),
    "tight": (
        "{device} has {free:.1f} GB free and the model needs about {need:.0f} GB: it may not fit.",
        "{device} 空闲 {free:.1f} GB，而模型约需 {need:.0f} GB：可能放不下。",
    ),
}

ERRORS: dict[str, tuple[str, str]] = {
    # general
    "internal": ("Something went wrong inside the server: {reason}", "服务器内部出错：{reason}"),
    "value_out_of_range": (
        "{field} must be between {minimum} and {maximum}; it is {value}.",
        "{field} 必须在 {minimum} 和 {maximum} 之间，当前为 {value}。",
    ),
    "field_not_supported": ("{field} is not supported: {reason}", "不支持 {field}：{reason}"),
    "field_unknown": ("Unknown field: {field}.", "未知字段：{field}。"),
    "field_invalid": ("{field} is not valid: {reason}", "{field} 无效：{reason}"),
    # server
    "attention_unusable": (
        "Attention by {backend} cannot be used: {reason}.",
        "无法使用 {backend} 计算注意力：{reason}。",
    ),
    "api_key_missing": (
        "This server needs an API key: send it as Authorization: Bearer KEY.",
        "此服务需要 API 密钥：请以 Authorization: Bearer KEY 发送。",
    ),
    "api_key_wrong": ("The API key is wrong.", "API 密钥不正确。"),
    "body_too_large": (
        "The request body is larger than the limit of {limit} bytes.",
        "请求体超过上限 {limit} 字节。",
    ),
    "content_type": (
        "The request body must be JSON: send Content-Type: application/json.",
        "请求体必须是 JSON：请发送 Content-Type: application/json。",
    ),
    "field_missing": ("{field} is required.", "缺少 {field}。"),
    "function_unknown": ("The page has nothing named {name}.", "页面中没有 {name}。"),
    "host_not_allowed": (
        "The host name {value} is not one this server answers to. Add it with --allowed-hosts.",
        "此服务不接受主机名 {value}，可用 --allowed-hosts 添加。",
    ),
    "json_invalid": ("The request body is not valid JSON: {reason}", "请求体不是有效的 JSON：{reason}"),
    "json_too_complex": (
        "The request body nests deeper than {max_depth} levels or holds more than {max_values} values.",
        "请求体的嵌套超过 {max_depth} 层，或超过 {max_values} 个值。",
    ),
    "login_throttled": (
        "Too many attempts. Try again in {retry_after} s.",
        "尝试次数过多，请 {retry_after} 秒后重试。",
    ),
    "method_not_allowed": ("{method} is not allowed for {path}.", "{path} 不支持 {method}。"),
    "model_unknown": (
        "There is no model '{value}' here. There are: {known}.",
        "没有模型“{value}”。可用的有：{known}。",
    ),
    "origin_not_allowed": (
        "Requests from pages of {value} are not allowed. Add the origin with --allowed-origins.",
        "不允许来自 {value} 页面的请求，可用 --allowed-origins 添加该来源。",
    ),
    "option_unused": (
        "{field} says nothing beside {other}: the server there has its own.",
        "{field} 与 {other} 同时使用时不起作用：由那里的服务自行决定。",
    ),
    "page_starting": ("The page is still starting.", "页面仍在启动。"),
    "route_unknown": ("There is nothing at {path}.", "{path} 不存在。"),
    "route_without_v1": (
        "There is nothing at {path}. The API is at /v1{path}: let the client's base URL end in /v1.",
        "{path} 不存在。接口位于 /v1{path}：客户端的 base URL 应以 /v1 结尾。",
    ),
    "too_long": (
        "{field} is {value} {unit} long and the limit is {limit}.",
        "{field} 长 {value} {unit}，上限为 {limit}。",
    ),
    "too_many": ("{field} holds {value} items and the limit is {limit}.", "{field} 有 {value} 项，上限为 {limit} 项。"),
    "too_many_preparing": (
        "Too many requests are being prepared ({limit}). Try again in {retry_after} s.",
        "正在准备的请求过多（{limit} 个），请 {retry_after} 秒后重试。",
    ),
    # engine
    "context_too_long": (
        "The prompt is {prompt_tokens} tokens long and the limit is {limit} ({context} of context less what the answer needs).",
        "提示共 {prompt_tokens} 个词元，上限为 {limit}（上下文 {context}，并为回答留出空间）。",
    ),
    "edition_unavailable": (
        "This server does not serve the {edition} edition; it serves: {served}.",
        "本服务没有提供 {edition} 版本，可用的版本：{served}。",
    ),
    "engine_died": ("The engine stopped while answering and is being restarted.", "推理引擎在回答时停止，正在重启。"),
    "engine_failed": ("The engine failed on this request: {reason}", "推理引擎处理此请求时出错：{reason}"),
    "engine_memory": (
        "There is not enough memory to load the {edition} edition: {reason}",
        "内存不足，无法加载 {edition} 版本：{reason}",
    ),
    "engine_restarting": (
        "The engine is being restarted. Try again in a few seconds.",
        "推理引擎正在重启，请几秒后重试。",
    ),
    "engine_start": (
        "The {edition} edition could not be loaded: {reason}",
        "无法加载 {edition} 版本：{reason}",
    ),
    "engine_stopping": ("The server is shutting down.", "服务正在关闭。"),
    "engine_stuck": ("The engine stopped responding and is being restarted.", "推理引擎没有响应，正在重启。"),
    "queue_full": (
        "The queue is full ({limit} requests are waiting). Try again in {retry_after} s.",
        "队列已满（{limit} 个请求在等待），请 {retry_after} 秒后重试。",
    ),
    # media and templates
    "media_address": (
        "{field}: {host} is not an address of the public internet, so it is not fetched.",
        "{field}：{host} 不是公网地址，因此不会抓取。",
    ),
    "media_aspect": (
        "{field}: it is {width} x {height}; one side may be at most {limit} times the other.",
        "{field}：尺寸为 {width} x {height}，长边最多为短边的 {limit} 倍。",
    ),
    "media_base64": (
        "{field} is not valid base64, nor a data URI, URL or allowed path.",
        "{field} 不是有效的 base64，也不是数据 URI、网址或允许的路径。",
    ),
    "media_broken": ("{field} cannot be decoded: {reason}", "无法解码 {field}：{reason}"),
    "media_bytes": ("{field} is larger than the limit of {limit} bytes.", "{field} 超过上限 {limit} 字节。"),
    "media_bytes_together": (
        "The pictures and videos of {field} are larger than the limit of {limit} bytes together.",
        "{field} 中的图片和视频总共超过上限 {limit} 字节。",
    ),
    "media_clip": (
        "{field}: the range from {start:.1f} s to {end:.1f} s holds no frame; the video lasts {duration:.1f} s.",
        "{field}：{start:.1f} 秒到 {end:.1f} 秒之间没有画面；视频长 {duration:.1f} 秒。",
    ),
    "media_count": (
        "The request holds {value} {kind} and the limit is {limit}.",
        "请求含有 {value} 个{kind}，上限为 {limit} 个。",
    ),
    "media_dns": ("{field}: the host {host} cannot be found.", "{field}：找不到主机 {host}。"),
    "media_fetch": ("{field} could not be fetched: {reason}", "无法抓取 {field}：{reason}"),
    "media_host": (
        "{field}: {host} is not among the hosts that media may come from.",
        "{field}：{host} 不在允许的媒体来源之列。",
    ),
    "media_kind": ("{field} is {mime}; only {expected} are taken there.", "{field} 为 {mime}，此处只接受{expected}。"),
    "media_path": ("{field}: there is no such file in an allowed folder.", "{field}：允许的文件夹中没有该文件。"),
    "media_paths_off": ("{field}: this server reads no files by path.", "{field}：此服务不按路径读取文件。"),
    "media_pixels": (
        "{field} has {pixels} pixels and the limit is {limit} in all.",
        "{field} 为 {pixels} 像素，总数上限为 {limit}。",
    ),
    "media_position": (
        "The model's chat template takes pictures and videos only in user messages and tool results.",
        "模型的对话模板只接受用户消息和工具结果中的图片和视频。",
    ),
    "media_redirects": ("{field} redirects more than {limit} times.", "{field} 的重定向超过 {limit} 次。"),
    "media_scheme": (
        "{field}: {value} is not a data URI, an http(s) URL or base64.",
        "{field}：{value} 不是数据 URI、http(s) 网址或 base64。",
    ),
    "media_seconds": (
        "{field} lasts {seconds:.0f} s and the limit is {limit:.0f} s. Set a start and an end.",
        "{field} 长 {seconds:.0f} 秒，上限为 {limit:.0f} 秒。请设置起止时间。",
    ),
    "media_status": (
        "{field} could not be fetched: the server answered {status}.",
        "无法抓取 {field}：对方返回 {status}。",
    ),
    "media_timeout": ("{field} could not be fetched within {seconds} s.", "未能在 {seconds} 秒内抓取 {field}。"),
    "media_unknown": ("{field} is not a picture or a video of a known format.", "{field} 不是已知格式的图片或视频。"),
    "media_unsupported": (
        "{field}: {format} is not supported; convert it first.",
        "{field}：不支持 {format}，请先转换。",
    ),
    "media_url": ("{field} is not a usable URL.", "{field} 不是可用的网址。"),
    "template_refused": (
        "The model's chat template refuses these messages: {reason}",
        "模型的对话模板拒绝这些消息：{reason}",
    ),
    # checkpoints
    "checkpoint_config": ("{path}: {reason}", "{path}：{reason}"),
    "tensor_extra": (
        "The checkpoint holds a tensor the model does not have: {name}.",
        "检查点含有模型没有的张量：{name}。",
    ),
    "tensor_twice": (
        "The checkpoint holds the tensor {name} twice, in {first} and in {second}.",
        "检查点中张量 {name} 出现两次：{first} 和 {second}。",
    ),
    "tensor_missing": ("The checkpoint lacks the tensor {name}.", "检查点缺少张量 {name}。"),
    "tensor_shape": (
        "The tensor {name} has the shape {found}; the model needs {expected}.",
        "张量 {name} 的形状为 {found}，模型需要 {expected}。",
    ),
    # configuration
    "checkpoint_absent": (
        "{field}: {source} is not a folder with a config.json, and not the name of a model on a hub (owner/name).",
        "{field}：{source} 既不是包含 config.json 的文件夹，也不是模型库中的名称（所有者/名称）。",
    ),
    "checkpoint_not_downloaded": (
        "The weights of {source} are not on this machine yet. Run `qwen3-vl-webui download {source}`, or `qwen3-vl-webui serve`, which fetches them.",
        "本机还没有 {source} 的权重。请运行 `qwen3-vl-webui download {source}`，或运行会自动下载的 `qwen3-vl-webui serve`。",
    ),
    "config_file": ("The settings file {path} cannot be read: {reason}", "无法读取配置文件 {path}：{reason}"),
    "config_invalid": ("The setting {field} is not valid: {reason}", "设置 {field} 无效：{reason}"),
    "config_unknown": ("There is no setting {field} ({where}).", "没有名为 {field} 的设置（{where}）。"),
    "demo_absent": (
        "The bundled demo checkpoints are not in this installation. Name checkpoints with --instruct and --thinking, or a size with --model.",
        "此安装中没有内置的演示检查点。请用 --instruct 和 --thinking 指定检查点，或用 --model 指定规模。",
    ),
    "device_absent": ("The device {device} is not there: {reason}", "没有设备 {device}：{reason}"),
    # history
    "conversation_absent": ("There is no conversation {id}.", "没有对话 {id}。"),
    "conversation_foreign": (
        "This is not a conversation that this program exported: {field}: {reason}",
        "这不是本程序导出的对话：{field}：{reason}",
    ),
    "conversation_unreadable": (
        "This is not a conversation that this program exported: {reason}",
        "这不是本程序导出的对话：{reason}",
    ),
    "history_newer": (
        "The history {path} is of version {found}, from a newer program; this one knows {known}. Upgrade, or name another folder with --data.",
        "历史记录 {path} 的版本为 {found}，来自更新的程序；本程序只支持到 {known}。请升级，或用 --data 指定其他文件夹。",
    ),
    "history_unusable": (
        "The data folder cannot be used: {path}: {reason}. Name another with --data.",
        "无法使用数据文件夹：{path}：{reason}。请用 --data 指定其他文件夹。",
    ),
    "media_absent": ("There is no stored picture or video {hash}.", "没有保存图片或视频 {hash}。"),
    "media_too_large": ("The file is larger than the limit of {limit} MB.", "文件超过 {limit} MB 的上限。"),
    "message_absent": ("There is no message {id}.", "没有消息 {id}。"),
    # command line and downloads
    "checksum": (
        "The files {names} of {source} do not match their checksums, twice. They were removed.",
        "{source} 的文件 {names} 两次与校验和不符，已删除。",
    ),
    "data_unwritable": (
        "The data folder cannot be written: {reason}. Nothing was stored.",
        "无法写入数据文件夹：{reason}。未保存任何内容。",
    ),
    "disk_full": (
        "{folder} has {free} GB free and the download needs {need} GB. Free some space, or name another folder with --data.",
        "{folder} 空闲 {free} GB，下载需要 {need} GB。请腾出空间，或用 --data 指定其他文件夹。",
    ),
    "download_failed": ("{source} could not be downloaded: {reason}", "无法下载 {source}：{reason}"),
    "download_what": (
        "{source} is neither a size ({sizes}) nor the name of a model on a hub (owner/name).",
        "{source} 既不是规模（{sizes}），也不是模型库中的名称（所有者/名称）。",
    ),
    "file_absent": ("{path}: no such file.", "{path}：没有该文件。"),
    "file_folder": ("{path} is a folder: name the files in it.", "{path} 是文件夹：请指定其中的文件。"),
    "file_unreadable": ("{path} cannot be read: {reason}.", "无法读取 {path}：{reason}。"),
    "question_absent": (
        "{path} is a file or folder: give the question after the files.",
        "{path} 是文件或文件夹：请在文件之后写上问题。",
    ),
    "question_unquoted": (
        "{path} is not a file: put a question of several words in quotes.",
        "{path} 不是文件：问题含有空格时请加引号。",
    ),
    "port_taken": (
        "Port {port} on {host} is taken. Is the program running already? Choose another with --port, or --port 0 for a free one.",
        "{host} 的端口 {port} 已被占用。程序是否已在运行？请用 --port 选择其他端口，--port 0 表示任意空闲端口。",
    ),
    "server_unreachable": ("{url} does not answer: {reason}", "{url} 没有应答：{reason}"),
    "server_answered": ("{url} answered {status}: {reason}", "{url} 返回 {status}：{reason}"),
}

# Why a value is refused, by pydantic's names for that (first) and ours.
REASONS: dict[str, tuple[str, str]] = {
    "attention_block_size": (
        "it needs blocks of a multiple of {size} tokens (block_size)",
        "KV 块的大小（block_size）必须是 {size} 个词元的倍数",
    ),
    "attention_dtype": ("it needs bfloat16 or float16", "需要 bfloat16 或 float16"),
    "attention_no_gpu": ("it needs an NVIDIA GPU", "需要 NVIDIA GPU"),
    "attention_old_gpu": ("it needs a GPU of compute capability 8.0 or higher", "需要计算能力不低于 8.0 的 GPU"),
    "attention_wrong": (
        "its results were off by {off:.2g} in the check at start",
        "启动自检时结果的误差为 {off:.2g}",
    ),
    "bool_parsing": ("it must be true or false", "应为 true 或 false"),
    "bool_type": ("it must be true or false", "应为 true 或 false"),
    "dict_type": ("it must be an object", "应为对象"),
    "extra_forbidden": ("it is not known here", "未知字段"),
    "finite_number": ("it must be a finite number", "应为有限的数"),
    "float_parsing": ("it must be a number", "应为数字"),
    "float_type": ("it must be a number", "应为数字"),
    "greater_than": ("it must be above {gt}", "应大于 {gt}"),
    "greater_than_equal": ("it must be at least {ge}", "不得小于 {ge}"),
    "int_from_float": ("it must be a whole number", "应为整数"),
    "int_parsing": ("it must be a whole number", "应为整数"),
    "int_type": ("it must be a whole number", "应为整数"),
    "json_invalid": ("it is not valid JSON", "不是有效的 JSON"),
    "less_than": ("it must be below {lt}", "应小于 {lt}"),
    "less_than_equal": ("it must be at most {le}", "不得大于 {le}"),
    "list_type": ("it must be a list", "应为列表"),
    "literal_error": ("it must be {expected}", "应为 {expected}"),
    "missing": ("it is required", "缺少该字段"),
    "model_attributes_type": ("it must be an object", "应为对象"),
    "model_type": ("it must be an object", "应为对象"),
    "none_required": ("it must be null", "应为 null"),
    "path_type": ("it must be a path", "应为路径"),
    "seed_number": ("it must be a whole number of 64 bits", "应为 64 位整数"),
    "string_or_null": ("it must be a string or null", "应为字符串或 null"),
    "string_or_object": ("it must be a string or an object", "应为字符串或对象"),
    "string_or_parts": ("it must be a string or a list of parts", "应为字符串或内容片段的列表"),
    "string_or_strings": ("it must be a string or a list of strings", "应为字符串或字符串列表"),
    "string_pattern_mismatch": ("it must match {pattern}", "应匹配 {pattern}"),
    "string_too_long": ("it may have at most {max_length} characters", "最多 {max_length} 个字符"),
    "string_too_short": ("it must have at least {min_length} characters", "至少 {min_length} 个字符"),
    "string_type": ("it must be a string", "应为字符串"),
    "too_long": ("it may hold at most {max_length} items", "最多 {max_length} 项"),
    "too_short": ("it must hold at least {min_length} items", "至少 {min_length} 项"),
    "union": ("it must be an object whose {key} is one of {expected}", "应为对象，且其 {key} 为以下之一：{expected}"),
    "above": ("{one} is above {other}", "{one} 大于 {other}"),
    "all_formats": ("it is no whole {mime} file", "它不是完整的 {mime} 文件"),
    "base64": ("it is not base64", "不是 base64"),
    "bias_range": ("it must be between -100 and 100", "应在 -100 和 100 之间"),
    "bytes": ("bytes", "字节"),
    "characters": ("characters", "个字符"),
    "ascii": ("it may hold printable ASCII characters only", "只能包含可打印的 ASCII 字符"),
    "bad_answer": ("its answer broke off or is no HTTP", "对方的响应中断或不是 HTTP"),
    "called": ("the call {id} is of the function {name}", "工具调用 {id} 调用的是函数 {name}"),
    "compressed": ("it came compressed, which was not asked for", "对方未经请求就压缩了内容"),
    "data_mode": ("it must be instruct or thinking", "应为 instruct 或 thinking"),
    "compile_seconds": ("it took more than {limit} s to compile", "编译超过 {limit} 秒"),
    "deep": ("it nests deeper than {limit} levels", "嵌套超过 {limit} 层"),
    "environment": ("a variable of the environment", "环境变量"),
    "empty": ("it must not be empty", "不得为空"),
    "device": ("it must be auto, cpu, cuda or cuda:N", "应为 auto、cpu、cuda 或 cuda:N"),
    "differs": ("it differs from {other}; give one of them", "与 {other} 不同；请只给出其中一个"),
    "either": ("give either {one} or {other}", "{one} 和 {other} 请任选其一"),
    "end": ("the end", "终点"),
    "ends_early": ("it ends too early", "文件过早结束"),
    "folder": ("it is a folder", "它是文件夹"),
    "for_videos": ("it is for videos", "仅用于视频"),
    "found": ("found {cards}", "找到的设备：{cards}"),
    "found_none": ("no NVIDIA card was found", "没有找到 NVIDIA 显卡"),
    "frames": ("it has more than {limit} frames", "超过 {limit} 帧"),
    "hash": ("it is not a SHA-256 in lower-case hex", "不是小写十六进制的 SHA-256"),
    "hash_differs": ("the bytes do not match the size or the hash", "字节与大小或哈希不符"),
    "image": ("pictures", "图片"),
    "needs": ("it needs {other}", "需要 {other}"),
    "needs_true": ("it needs {other} to be true", "需要 {other} 为 true"),
    "no_file": ("no such file", "没有该文件"),
    "no_frame": ("no frame of it could be decoded", "没有任何一帧可以解码"),
    "no_stream": ("it has no video stream", "没有视频流"),
    "no_such_bytes": ("it names no bytes of this file", "不是此文件中的字节范围"),
    "no_tool_call": ("no earlier assistant message has a tool call {id}", "之前的助手消息中没有工具调用 {id}"),
    "not_a_function": ("it names no function of tools", "tools 中没有该函数"),
    "not_connected": ("no connection to its host", "无法连接到该主机"),
    "not_regular": ("it is not a regular file", "不是普通文件"),
    "not_before": ("{one} must be before {other}", "{one} 应早于 {other}"),
    "nothing_asked": (
        "there is nothing to answer; give text, a picture or a video",
        "没有可回答的内容；请给出文字、图片或视频",
    ),
    "number": ("it must be a number", "应为数字"),
    "plain_schema": ("give a plain JSON schema", "请给出普通的 JSON schema"),
    "same_name": ("two functions have the same name", "有两个函数同名"),
    "says_nothing": ("an assistant message needs content or tool_calls", "助手消息需要 content 或 tool_calls"),
    "schema_broken": ("it cannot be compiled: {what}", "无法编译：{what}"),
    "schema_endless": ("no text could satisfy it", "没有任何文本能满足它"),
    "schema_format": ("the format {what} is not known", "未知的 format：{what}"),
    "schema_keys": ("it has keywords that are not supported: {what}", "含有不支持的关键字：{what}"),
    "schema_pattern": ("its pattern {what} cannot be used: {why}", "其中的 pattern {what} 无法使用：{why}"),
    "schema_pointer": ("its $ref {what} leads nowhere", "其中的 $ref {what} 不存在"),
    "schema_remote": (
        "a $ref may only lead into the schema itself, not to {what}",
        "$ref 只能指向该 schema 内部，不能指向 {what}",
    ),
    "schema_type": ("{what} is not a type of JSON schema", "{what} 不是 JSON schema 的类型"),
    "schema_unsatisfiable": ("nothing could satisfy it: {what}", "没有内容能满足它：{what}"),
    "see_log": ("see the server's log.", "请查看服务器日志。"),
    "stop_length": ("each must have 1 to {limit} characters", "每个应有 1 到 {limit} 个字符"),
    "settings": ("settings", "配置"),
    "start": ("the start", "起点"),
    "start_failed": ("the start failed: {error}", "启动失败：{error}"),
    "not_installed": ("the package {package} is not installed", "没有安装软件包 {package}"),
    "token_ids": ("token ids go from 0 to {last}", "词元编号为 0 到 {last}"),
    "token_id": ("{token} is not a token id", "{token} 不是词元编号"),
    "too_large": ("more than {limit} characters", "超过 {limit} 个字符"),
    "torch_absent": ("PyTorch is not installed", "没有安装 PyTorch"),
    "torch_cpu": ("PyTorch {version} is built for the CPU only", "PyTorch {version} 只支持 CPU"),
    "url": ("it must be an address such as http://127.0.0.1:7860", "应为形如 http://127.0.0.1:7860 的地址"),
    "video": ("videos", "视频"),
    "whole_number": ("it must be a whole number", "应为整数"),
}
