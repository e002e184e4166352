"""Text to read, from single words to books of pages."""

from training.ocr.binder import binder
from training.ocr.form import form
from training.ocr.lines import lines, words
from training.ocr.pages import book, pages
from training.ocr.texts import texts

__all__ = ["binder", "book", "form", "lines", "pages", "texts", "words"]
