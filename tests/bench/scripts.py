"""Talk in every script the packs hear, and in signs that are none, as short messages and as long ones."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

PICTURES = "".join(map(chr, range(0x1F600, 0x1F64F)))
FAMILY = "👩‍👩‍👧 👍🏽❤️🇬🇧"
_ENGLISH = (
    "I had a car on finance in 2016 and the dealer never told me about any commission. Can you help me please? My mum and I "
    "wonder what it costs, and who pays for it. When will I hear back from you? The garage said it was all in the price"
)
_POLISH = (
    "Miałem samochód na kredyt i sprzedawca nie powiedział mi o prowizji. Czy możesz mi pomóc, proszę? Kiedy dostanę odpowiedź? "
    "Zapłaciliśmy wszystko trzy lata temu."
)
_WELSH = "Roedd gennyf gâr ar gyllid ac ni ddywedodd y gwerthwr wrthyf am y comisiwn. Allwch chi fy helpu os gwelwch yn dda?"
_FULL_WIDTH = {sign: sign + 0xFEE0 for sign in range(0x21, 0x7F)}

SCRIPTS: Mapping[str, str] = {
    "English": _ENGLISH,
    "English with typographic signs": _ENGLISH + ". I’m sure it was “included” – about £500…",
    "English in full width": _ENGLISH.translate(_FULL_WIDTH),
    "English with a picture a word": " 😀 ".join(_ENGLISH.split()),
    "Polish": _POLISH,
    "Polish in pieces": unicodedata.normalize("NFD", _POLISH),
    "Welsh": _WELSH,
    "Urdu": "السلام علیکم میری گاڑی قسطوں پر تھی۔ ڈیلر نے مجھے کمیشن کے بارے میں نہیں بتایا کیا آپ میری مدد کر سکتے ہیں؟",
    "Arabic": "السلام عليكم كان عندي سيارة بالتقسيط. ولم يخبرني التاجر عن العمولة هل يمكنك مساعدتي من فضلك؟",
    "Punjabi": "ਸਤ ਸ੍ਰੀ ਅਕਾਲ ਮੇਰੀ ਕਾਰ ਵਿੱਤ ਤੇ ਸੀ। ਡੀਲਰ ਨੇ ਮੈਨੂੰ ਕਮਿਸ਼ਨ ਬਾਰੇ ਨਹੀਂ ਦੱਸਿਆ ਕੀ ਤੁਸੀਂ ਮੇਰੀ ਮਦਦ ਕਰ ਸਕਦੇ ਹੋ? ਬਹੁਤ ਧੰਨਵਾਦ",
    "Bengali": "আমার একটি গাড়ি ছিল। ডিলার আমাকে কমিশন সম্পর্কে বলেনি আপনি কি আমাকে সাহায্য করতে পারেন? অনেক ধন্যবাদ",
    "Russian": "У меня была машина в кредит. Дилер не сказал мне о комиссии. Можете ли вы помочь мне, пожалуйста?",
    "Greek": "Είχα ένα αυτοκίνητο με δόσεις. Ο έμπορος δεν μου είπε για την προμήθεια. Μπορείτε να με βοηθήσετε; Ευχαριστώ πολύ.",
    "Chinese": "我以前贷款买了一辆车。经销商没有告诉我佣金的事情,你能帮助我吗？谢谢你。什么时候回复我",
    "pictures": PICTURES + FAMILY,
    "pictures a blank apart": " ".join(PICTURES),
    "one picture": "😀",
    "letters a blank apart": " ".join(_ENGLISH),
    "signs nobody sees": "\u200b".join(_ENGLISH),
    "numbers": "07700 900123, 2016. 4929 1234 5678 9012; 48 x 149.99 ",
}  # fmt: skip


def letter(script: str, chars: int) -> str:
    """So many characters of it."""
    said = SCRIPTS[script] if script == "one picture" else f"{SCRIPTS[script]} "
    return (said * (1 + chars // len(said)))[:chars]
