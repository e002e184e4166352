"""Talk, and honest answers about what the model does not know."""

from training.chat.talk import follow_up, talk
from training.chat.unknown import films, photos, small

__all__ = ["films", "follow_up", "photos", "small", "talk"]
