"""Text in nineteen languages, and the charsets that their sites used before UTF-8, for tests of charset labels."""

from __future__ import annotations

from typing import Final, NamedTuple


class Language(NamedTuple):
    """A *text* as a site may have it, and the *labels* under which sites publish it. A label stands for the charset
    that browsers read under it (WHATWG Encoding): "us-ascii" is windows-1252.
    """

    text: str
    labels: tuple[str, ...]


LANGUAGES: Final[dict[str, Language]] = {
    "French": Language(
        "L’été dernier, la forêt a brûlé près du village ; les élèves ont planté là-bas des chênes, où l’eau "
        "coulait déjà. "
        "« Ça ira mieux dès Noël », espère le maire, âgé de soixante ans. CAFÉ™ À L’ÎLE, DÉJÀ VU, BEYONCÉ’S — 12 €",
        ("windows-1252", "iso-8859-1", "latin1", "us-ascii"),
    ),
    "German": Language(
        "Die Bürger hörten früh am Morgen, daß die Straße über den Fluß gesperrt würde. „Das ändert für uns vieles“, "
        "erklärte Frau Müller, die täglich nach Köln fährt. GRÖSSE ÜBER ÄRGER – ÖL Ä“",
        ("windows-1252", "iso-8859-1"),
    ),
    "Spanish": Language(
        "Mañana el señor Núñez volverá de España: «Según la última decisión, habrá más niños en la montaña». "
        "¿Qué pasará "
        "después? ¡Nadie lo sabría! ESPAÑA Y PERÚ… LA CORUÑA”",
        ("windows-1252", "iso-8859-1"),
    ),
    "Swedish": Language(
        "På ön växer björkar och tall; båtarna ligger förtöjda längs bryggan när det blåser på. Vi åker hem "
        "i kväll, för i "
        "morgon börjar skolan åter. ÅÄÖ – SKÅNE Ä”",
        ("windows-1252", "iso-8859-1"),
    ),
    "Polish": Language(
        "W zeszłą środę zażółciły się gęśle jaźni, a później łódź odpłynęła. „Może jeszcze wrócą”, mówiła "
        "córka rybaka, "
        "która znała każdą ścieżkę. ŁÓDŹ I ŻÓŁĆ – ŚWIĘTO",
        ("windows-1250",),
    ),
    "Czech": Language(
        "Příliš žluťoučký kůň úpěl ďábelské ódy, zatímco děti běžely přes most k řece. Šéfkuchař „vařil“ "
        "svíčkovou, těšil se "
        "na Vánoce. ČESKÝ KRÁL – ŘÍČANY, ČŠ, ÉŠ",
        ("windows-1250",),
    ),
    "Hungarian": Language(
        "Az őszi esőzések után a folyó szűkülő medrében úsztak a csónakok; „Jövőre több fát ültetünk”, "
        "ígérte a polgármester, "
        "és mindenki örült. ÁRVÍZTŰRŐ TÜKÖRFÚRÓGÉP",
        ("windows-1250",),
    ),
    "Turkish": Language(
        "Dün akşam İstanbul’da yağmur başladı; çocuklar şemsiyesiz kaldı. Öğretmen “Yarın güneşli olacak” "
        "dedi, ağaçların "
        "altında gülüştüler. ÇIĞ DÜŞTÜ – ŞİŞLİ",
        ("windows-1254", "iso-8859-9"),
    ),
    "Russian": Language(
        "Вчера вечером в городе начался сильный дождь, и дети остались без зонтов. «С… погодой не спорят», — "
        "сказал учитель "
        "№ 5, улыбаясь. СССР, США… В 1991 году. Ёлка ещё не съёжилась",
        ("windows-1251",),
    ),
    "Bulgarian": Language(
        "Снощи в града започна да вали, а децата останаха без чадъри. Утре ще има слънце, каза учителят с "
        "усмивка. ЮЛИ 1991 Г.",
        ("windows-1251", "koi8-r", "iso-8859-5", "ibm866", "x-mac-cyrillic"),
    ),
    "Ukrainian": Language(
        'Їжак приніс гриби до ґанку, а її діти вже спали. "Завтра поїдемо в Київ", - пообіцяв дідусь. ЄВРОПА '
        "І МИ, ҐРУНТ",
        ("windows-1251", "koi8-u"),
    ),
    "Greek": Language(
        "Χθες το βράδυ άρχισε να βρέχει στην πόλη και τα παιδιά έμειναν χωρίς ομπρέλα. «Αύριο θα έχει ήλιο», είπε ο "
        "δάσκαλος. ΕΛΛΆΔΑ, ΚΑΛΉ ΧΡΟΝΙΆ, ΌΧΙ",
        ("windows-1253",),
    ),
    "Hebrew": Language(
        "אתמול בערב התחיל לרדת גשם בעיר והילדים נשארו בלי מטריות. „מחר יהיה יום יפה”, אמר המורה – וחייך.",
        ("windows-1255",),
    ),
    "Arabic": Language(
        "بدأ المطر مساء أمس في المدينة، وبقي الأطفال بلا مظلات. هل ستشرق الشمس غدًا؟ قال المعلم: «نعم» ـ وابتسم.",
        ("windows-1256",),
    ),
    "Thai": Language(
        "เมื่อวานตอนเย็นฝนเริ่มตกในเมือง เด็กๆ ไม่มีร่ม ครูบอกว่าพรุ่งนี้จะมีแดด เกม และ แก้ว “ไทย”",
        ("windows-874", "tis-620", "iso-8859-11"),
    ),
    "Chinese": Language(
        "昨天晚上城里开始下雨，孩子们没有带伞。老师笑着说：“明天会有太阳。”联通公司发布了新的产品，价格是三百元。",
        ("gb2312", "gbk", "gb18030"),
    ),
    "Traditional Chinese": Language(
        "昨天晚上城裡開始下雨，孩子們沒有帶傘。老師笑著說：「明天會有太陽。」公司發布了新的產品，價格是三百元。",
        ("big5", "big5-hkscs"),
    ),
    "Japanese": Language(
        "昨日の夜、町で雨が降り始め、子供たちは傘を持っていませんでした。先生は「明日は晴れる」と笑って言いました。ソフト表示①髙",
        ("shift_jis", "x-sjis", "windows-31j", "euc-jp", "iso-2022-jp"),
    ),
    "Korean": Language(
        "어제 저녁 도시에 비가 내리기 시작했고 아이들은 우산이 없었습니다. "
        "선생님은 “내일은 맑을 거예요” 하고 웃으며 말했습니다. 똠방각하",
        ("euc-kr", "ks_c_5601-1987", "windows-949"),
    ),
}

