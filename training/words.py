"""The words that the generated world is made of, in English and Chinese, and the texts that fill its pictures."""

from __future__ import annotations

from pathlib import Path
from random import Random

Lang = str  # "en" or "zh"

# label en | label zh | what the control does en | zh
_BUTTONS = """
Save|保存|saves the changes|保存修改
Cancel|取消|goes back without changes|放弃并返回
OK|确定|confirms|确认
Submit|提交|sends the form|提交表单
Log in|登录|signs the user in|登录账号
Sign up|注册|creates an account|创建账号
Delete|删除|removes the item|删除内容
Edit|编辑|changes the item|修改内容
Share|分享|shares with others|分享给他人
Send|发送|sends the message|发送消息
Next|下一步|goes to the next step|进入下一步
Back|返回|goes back|返回上一页
Continue|继续|goes on|继续操作
Buy now|立即购买|buys the item at once|马上下单购买
Add to cart|加入购物车|puts the item into the cart|把商品放入购物车
Pay|付款|pays the bill|支付费用
Download|下载|downloads the file|下载文件
Upload|上传|uploads a file|上传文件
Play|播放|starts playing|开始播放
Pause|暂停|pauses|暂停播放
Stop|停止|stops|停止操作
Start|开始|starts|开始操作
Refresh|刷新|loads again|重新加载
Print|打印|prints the page|打印页面
Copy|复制|copies|复制内容
Paste|粘贴|pastes|粘贴内容
Open|打开|opens the item|打开内容
Close|关闭|closes the window|关闭窗口
Apply|应用|applies the settings|应用设置
Reset|重置|restores the defaults|恢复默认
Follow|关注|follows the account|关注账号
Subscribe|订阅|subscribes|订阅更新
Book|预订|makes a booking|进行预订
Call|呼叫|makes a call|拨打电话
Reply|回复|answers the message|回复消息
Help|帮助|shows help|查看帮助
Learn more|了解更多|shows details|查看详情
Get started|立即开始|starts the tour|开始使用
Change|更改|changes the setting|更改设置
Confirm|确认|confirms|确认操作
Skip|跳过|skips this step|跳过此步
Retry|重试|tries again|再试一次
"""
_SWITCHES = """
Wi-Fi|无线网络
Bluetooth|蓝牙
Dark mode|深色模式
Notifications|通知
Location|定位
Airplane mode|飞行模式
Sound|声音
Vibration|振动
Auto update|自动更新
Sync|同步
Night light|夜间护眼
Mobile data|移动数据
Hotspot|热点
Battery saver|省电模式
Face unlock|人脸解锁
Auto play|自动播放
Captions|字幕
Backup|备份
"""
_FIELDS = """
Email|邮箱
Password|密码
Username|用户名
Phone number|手机号
Name|姓名
Address|地址
City|城市
Date|日期
Company|公司
Message|留言
Age|年龄
Code|验证码
Amount|金额
Comment|评论
Country|国家
Title|标题
"""
_SEARCHES = """
Search|搜索
Search products|搜索商品
Search music|搜索音乐
Find friends|查找好友
Search settings|搜索设置
Search for a city|搜索城市
Search here|在此搜索
Type to search|输入关键字
"""
_CHECKS = """
Remember me|记住我
I agree|我同意
Select all|全选
Urgent|紧急
Show password|显示密码
Gift wrap|礼品包装
Email me news|接收邮件
Private|私密
Daily report|每日报告
Keep me signed in|保持登录
"""
_TABS = """
Home|首页
Discover|发现
Messages|消息
Me|我的
Profile|个人
Cart|购物车
Orders|订单
News|新闻
Videos|视频
Music|音乐
Sports|体育
Contacts|联系人
Calendar|日历
Files|文件
Photos|相册
Settings|设置
Friends|好友
Market|商城
Maps|地图
Games|游戏
Books|图书
Trending|热门
"""
_TITLES = """
Settings|设置
My account|我的账号
Shopping cart|购物车
Weather|天气
Sign in|登录
Welcome back|欢迎回来
Order details|订单详情
Music player|音乐播放器
Contacts|通讯录
New message|新消息
Calendar|日历
File manager|文件管理
Travel plan|旅行计划
Task list|任务列表
Payment|支付
Photo album|相册
Notes|备忘录
Daily news|每日新闻
Recipe book|菜谱大全
Health report|健康报告
Train tickets|火车票
Food delivery|外卖点餐
Bank transfer|银行转账
Online course|在线课程
Contact us|联系我们
Our products|我们的产品
About us|关于我们
Create account|创建账号
Project board|项目面板
Library|图书馆
"""
_LINKS = """
Forgot password?|忘记密码?
Privacy policy|隐私政策
Terms of service|服务条款
View all|查看全部
More|更多
Contact us|联系我们
About|关于
Help center|帮助中心
Read more|阅读全文
See details|查看详情
Pricing|价格
Docs|文档
Blog|博客
Support|支持
"""
_ITEMS = """
apple|苹果
banana|香蕉
bread|面包
milk|牛奶
tea|茶叶
coffee|咖啡
rice|大米
egg|鸡蛋
fish|鱼
beef|牛肉
orange|橙子
grape|葡萄
pen|钢笔
book|书
lamp|台灯
chair|椅子
desk|书桌
phone|手机
laptop|电脑
camera|相机
watch|手表
shirt|衬衫
shoes|鞋子
hat|帽子
bag|书包
cup|杯子
clock|时钟
bike|自行车
guitar|吉他
ball|皮球
"""
_CITIES = """
Beijing|北京
Shanghai|上海
London|伦敦
Paris|巴黎
Tokyo|东京
Berlin|柏林
Sydney|悉尼
Madrid|马德里
Rome|罗马
Cairo|开罗
Hangzhou|杭州
Shenzhen|深圳
Chengdu|成都
Guangzhou|广州
Oslo|奥斯陆
Delhi|德里
"""
_SUBJECTS = """
Sales|销售额
Revenue|营业收入
Net profit|净利润
Visitors|访客数
Orders|订单量
Output|产量
Exports|出口额
Users|用户数
Rainfall|降雨量
Students|学生人数
Downloads|下载量
Cost|成本
"""
EN_WORDS = """the of and to in is for on with at by from this that it as are was be have has not you your we our they will can
about after again all also always and any area around ask back before begin best better between big black blue book both box
bring build busy call change check child city class clean clear close cloud cold color come company cool corner country
course cover cross day deep door down draw dream drive early earth east easy eat end enough even evening every example eye
face fact family far farm fast father feel field file fill find fine fire first five floor flower follow food foot force
form four free fresh friend front full game garden general give glass goal gold good great green ground group grow half
hand happy hard head hear heart heat heavy help high hill history hold home hope horse hotel hour house how idea inside
island job join jump just keep kind king kitchen know lake land large last late law lead learn leave left letter level
life light like line list little local long look love low machine main make many map mark market matter meet member minute
mirror model money month moon more morning most mother mountain move much music name nature near need never new next night
north note notice number ocean offer office often old only open order other own page paper park part party pass past path
people perfect person phone photo picture place plan plant play please point power press price problem project public pull
push quick quiet quite radio rain reach read ready real reason record red report rest result rice rich right ring river
road rock room round rule run safe sale same save school sea season second seed sell send service set seven shape share
ship shop short show side sign silver simple sister size sky sleep slow small smart smile snow soft some song soon sound
south space speed spring square staff stand star start station stay step still stone stop store storm story street strong
student study summer sun sure sweet system table take talk tall team tell test thank thing think three ticket time today
together tomorrow tool top total town track trade train travel tree trip true turn type under unit until use value very
view village visit voice wait walk wall want warm watch water wave way week welcome well west wheel white why wide wild
wind window winter wish wood word work world write yard year yellow young zero zone account access agency amount annual
budget campaign center customer delivery design director discount education email energy engine event factory finance
guide health income industry internet invoice kilometer language library manager meeting method network package payment
percent planet policy product program quality quarter question recipe region report research science security software
solution special standard strategy support supply target technology temperature traffic university update vacation video
volume weather website weekend workshop""".split()
ZH_WORDS = """我们 你们 他们 今天 明天 昨天 早上 下午 晚上 时间 地点 人们 工作 学习 生活 学校 老师 学生 公司 经理 会议 报告 计划 项目 产品
服务 客户 市场 价格 质量 数量 成本 利润 增长 下降 提高 完成 开始 结束 进行 需要 可以 应该 必须 已经 正在 非常 很多 一些 所有 每天 每周 每月
中国 北京 上海 城市 农村 道路 交通 汽车 火车 飞机 地铁 公交 车站 机场 酒店 餐厅 菜单 米饭 面条 水果 蔬菜 牛肉 鸡蛋 咖啡 茶水 天气 晴天 下雨
多云 大风 气温 春天 夏天 秋天 冬天 红色 绿色 蓝色 黄色 白色 黑色 大小 高低 长短 快慢 新旧 好坏 左右 上下 前后 里外 东西 南北 中心 附近 旁边
图书 音乐 电影 新闻 体育 游戏 视频 照片 图片 文件 文字 数据 系统 软件 网络 电脑 手机 屏幕 键盘 按钮 设置 密码 账号 用户 登录 注册 安全 保护
健康 医院 医生 药品 运动 跑步 游泳 足球 篮球 比赛 胜利 朋友 家庭 父母 孩子 兄弟 姐妹 先生 女士 欢迎 谢谢 请问 再见 注意 禁止 入口 出口 开放
关闭 营业 休息 电话 地址 邮件 联系 帮助 问题 答案 方法 技术 科学 研究 发展 社会 经济 文化 历史 自然 环境 能源 太阳 月亮 星星 大海 高山 河流
森林 花园 动物 植物 小鸟 小狗 小猫 银行 支付 订单 购物 商品 优惠 折扣 会员 积分 快递 物流 仓库 库存 合同 发票 金额 总计 姓名 性别 年龄 日期
星期 季度 年度 部门 员工 主任 通知 公告 活动 比例 方案 标准 目标 结果 原因 影响 重要 简单 困难 容易 方便 快速 使用 说明 规定 要求 申请 审核
批准 检查 测试 更新 下载 上传 打印 复制 删除 添加 修改 查询 搜索 分享 收藏 评论 关注 消息 推荐 热门 最新 免费 试用 购买 立即 全部 更多 返回
首页 目录 章节 课程 考试 成绩 数学 语文 英语 物理 化学 生物 地理 设计 建筑 工程 机器 材料 生产 加工 运输 销售 广告 品牌 国际 世界 国家 政府
法律 合作 竞争 机会 挑战 未来 梦想 努力 成功 幸福 快乐 美丽 温暖 阳光 空气 水平 速度 温度 重量 面积 长度 宽度 高度""".split()
ZH_CHARS = (
    "的一是不了人在有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实"
    "日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解"
    "水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象"
    "完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔六七八九零百千亿元角分秒钟左右蓝红绿黄紫橙灰粉圆方块线图柱折饼"
)
NAMES_EN = "Anna Ben Carl Dana Emma Frank Grace Henry Iris Jack Kate Leo Mary Nick Olga Paul Rose Sam Tina Victor Wendy Zoe".split()
NAMES_ZH = (
    "张伟 王芳 李娜 刘洋 陈静 杨明 赵磊 黄丽 周杰 吴强 徐敏 孙涛 马超 朱红 胡军 林小雨 高飞 何平 郭华 罗文".split()
)
COLORS = {
    "red": ("红色", [(220, 40, 40), (200, 30, 45), (240, 60, 50)]),
    "green": ("绿色", [(40, 160, 60), (20, 140, 80), (60, 190, 70)]),
    "blue": ("蓝色", [(40, 90, 220), (30, 60, 190), (50, 120, 240)]),
    "yellow": ("黄色", [(245, 215, 50), (250, 230, 80), (240, 205, 30)]),
    "orange": ("橙色", [(245, 140, 30), (255, 155, 50), (235, 120, 20)]),
    "purple": ("紫色", [(140, 60, 180), (120, 50, 160), (155, 80, 200)]),
    "pink": ("粉色", [(250, 150, 190), (255, 130, 180), (245, 170, 200)]),
    "brown": ("棕色", [(130, 80, 45), (115, 70, 35), (140, 90, 60)]),
    "black": ("黑色", [(20, 20, 20), (35, 35, 40), (10, 10, 10)]),
    "gray": ("灰色", [(135, 135, 135), (120, 125, 130), (150, 150, 150)]),
    "cyan": ("青色", [(60, 200, 215), (40, 190, 200), (80, 210, 225)]),
}


