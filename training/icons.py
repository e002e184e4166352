"""Icons: a table of names and of the functions that draw them inside a square of two radii around a centre, as lines or filled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sin
from random import Random

from PIL import ImageDraw

Color = tuple[int, int, int]
ICONS = {
    "search": "搜索",
    "menu": "菜单",
    "add": "添加",
    "back": "返回",
    "close": "关闭",
    "more": "更多",
    "home": "主页",
    "user": "用户",
    "star": "收藏",
    "mail": "邮件",
    "heart": "喜欢",
    "bell": "通知",
    "download": "下载",
    "check": "完成",
    "settings": "设置",
    "play": "播放",
    "pause": "暂停",
    "next": "下一个",
    "previous": "上一个",
    "edit": "编辑",
    "delete": "删除",
    "share": "分享",
    "camera": "相机",
    "lock": "锁定",
    "calendar": "日历",
    "folder": "文件夹",
    "file": "文件",
    "cart": "购物车",
    "filter": "筛选",
    "refresh": "刷新",
    "send": "发送",
    "upload": "上传",
    "phone": "手机",
    "copy": "复制",
    "clock": "时间",
    "location": "位置",
    "chart": "统计",
    "volume": "声音",
    "message": "消息",
    "album": "相册",
}


@dataclass(frozen=True)
class Pen:
    """What an icon is drawn with: lengths are shares of the radius, seen from the centre."""

    draw: ImageDraw.ImageDraw
    x: float
    y: float
    radius: float
    color: Color
    width: int
    rng: Random
    solid: bool = False  # filled where an icon has an inside that may be

    def at(self, points: tuple[float, ...]) -> list[float]:
        return [(self.y if k % 2 else self.x) + value * self.radius for k, value in enumerate(points)]

    def line(self, *points: float) -> None:
        self.draw.line(self.at(points), fill=self.color, width=self.width, joint="curve" if self.width > 2 else None)

    def ring(self, *box: float) -> None:
        self.draw.ellipse(self.at(box), outline=self.color, width=self.width)

    def disc(self, *box: float) -> None:
        self.draw.ellipse(self.at(box), fill=self.color)

    def dot(self, x: float, y: float) -> None:
        """As large as the line is wide."""
        cx, cy = self.at((x, y))
        w = self.width
        self.draw.ellipse((cx - w, cy - w, cx + w, cy + w), fill=self.color)

    def frame(self, *box: float) -> None:
        self.draw.rectangle(self.at(box), outline=self.color, width=self.width)

    def arc(self, start: float, end: float, *box: float) -> None:
        self.draw.arc(self.at(box), start, end, fill=self.color, width=self.width)

    def filled(self, *points: float) -> None:
        self.draw.polygon(self.at(points), fill=self.color)

    def outline(self, *points: float) -> None:
        self.draw.polygon(self.at(points), outline=self.color, width=self.width)

    def shape(self, *points: float) -> None:
        (self.filled if self.solid else self.outline)(*points)

    def blob(self, *box: float) -> None:
        (self.disc if self.solid else self.ring)(*box)

    def block(self, *box: float) -> None:
        self.draw.rectangle(self.at(box), fill=self.color if self.solid else None, outline=self.color, width=self.width)


def _search(p: Pen) -> None:
    p.ring(-1, -1, 0.45, 0.45)
    p.line(0.25, 0.25, 1, 1)


def _menu(p: Pen) -> None:
    for k in (-0.6, 0, 0.6):
        p.line(-1, k, 1, k)


def _add(p: Pen) -> None:
    p.line(-1, 0, 1, 0)
    p.line(0, -1, 0, 1)


def _back(p: Pen) -> None:
    p.line(0.5, -1, -0.5, 0, 0.5, 1)


def _close(p: Pen) -> None:
    p.line(-0.8, -0.8, 0.8, 0.8)
    p.line(-0.8, 0.8, 0.8, -0.8)


def _more(p: Pen) -> None:
    vertical = p.rng.random() < 0.5
    for k in (-0.7, 0, 0.7):
        p.dot(*((0, k) if vertical else (k, 0)))


def _home(p: Pen) -> None:
    if p.solid:
        p.filled(-1, 0.05, 0, -1, 1, 0.05)
    p.line(-1, 0, 0, -1, 1, 0)
    p.block(-0.65, -0.1, 0.65, 1)


def _user(p: Pen) -> None:
    p.blob(-0.5, -1, 0.5, 0)
    if p.solid:
        p.draw.pieslice(p.at((-1, 0.15, 1, 1.85)), 180, 360, fill=p.color)
    else:
        p.arc(180, 360, -1, 0.15, 1, 2)


def _star(p: Pen) -> None:
    points = p.at(tuple(v for i, k in enumerate([1, 0.42] * 5) for v in (k * sin(i * pi / 5), -k * cos(i * pi / 5))))
    p.draw.polygon(points, outline=p.color, fill=p.color if p.solid else None, width=p.width)


def _mail(p: Pen) -> None:
    p.frame(-1, -0.7, 1, 0.7)
    p.line(-1, -0.7, 0, 0.1, 1, -0.7)


def _heart(p: Pen) -> None:
    if p.solid or p.radius < 6:
        p.disc(-1, -0.8, 0, 0.2)
        p.disc(0, -0.8, 1, 0.2)
        p.filled(-0.93, -0.05, 0.93, -0.05, 0, 1)
    else:
        p.arc(140, 360, -1, -0.8, 0.05, 0.25)
        p.arc(180, 400, -0.05, -0.8, 1, 0.25)
        p.line(-0.92, 0, 0, 1, 0.92, 0)


def _bell(p: Pen) -> None:
    p.draw.pieslice(
        p.at((-0.7, -1, 0.7, 0.6)), 180, 360, fill=p.color if p.solid else None, outline=p.color, width=p.width
    )
    if p.solid:
        p.filled(-0.7, -0.25, -1, 0.6, 1, 0.6, 0.7, -0.25)
    p.line(-0.7, -0.2, -1, 0.6, 1, 0.6, 0.7, -0.2)
    p.disc(-0.2, 0.65, 0.2, 1)


def _download(p: Pen) -> None:
    p.line(0, -1, 0, 0.5)
    p.line(-0.5, 0, 0, 0.5, 0.5, 0)
    p.line(-1, 1, 1, 1)


def _check(p: Pen) -> None:
    p.line(-0.8, 0, -0.2, 0.7, 0.9, -0.7)


def _settings(p: Pen) -> None:
    p.ring(-0.7, -0.7, 0.7, 0.7)
    p.ring(-0.25, -0.25, 0.25, 0.25)
    for i in range(8):
        a, b = sin(i * pi / 4), cos(i * pi / 4)
        p.line(a * 0.7, b * 0.7, a, b)


def _play(p: Pen) -> None:
    p.shape(-0.7, -0.9, 0.95, 0, -0.7, 0.9)


def _pause(p: Pen) -> None:
    for x in (-0.7, 0.2):
        p.draw.rectangle(p.at((x, -0.85, x + 0.5, 0.85)), fill=p.color)


def _next(p: Pen) -> None:
    p.filled(-0.8, -0.8, 0.5, 0, -0.8, 0.8)
    p.line(0.75, -0.85, 0.75, 0.85)


def _previous(p: Pen) -> None:
    p.filled(0.8, -0.8, -0.5, 0, 0.8, 0.8)
    p.line(-0.75, -0.85, -0.75, 0.85)


def _edit(p: Pen) -> None:
    p.shape(-0.9, 0.9, -0.75, 0.25, 0.5, -1, 1, -0.5, -0.25, 0.75)


def _delete(p: Pen) -> None:
    p.line(-0.95, -0.65, 0.95, -0.65)
    p.line(-0.3, -0.65, -0.3, -1, 0.3, -1, 0.3, -0.65)
    p.line(-0.7, -0.6, -0.55, 1, 0.55, 1, 0.7, -0.6)
    p.line(0, -0.25, 0, 0.6)


def _share(p: Pen) -> None:
    p.line(0.6, -0.65, -0.6, 0, 0.6, 0.65)
    for x, y in ((0.65, -0.7), (-0.65, 0), (0.65, 0.7)):
        p.disc(x - 0.3, y - 0.3, x + 0.3, y + 0.3)


def _camera(p: Pen) -> None:
    p.frame(-1, -0.55, 1, 0.85)
    p.line(-0.45, -0.55, -0.25, -0.9, 0.25, -0.9, 0.45, -0.55)
    p.ring(-0.4, -0.25, 0.4, 0.55)


def _lock(p: Pen) -> None:
    p.block(-0.75, -0.1, 0.75, 1)
    p.arc(180, 360, -0.5, -1, 0.5, 0.4)


def _calendar(p: Pen) -> None:
    p.frame(-0.9, -0.75, 0.9, 0.95)
    p.line(-0.9, -0.25, 0.9, -0.25)
    for x in (-0.45, 0.45):
        p.line(x, -1, x, -0.55)


def _folder(p: Pen) -> None:
    p.shape(-1, -0.75, -0.3, -0.75, -0.1, -0.5, 1, -0.5, 1, 0.75, -1, 0.75)


def _file(p: Pen) -> None:
    p.outline(-0.7, -1, 0.3, -1, 0.7, -0.6, 0.7, 1, -0.7, 1)
    for y in (-0.1, 0.4):
        p.line(-0.35, y, 0.35, y)


def _cart(p: Pen) -> None:
    p.line(-1, -0.8, -0.65, -0.8, -0.35, 0.4, 0.7, 0.4, 0.95, -0.45, -0.55, -0.45)
    for x in (-0.2, 0.55):
        p.disc(x - 0.18, 0.6, x + 0.18, 0.96)


def _filter(p: Pen) -> None:
    p.shape(-0.95, -0.8, 0.95, -0.8, 0.2, 0.1, 0.2, 0.9, -0.2, 0.65, -0.2, 0.1)


def _refresh(p: Pen) -> None:
    p.arc(-20, 270, -0.85, -0.85, 0.85, 0.85)
    p.filled(0, -1.15, 0.5, -0.8, 0, -0.45)


def _send(p: Pen) -> None:
    p.shape(-1, -0.85, 1, 0, -1, 0.85, -0.6, 0)


def _upload(p: Pen) -> None:
    p.line(0, -0.9, 0, 0.55)
    p.line(-0.5, -0.4, 0, -0.9, 0.5, -0.4)
    p.line(-1, 1, 1, 1)


def _phone(p: Pen) -> None:
    p.frame(-0.55, -1, 0.55, 1)
    p.line(-0.2, 0.7, 0.2, 0.7)


def _copy(p: Pen) -> None:
    p.frame(-0.4, -0.4, 0.9, 0.95)
    p.line(-0.65, 0.5, -0.9, 0.5, -0.9, -0.95, 0.4, -0.95, 0.4, -0.65)


def _clock(p: Pen) -> None:
    p.ring(-0.95, -0.95, 0.95, 0.95)
    p.line(0, -0.55, 0, 0.05, 0.45, 0.3)


def _location(p: Pen) -> None:
    p.arc(150, 390, -0.7, -1, 0.7, 0.4)
    p.line(-0.62, 0.05, 0, 1, 0.62, 0.05)
    p.disc(-0.22, -0.52, 0.22, -0.08)


def _chart(p: Pen) -> None:
    for x, top in ((-0.85, 0.2), (-0.2, -0.9), (0.45, -0.35)):
        p.draw.rectangle(p.at((x, top, x + 0.4, 0.95)), fill=p.color)


def _volume(p: Pen) -> None:
    p.filled(-1, -0.35, -0.5, -0.35, 0, -0.85, 0, 0.85, -0.5, 0.35, -1, 0.35)
    p.arc(-50, 50, -0.2, -0.5, 0.6, 0.5)
    p.arc(-50, 50, -0.2, -0.9, 1, 0.9)


def _message(p: Pen) -> None:
    p.shape(-1, -0.8, 1, -0.8, 1, 0.45, -0.2, 0.45, -0.6, 0.9, -0.6, 0.45, -1, 0.45)


def _album(p: Pen) -> None:
    p.frame(-1, -0.8, 1, 0.8)
    p.line(-0.85, 0.6, -0.3, -0.1, 0.1, 0.35, 0.4, 0.05, 0.85, 0.6)
    p.disc(0.25, -0.55, 0.6, -0.2)


_DRAW: dict[str, Callable[[Pen], None]] = {
    "search": _search,
    "menu": _menu,
    "add": _add,
    "back": _back,
    "close": _close,
    "more": _more,
    "home": _home,
    "user": _user,
    "star": _star,
    "mail": _mail,
    "heart": _heart,
    "bell": _bell,
    "download": _download,
    "check": _check,
    "settings": _settings,
    "play": _play,
    "pause": _pause,
    "next": _next,
    "previous": _previous,
    "edit": _edit,
    "delete": _delete,
    "share": _share,
    "camera": _camera,
    "lock": _lock,
    "calendar": _calendar,
    "folder": _folder,
    "file": _file,
    "cart": _cart,
    "filter": _filter,
    "refresh": _refresh,
    "send": _send,
    "upload": _upload,
    "phone": _phone,
    "copy": _copy,
    "clock": _clock,
    "location": _location,
    "chart": _chart,
    "volume": _volume,
    "message": _message,
    "album": _album,
}


def paint(draw: ImageDraw.ImageDraw, name: str, x: float, y: float, size: float, color: Color, rng: Random) -> None:
    """Draws the named icon, `size` pixels high, around (x, y): thin or bold, of lines or filled."""
    width = max(1, round(size * rng.uniform(0.055, 0.16)))
    _DRAW[name](Pen(draw, x, y, size / 2, color, width, rng, rng.random() < 0.4))
