"""Geometry figures with their measures: areas, perimeters, missing sides and angles, solids, coordinates."""

from training.geometry.figures import geometry
from training.geometry.steps import product_chain

__all__ = ["geometry", "product_chain"]
