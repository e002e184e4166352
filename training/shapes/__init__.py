"""Coloured shapes: grounding, counting, relations."""

from training.shapes.front import overlap
from training.shapes.ground import ground
from training.shapes.layout import sides_of
from training.shapes.questions import about
from training.shapes.scenes import shapes
from training.shapes.thing import SHAPES, Thing, paint

__all__ = ["SHAPES", "Thing", "about", "ground", "overlap", "paint", "shapes", "sides_of"]
