"""What the parts of real applications say, in English and Chinese, beside the labels that all skills share."""

from __future__ import annotations

from random import Random

from training.words import LABELS, NAMES_EN, NAMES_ZH, label, phrase


def _table(text: str) -> list[list[str]]:
    return [line.split("|") for line in text.strip().splitlines()]


TEXTS: dict[str, list[list[str]]] = {
    "setting": _table("""
Language|语言
Storage|存储
Display|显示
Brightness|亮度
Account|账号
Privacy|隐私
Security|安全
Battery|电池
Network|网络
Region|地区
Theme|主题
Font size|字体大小
Time zone|时区
Keyboard|键盘
About phone|关于手机
Version|版本
Help and feedback|帮助与反馈
Payment methods|支付方式
Delivery address|收货地址
Coupons|优惠券
My orders|我的订单
Invoices|发票管理
Accessibility|无障碍
Default apps|默认应用
Screen time|屏幕时间
Wallpaper|壁纸
Clear cache|清理缓存
Date and time|日期和时间
"""),
    "value": _table("""
English|中文
Automatic|自动
Medium|中等
Large|大
Never|从不
Every day|每天
24 hours|24小时
64 GB|64 GB
82%|82%
3 new|3条新消息
Version 2.4|版本2.4
Public|公开
Friends only|仅好友
High|高
30 seconds|30秒
"""),
    "section": _table("""
General|通用
Personal|个人信息
Connections|连接
Notifications|通知
Appearance|外观
Recent|最近使用
Today|今天
Yesterday|昨天
This week|本周
Recommended|为你推荐
Popular|热门
Favorites|我的收藏
All items|全部内容
More options|更多选项
Advanced|高级设置
Details|详细信息
Summary|概要
Shipping|配送
Payment|支付
Comments|评论
Team|团队
Activity|活动
"""),
    "app": _table("""
Mail|邮件
Calendar|日历
Photos|相册
Maps|地图
Music|音乐
Weather|天气
Clock|时钟
Notes|备忘录
Camera|相机
Store|商店
Bank|银行
News|新闻
Fitness|运动健康
Taxi|打车
Messages|信息
Video|视频
"""),
    "message": _table("""
See you at three|三点见
The meeting starts soon|会议马上开始
I am on my way|我在路上了
Can you call me?|能给我打电话吗?
Thanks a lot|非常感谢
Dinner tonight?|今晚一起吃饭吗?
The report is ready|报告已经写好了
Where are you?|你在哪里?
Happy birthday|生日快乐
Please check the file|请查看文件
Good morning|早上好
I will be late|我会晚一点到
Sounds good|好的,没问题
Your parcel has arrived|你的快递到了
Payment received|已收到付款
New photo shared|分享了新照片
"""),
    "event": _table("""
Team meeting|团队会议
Dentist|看牙医
Lunch with Anna|和同事吃午饭
Project review|项目评审
Yoga class|瑜伽课
Flight to Paris|飞往北京
Parent evening|家长会
Phone interview|电话面试
Birthday party|生日聚会
English lesson|英语课
Doctor|看医生
Product launch|产品发布
Weekly report|周报
Football match|足球比赛
"""),
    "product": _table("""
Wireless headphones|无线耳机
Running shoes|跑步鞋
Coffee machine|咖啡机
Desk lamp|护眼台灯
Rain jacket|防雨外套
Travel bag|旅行包
Water bottle|保温水杯
Cotton shirt|纯棉衬衫
Smart watch|智能手表
Office chair|办公椅
Phone case|手机壳
Green tea|绿茶
Story book|故事书
Winter hat|冬季帽子
Sun glasses|太阳镜
Garden table|花园桌
"""),
    "song": _table("""
Morning light|晨光
Blue river|蓝色河流
City nights|城市之夜
Summer rain|夏天的雨
Far away home|远方的家
Dancing stars|星空
Old friends|老朋友
Winter wind|冬天的风
Golden hour|黄金时光
Silent road|安静的路
"""),
    "folder": _table("""
Documents|文档
Downloads|下载
Pictures|图片
Music|音乐
Videos|视频
Desktop|桌面
Projects|项目
Archive|归档
Shared|共享
Recycle bin|回收站
Inbox|收件箱
Sent|已发送
Drafts|草稿
Starred|星标
Spam|垃圾邮件
"""),
    "menu": _table("""
File|文件
Edit|编辑
View|查看
Insert|插入
Format|格式
Tools|工具
Window|窗口
Help|帮助
Selection|选择
Run|运行
Layout|布局
Data|数据
"""),
    "option": _table("""
Standard|标准
Express|加急
Home|家庭
Office|公司
Monthly|按月
Yearly|按年
Credit card|信用卡
Cash|现金
Male|男
Female|女
Small|小号
Medium|中号
Large|大号
Daily|每天
Weekly|每周
Light|浅色
Dark|深色
"""),
    "slider": _table("""
Volume|音量
Brightness|亮度
Speed|速度
Contrast|对比度
Zoom|缩放
Font size|字号
Temperature|温度
Balance|平衡
Opacity|透明度
"""),
    "column": _table("""
Name|名称
Date|日期
Size|大小
Status|状态
Type|类型
Price|价格
Owner|负责人
Amount|金额
City|城市
Score|分数
"""),
    "status": _table("""
Paid|已付款
Open|进行中
Done|已完成
Waiting|等待中
Late|已逾期
Active|正常
Closed|已关闭
Draft|草稿
"""),
    "hint": _table("""
Write a message|输入消息
Add a comment|添加评论
Say something|说点什么
Type here|在此输入
Ask anything|有问题尽管问
"""),
}
_ENDINGS = "pdf docx xlsx txt png jpg mp4 zip csv".split()
_STEMS = [
    ["report", "报告"],
    ["photo", "照片"],
    ["plan", "计划"],
    ["invoice", "发票"],
    ["notes", "笔记"],
    ["budget", "预算"],
]