_CODECS: Final = {
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
    **dict.fromkeys(("big5", "big5-hkscs"), "big5hkscs"),
    **dict.fromkeys(("iso-8859-1", "latin1", "us-ascii"), "cp1252"),
    **dict.fromkeys(("windows-874", "tis-620", "iso-8859-11"), "cp874"),
    **dict.fromkeys(("shift_jis", "x-sjis", "windows-31j"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "windows-949"), "cp949"),
    "iso-8859-9": "cp1254",
    "x-mac-cyrillic": "mac_cyrillic",
}
# What NEC and IBM added to JIS X 0208 (row 13, and rows 89 to 92), in bytes that Python's codecs don't write.
_EUC: Final = {"①": b"\xad\xa1", "髙": b"\xfc\xe2"}
_JIS: Final = {
    character: b"\x1b$B" + bytes(byte & 0x7F for byte in found) + b"\x1b(B" for character, found in _EUC.items()
}


def encoded(text: str, label: str) -> bytes:
    """Return *text* as a site encodes it under *label*."""
    if label in {"euc-jp", "iso-2022-jp"}:
        vendor = _EUC if label == "euc-jp" else _JIS
        return b"".join(vendor.get(character) or character.encode(label.replace("-", "_")) for character in text)
    return text.encode(_CODECS.get(label, label))