def _table(text: str) -> list[list[str]]:
    return [line.split("|") for line in text.strip().splitlines()]


LABELS: dict[str, list[list[str]]] = {
    "button": _table(_BUTTONS),
    "switch": _table(_SWITCHES),
    "input": _table(_FIELDS),
    "search box": _table(_SEARCHES),
    "checkbox": _table(_CHECKS),
    "tab": _table(_TABS),
    "title": _table(_TITLES),
    "link": _table(_LINKS),
    "item": _table(_ITEMS),
    "city": _table(_CITIES),
    "subject": _table(_SUBJECTS),
}


def label(rng: Random, kind: str, lang: Lang) -> str:
    """A text that a control of this kind may carry."""
    return rng.choice(LABELS[kind])[lang == "zh"]


def color_name(name: str, lang: Lang) -> str:
    return COLORS[name][0] if lang == "zh" else name


def pseudo_word(rng: Random) -> str:
    """A word that no list holds, so that reading cannot become guessing."""
    shape = rng.random()
    if shape < 0.6:
        parts = [
            rng.choice(
                "b c d f g h j k l m n p r s t v w x y z bl br ch cl cr dr fl gr ph pl qu sh sl st th tr".split()
            )
            + rng.choice("a e i o u ai ea ee io oo ou".split())
            for _ in range(rng.randint(1, 3))
        ]
        word = "".join(parts) + rng.choice(["", "n", "r", "s", "t", "l", "x", "ng", "ck"])
        return word.capitalize() if rng.random() < 0.35 else word.upper() if rng.random() < 0.15 else word
    if shape < 0.85:
        letters = (
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" if rng.random() < 0.6 else "abcdefghijklmnopqrstuvwxyz0123456789"
        )
        return "".join(rng.choice(letters) for _ in range(rng.randint(3, 8)))
    return rng.choice(
        [
            "{a}-{b}",
            "{a}/{b}",
            "{a}.{b}",
            "#{a}",
            "{a}%",
            "${a}.{c}",
            "{h}:{c}",
            "20{c}-{d}-{d2}",
            "+{a}",
            "({a})",
            "¥{a}",
        ]
    ).format(
        a=rng.randint(1, 9999),
        b=rng.randint(1, 999),
        c=f"{rng.randint(0, 59):02}",
        h=rng.randint(0, 23),
        d=f"{rng.randint(1, 12):02}",
        d2=f"{rng.randint(1, 28):02}",
    )