def person(rng: Random, lang: str) -> str:
    return rng.choice(NAMES_ZH if lang == "zh" else NAMES_EN)


def clock(rng: Random) -> str:
    return f"{rng.randint(0, 23)}:{rng.randint(0, 59):02}"


def when(rng: Random, lang: str) -> str:
    """The time of a message, as lists show it."""
    if rng.random() < 0.6:
        return clock(rng)
    day, month = rng.randint(1, 28), rng.randint(1, 12)
    return rng.choice([f"{month}月{day}日", "昨天"] if lang == "zh" else [f"{month}/{day}", "Yesterday"])


def price(rng: Random, lang: str) -> str:
    number = rng.choice([f"{rng.randint(1, 999)}", f"{rng.randint(1, 99)}.{rng.choice(['00', '50', '90', '99'])}"])
    return ("¥" if lang == "zh" else "$") + number


def file_name(rng: Random, lang: str) -> str:
    stem = rng.choice(_STEMS)[lang == "zh"]
    return f"{stem}{rng.choice(['', '_', '-'])}{rng.randint(1, 2029)}.{rng.choice(_ENDINGS)}"


def typed(rng: Random, field: str, lang: str) -> str:
    """What somebody may have typed into the field of this name."""
    english = next((row[0] for row in LABELS["input"] if field in row), "")
    if english == "Email":
        return f"{rng.choice(NAMES_EN).lower()}{rng.randint(1, 99)}@{rng.choice(['mail', 'web', 'post'])}.com"
    if english in ("Password", "Code"):
        return "*" * rng.randint(5, 9) if english == "Password" else str(rng.randint(1000, 999999))
    if english == "Phone number":
        return f"1{rng.randint(30, 99)} {rng.randint(1000, 9999)} {rng.randint(1000, 9999)}"
    if english in ("Name", "Username"):
        return person(rng, lang)
    if english == "City":
        return label(rng, "city", lang)
    if english == "Date":
        return f"20{rng.randint(20, 29)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
    if english in ("Age", "Amount"):
        return str(rng.randint(1, 99))
    return phrase(rng, lang, 2).strip(".!?。")


_OTHERWISE = 0.06  # share of English labels in the other number


def text(rng: Random, source: str, lang: str) -> str:
    """A text of an application's part: made up here, from this file's lists or from those that all skills share.

    Some English labels gain or lose an "s", so that the last letter is read and not guessed.
    """
    makers = {"contact": person, "file": file_name, "price": price, "time": when}
    if source in makers:
        return makers[source](rng, lang)
    said = rng.choice(TEXTS[source])[lang == "zh"] if source in TEXTS else label(rng, source, lang)
    if lang == "en" and said[-2:].isalpha() and rng.random() < _OTHERWISE:
        return said[:-1] if said[-1] == "s" and said[-2] not in "su" else said + "s"
    return said
