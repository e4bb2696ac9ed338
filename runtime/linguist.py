"""Which language a text is in, by its letters' company, for the languages that the packs hear; silent when in doubt."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Sequence
from typing import Any

# Those that the packs have opt-outs in. Punjabi, Bengali and Urdu in their own scripts are told by script before.
LANGUAGES = ("en", "cy", "pl", "ro", "ur", "pa", "bn")
# Not spoken here: there so that what is written in them, or in Urdu with Latin letters, is not taken for one of ours.
OTHERS = ("fr", "es", "de", "id", "tr", "sw", "tl", "so")
SURE = 0.9  # of 1, by the detector's own reckoning
MIN_WORDS = 3
MIN_LETTERS = 12
JUDGED_CHARS = 1_000

_WORD = re.compile(r"[^\W\d_]+")


def linguist() -> LinguaLinguist | None:
    """The linguist of the `lang` extra; None without the extra: then scripts and preferences alone tell a language."""
    return LinguaLinguist() if importlib.util.find_spec("lingua") is not None else None


class LinguaLinguist:
    """lingua in its low-accuracy mode: 15 MB instead of 130, and as good on sentences, which is all that is judged."""

    def __init__(self, languages: Sequence[str] = LANGUAGES) -> None:
        self._ours = frozenset(languages)
        self._detector: Any = None  # loaded when first asked

    def warm(self) -> None:
        """Loads what the first question would wait for: about 0.2 s. For a thread beside the event loop."""
        self.language_of(
            "good morning to all of you / bore da i chi i gyd / dzień dobry wszystkim / bună ziua tuturor"
        )

    def language_of(self, text: str) -> str | None:
        """A tag of two letters, or None for a short or doubtful text and for a language that is none of ours."""
        judged = text[:JUDGED_CHARS]
        words = _WORD.findall(judged)
        if len(words) < MIN_WORDS or sum(map(len, words)) < MIN_LETTERS:
            return None
        best = self._loaded().compute_language_confidence_values(" ".join(words))[0]
        tag = str(best.language.iso_code_639_1.name).lower()
        return tag if best.value >= SURE and tag in self._ours else None

    def _loaded(self) -> Any:
        if self._detector is None:
            from lingua import IsoCode639_1, LanguageDetectorBuilder

            codes = [getattr(IsoCode639_1, tag.upper()) for tag in sorted(self._ours | set(OTHERS))]
            builder = LanguageDetectorBuilder.from_iso_codes_639_1(*codes)
            self._detector = builder.with_low_accuracy_mode().build()
        return self._detector