def phrase(rng: Random, lang: Lang, length: int, wild: bool = False) -> str:
    """About `length` words (English) or word pairs (Chinese) of running text; wild text is mostly of words that no list holds."""
    if lang == "zh":
        parts = []
        for _ in range(length):
            roll = rng.random() if not wild else rng.uniform(0.55, 1)
            if roll < 0.72:
                parts.append(rng.choice(ZH_WORDS))
            elif roll < 0.9:
                parts.append("".join(rng.choice(ZH_CHARS) for _ in range(rng.randint(1, 3))))
            else:
                parts.append(str(rng.randint(1, 9999)))
            if rng.random() < 0.08:
                parts.append(rng.choice(",、:!"))
        return "".join(parts).rstrip(",、:") + (rng.choice("。!") if rng.random() < 0.2 else "")
    parts = []
    for _ in range(length):
        parts.append(rng.choice(EN_WORDS) if rng.random() < (0.15 if wild else 0.68) else pseudo_word(rng))
        if rng.random() < 0.06:
            parts[-1] += rng.choice(",:;")
    text = " ".join(parts).rstrip(",:;")
    style = rng.random()
    text = (
        text[0].upper() + text[1:]
        if style < 0.5
        else text.title()
        if style < 0.6
        else text.upper()
        if style < 0.68
        else text
    )
    return text + (rng.choice(".!?") if rng.random() < 0.2 else "")


def all_characters() -> str:
    """Every character that a picture may show, for the font subsets: printable ASCII, and whatever these sources hold."""
    ascii_text = "".join(chr(code) for code in range(32, 127))
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.rglob("*.py")))
    return "".join(sorted(set(ascii_text + sources + "°×÷±•–—…€£©→←↑↓✓✕☰⋮＋") - {"\n"}))
