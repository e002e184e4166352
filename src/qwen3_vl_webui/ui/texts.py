"""Every sentence of the page, in English and Chinese, by key. Placeholders are filled by `say`.

A test checks that each key has both languages with the same placeholders and that the page uses no key that is missing.
The sentences of errors live in `qwen3_vl_webui.texts`, because the API and the command line say them too.
"""

from __future__ import annotations

from qwen3_vl_webui.errors import Language

TEXTS: dict[str, tuple[str, str]] = {
    # frame
    "title": ("Qwen3-VL", "Qwen3-VL"),
    "new_chat": ("New chat", "新对话"),
    "switch_language": ("中文", "English"),
    "switch_language_label": ("切换为中文", "Switch to English"),
    "theme": ("Light or dark", "浅色或深色"),
    "open_settings": ("Settings", "设置"),
    "open_sidebar": ("Conversations", "对话列表"),
    # conversations
    "search": ("Search conversations", "搜索对话"),
    "no_conversations": ("Your conversations will be kept here.", "对话会保存在这里。"),
    "nothing_found": ("Nothing found.", "没有找到。"),
    "more_conversations": ("Show more", "显示更多"),
    "untitled": ("New conversation", "新对话"),
    "conversations": ("Conversations", "对话"),
    "today": ("Today", "今天"),
    "yesterday": ("Yesterday", "昨天"),
    "earlier": ("Earlier", "更早"),
    "months": (
        "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
        "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
    ),
    "short_date": ("{month} {day}", "{month}{day}日"),
    "rename": ("Rename", "重命名"),
    "delete": ("Delete", "删除"),
    "delete_conversation": ("Delete this conversation?", "删除此对话？"),
    "yes_delete": ("Delete", "删除"),
    "cancel": ("Cancel", "取消"),
    "export_markdown": ("Export to Markdown", "导出为 Markdown"),
    "export_json": ("Export to JSON", "导出为 JSON"),
    "import": ("Import…", "导入…"),
    "imported": ("Imported: {title}", "已导入：{title}"),
    "import_failed": ("This file could not be imported: {reason}", "无法导入此文件：{reason}"),
    "conversation_gone": ("This conversation no longer exists.", "此对话已不存在。"),
    # welcome
    "welcome": ("What would you like to know about your picture?", "想了解图片里的什么？"),
    "welcome_hint": (
        "Drop in pictures or a video, paste a screenshot, or start from one of these.",
        "拖入图片或视频、粘贴截图，或从下面的例子开始。",
    ),
    "example_phone": ("Describe a phone screen", "描述手机界面"),
    "example_phone_prompt": (
        "Which controls are on this phone screen?",
        "请描述这张手机界面有哪些控件？",
    ),
    "example_chart": ("Compute from a chart", "根据图表计算"),
    "example_chart_prompt": (
        "In which quarter did net profit grow fastest? Show the calculation.",
        "哪一季度净利润增长最快？请列出计算过程。",
    ),
    "example_text": ("Read the text", "识别文字"),
    "example_text_prompt": ("Read all the text in this picture.", "读出图中的全部文字。"),
    "example_triangle": ("Solve a geometry problem", "解几何题"),
    "example_triangle_prompt": (
        "Compute the area of the triangle in the picture, step by step.",
        "计算图中三角形面积，并写出步骤。",
    ),
    # composer
    "composer": ("Message", "消息"),
    "composer_placeholder": ("Ask about a picture or a video…", "就图片或视频提问…"),
    "keys_hint": (
        "Enter sends · Shift+Enter new line · Esc stops · Ctrl+K new chat",
        "回车发送 · Shift+回车换行 · Esc 停止 · Ctrl+K 新对话",
    ),
    "edition": ("Edition", "版本"),
    "edition_instruct": ("Instruct", "Instruct"),
    "edition_thinking": ("Thinking", "Thinking"),
    "mode_instruct": ("Instruct · at once", "Instruct · 直接回答"),
    "mode_thinking": ("Thinking · reasons first", "Thinking · 先思考"),
    "send": ("Send", "发送"),
    "stop": ("Stop", "停止"),
    "attach": ("Add pictures or videos", "添加图片或视频"),
    "remove_file": ("Remove", "移除"),
    "editing": (
        "You are editing an earlier message. Sending replaces it and everything after it.",
        "正在修改之前的消息。发送后将替换它及其后的全部内容。",
    ),
    "draft_files_lost": (
        "These files of your draft are no longer kept, please add them again: {names}",
        "草稿中的这些文件已不再保留，请重新添加：{names}",
    ),
    "cancel_editing": ("Cancel editing", "取消修改"),
    "empty_message": ("Write a question or add a picture first.", "请先输入问题或添加图片。"),
    "still_answering": (
        "An answer is still being written here. Stop it first, or wait for its end.",
        "此对话的回答仍在生成，请先停止或等待其结束。",
    ),
    "too_large": ("{name} is larger than the limit of {limit} MB.", "{name} 超过 {limit} MB 的上限。"),
    # messages
    "you": ("Your message", "你的消息"),
    "answer": ("Answer", "回答"),
    "copy": ("Copy", "复制"),
    "copied": ("Copied", "已复制"),
    "edit": ("Edit", "修改"),
    "retry": ("Try again", "重试"),
    "delete_question": ("Delete this question and its answer", "删除此问题及其回答"),
    "delete_question_asked": ("Delete this question and its answer?", "删除此问题及其回答？"),
    "delete_answer": ("Delete this answer", "删除此回答"),
    "delete_answer_asked": ("Delete this answer?", "删除此回答？"),
    "delete_message": ("Delete this message", "删除此消息"),
    "delete_message_asked": ("Delete this message?", "删除此消息？"),
    "role_system": ("System message", "系统消息"),
    "role_tool": ("Tool result", "工具结果"),
    "thinking_now": ("Thinking… {seconds} s", "思考中… {seconds} 秒"),
    "thought": ("Thought for {seconds} s", "思考了 {seconds} 秒"),
    "thought_stopped": ("Thought for {seconds} s, then stopped", "思考了 {seconds} 秒后停止"),
    "waiting_queued": (
        "In the queue for {seconds} s; {count} waiting for a free place…",
        "已排队 {seconds} 秒，共 {count} 个请求等待空位…",
    ),
    "waiting_loading": ("Loading the model… {percent}%", "正在加载模型… {percent}%"),
    "waiting_loading_unknown": ("Loading the model…", "正在加载模型…"),
    "waiting_prompt": ("Looking…", "正在查看…"),
    "earlier_messages": ("Show {count} earlier messages", "显示更早的 {count} 条消息"),
    "stopped": ("Stopped.", "已停止。"),
    "interrupted": ("This answer was interrupted.", "此回答被中断。"),
    "failed": ("No answer: {reason}", "未能回答：{reason}"),
    "refused": (
        "No answer: {reason} (What you ask next is asked without this question.)",
        "未能回答：{reason}（之后的提问不会带上这个问题。）",
    ),
    "cut_length": (
        "Cut off at the limit of {limit} tokens; raise it in the settings.",
        "已达到 {limit} 个词元的上限而截断，可在设置中调高。",
    ),
    "cut_repetition": ("Ended because the answer was repeating itself.", "因内容重复而提前结束。"),
    "empty_answer": ("The model ended without an answer.", "模型未给出回答。"),
    "bytes_missing": ("{name} is no longer stored.", "{name} 已不在存储中。"),
    "enlarge": ("Enlarge {name}", "放大 {name}"),
    "video": ("Video {name}", "视频 {name}"),
    "unplayable": (
        "{name}: this browser cannot play the video, the model sees it all the same.",
        "{name}：此浏览器无法播放该视频，但模型仍能看到它。",
    ),
    "close": ("Close", "关闭"),
    # figures of an answer
    "stat_first": ("first token {seconds} s", "首词元 {seconds} 秒"),
    "stat_speed": ("{speed} tokens/s", "{speed} 词元/秒"),
    "stat_in": ("{count} in", "输入 {count}"),
    "stat_cached": ("{count} in ({cached} cached)", "输入 {count}（缓存 {cached}）"),
    "stat_out": ("{count} out", "输出 {count}"),
    "stat_out_reasoning": ("{count} out ({reasoning} thinking)", "输出 {count}（思考 {reasoning}）"),
    "saw": ("What the model saw: {count} visual tokens", "模型所见：{count} 个视觉词元"),
    "saw_image": (
        "Picture {number}: {width}×{height} px, seen at {seen_width}×{seen_height}, {tokens} tokens",
        "图片 {number}：{width}×{height} 像素，按 {seen_width}×{seen_height} 查看，{tokens} 个词元",
    ),
    "saw_video": (
        "Video {number}: {width}×{height} px, {frames} frames seen at {seen_width}×{seen_height}, {tokens} tokens",
        "视频 {number}：{width}×{height} 像素，取 {frames} 帧，按 {seen_width}×{seen_height} 查看，{tokens} 个词元",
    ),
    "saw_times": (". Frames at {times} s", "。帧时间（秒）：{times}"),
    "pointed_at": ("What it pointed at: {count}", "所指位置：{count} 处"),
    "place": ("Place {number}", "位置 {number}"),
    "on_picture": ("On picture {number}", "在图片 {number} 上"),
    "save_drawing": ("Save the picture with its marks", "保存带标记的图片"),
    "copy_places": ("Copy the places in pixels, as JSON", "以像素坐标复制（JSON）"),
    "preview": ("Preview the page", "预览网页"),
    # settings
    "settings": ("Settings", "设置"),
    "sampling": ("Sampling", "采样"),
    "temperature": ("Temperature", "温度"),
    "temperature_info": ("0 always takes the likeliest token", "0 表示总取最可能的词元"),
    "top_p": ("Top-p", "Top-p"),
    "top_p_info": ("Keep the likeliest tokens up to this share", "只保留累计概率内的词元"),
    "top_k": ("Top-k", "Top-k"),
    "top_k_info": ("Keep this many tokens; 0 keeps all", "只保留前 k 个词元，0 表示不限"),
    "max_tokens": ("Longest answer (tokens)", "最长回答（词元）"),
    "max_tokens_info": ("Reasoning counts too", "包括思考内容"),
    "penalties": ("Penalties", "惩罚项"),
    "presence_penalty": ("Presence penalty", "存在惩罚"),
    "presence_penalty_info": ("Raise it against repetition", "出现重复时调高"),
    "frequency_penalty": ("Frequency penalty", "频率惩罚"),
    "repetition_penalty": ("Repetition penalty", "重复惩罚"),
    "repetition_penalty_info": ("1 is off", "1 表示关闭"),
    "stop_repetition": ("End an answer that loops", "回答陷入循环时结束"),
    "system_prompt": ("System prompt", "系统提示词"),
    "system_prompt_placeholder": ("None: the model has no default", "无：模型没有默认提示词"),
    "media_budget": ("Pictures and videos", "图片与视频"),
    "max_pixels": ("Picture budget (visual tokens)", "每张图片预算（视觉词元）"),
    "max_pixels_info": ("More shows finer detail and takes longer", "越多越清晰，也越慢"),
    "video_pixels": ("Video budget (visual tokens)", "每个视频预算（视觉词元）"),
    "fps": ("Video frames a second", "视频每秒取帧"),
    "max_frames": ("Most frames of a video", "视频最多取帧"),
    "seed": ("Seed", "随机种子"),
    "seed_info": ("Empty: a new one each time", "留空则每次随机"),
    "setting_number": (
        "{name} takes a number from {minimum} to {maximum}; it is still {value}.",
        "“{name}”应为 {minimum} 到 {maximum} 之间的数，仍保持 {value}。",
    ),
    "setting_whole": (
        "{name} takes a whole number from {minimum} to {maximum}; it is still {value}.",
        "“{name}”应为 {minimum} 到 {maximum} 之间的整数，仍保持 {value}。",
    ),
    "reset": ("Back to the authors' values", "恢复作者推荐值"),
    "preset_hint": (
        "Values follow the edition's recommendation until you change them.",
        "数值随版本的推荐值变化，手动修改后保持不变。",
    ),
    # banner
    "banner_demo": (
        "This is the small demonstration model that comes with the program: it knows generated screens, texts, charts, "
        "figures and clips, and often errs on anything else. For the real Qwen3-VL, start with `--model 4b`.",
        "当前是随程序附带的小型演示模型，只认识生成的界面、文字、图表、图形和短片，对其他内容常会出错。要使用真正的 Qwen3-VL，请用 `--model 4b` 启动。",
    ),
    "banner_loading": (
        "The model is loading. You can already write your question.",
        "模型正在加载，您可以先输入问题。",
    ),
    "banner_restarting": (
        "The engine is restarting. Your conversations are safe; new questions wait until it is back.",
        "推理引擎正在重启。对话不会丢失，新问题会等待其恢复。",
    ),
    "banner_failed": ("The model could not be loaded: {reason}", "模型无法加载：{reason}"),
    "banner_stopping": ("The server is shutting down.", "服务正在关闭。"),
    "banner_offline": ("The server cannot be reached. Trying again…", "无法连接服务器，正在重试…"),
    "banner_reload": ("The server was restarted.", "服务已重启。"),
    "reload": ("Reload", "重新加载"),
    "dismiss": ("Dismiss", "关闭提示"),
}


def say(key: str, language: Language, **values: object) -> str:
    """The sentence `key` in `language`, with its placeholders filled."""
    english, chinese = TEXTS[key]
    return (chinese if language == "zh" else english).format(**values)


def language_of(locale: str) -> Language:
    """The page's language for a browser's locale such as `zh-CN` or `en`."""
    return "zh" if locale.lower().startswith("zh") else "en"
