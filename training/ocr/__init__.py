"""Text to read, from single words to books of pages."""

from training.ocr.form import form
from training.ocr.lines import lines, words
from training.ocr.pages import book, pages

__all__ = ["book", "form", "lines", "pages", "words"]
