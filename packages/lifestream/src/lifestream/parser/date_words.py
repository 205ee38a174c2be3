"""Words of dates: months and days of the week in the languages of feeds, and the abbreviations of time zones.

Sites write `12 Dez 2022` and `04 févr. 2025` where RFC 822 has English. A month is recognised by its name, and by each
prefix of the name that has at least three letters and fits no other month. Accents and case don't count.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_NAMES: Final = (
    # If two languages share a prefix, its meaning in the first one counts.
    "january february march april may june july august september october november december",
    "januar februar märz april mai juni juli august september oktober november dezember",
    "jänner feber mrz apr mai jun jul aug sept okt nov dez",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ene feb mar abr may jun jul ago setiembre oct nov dic",
    "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "januari februari mrt april mei juni juli agustus september oktober november desember",
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
    "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień",
    "ocak şubat mart nisan mayıs haziran temmuz ağustos eylül ekim kasım aralık",
    "januari februari mars april maj juni juli augusti september oktober november december",
    "januar februar marts april maj juni juli august september oktober november desember",
    "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta "
    "marraskuuta joulukuuta",
    "ledna února března dubna května června července srpna září října listopadu prosince",
    "leden únor březen duben květen červen červenec srpen září říjen listopad prosinec",
    "január február március április május június július augusztus szeptember október november december",
    "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie",
    "ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου νοεμβρίου "
    "δεκεμβρίου",
    "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
)
_SHORTEST: Final = 3


def plain(word: str) -> str:
    """Return *word* in lower case, without accents and the dot of an abbreviation."""
    letters = unicodedata.normalize("NFKD", word.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).rstrip(".")


def _months() -> dict[str, int]:
    found: dict[str, int] = {}
    for names in _NAMES:
        ours: dict[str, set[int]] = {}
        for month, name in enumerate(map(plain, names.split()), start=1):
            for end in range(min(_SHORTEST, len(name)), len(name) + 1):
                ours.setdefault(name[:end], set()).add(month)
        for beginning, months in ours.items():
            if len(months) == 1:
                found.setdefault(beginning, *months)
    return found


MONTHS: Final = _months()
"""The number of each month by its name or a prefix of it; look it up in `plain` form."""

_WEEK: Final = (
    "monday tuesday wednesday thursday friday saturday sunday",
    "mon tue wed thu fri sat sun",
    "mon tues weds thur fri sat sun",
    "mon tue wed thurs fri sat sun",
    "montag dienstag mittwoch donnerstag freitag samstag sonntag",
    "mo di mi do fr sa so",
    "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "lun mar mer jeu ven sam dim",
    "lunes martes miercoles jueves viernes sabado domingo",
    "lunedi martedi mercoledi giovedi venerdi sabato domenica",
    "lun mar mie jue vie sab dom",
    "lun mar mer gio ven sab dom",
    "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
    "ma di wo do vr za zo",
)
WEEKDAYS: Final = {name: number for names in reversed(_WEEK) for number, name in enumerate(names.split())}
"""The number of each day of the week by its name, 0 for Monday; look it up in `plain` form."""

_HOURS: Final = {
    "z ut utc gmt wet": 0,
    "cet met mez west bst wat": 1,
    "cest mest mesz eet sast cat": 2,
    "eest msk trt idt eat": 3,
    "msd gst": 4,
    "pkt uzt yekt": 5,
    "ist": 5.5,
    "npt": 5.75,
    "bdt": 6,
    "mmt": 6.5,
    "ict wib": 7,
    "hkt sgt pht myt wita awst": 8,
    "jst kst wit": 9,
    "acst": 9.5,
    "aest": 10,
    "acdt": 10.5,
    "aedt": 11,
    "nzst": 12,
    "nzdt": 13,
    "brst": -2,
    "ndt": -2.5,
    "adt brt art clst uyt": -3,
    "nst": -3.5,
    "ast at edt clt": -4,
    "est et cdt cot pet": -5,
    "cst ct mdt": -6,
    "mst mt pdt": -7,
    "pst pt akdt": -8,
    "akst hdt": -9,
    "hst": -10,
    "sst": -11,
}
ZONES: Final = {name: round(hours * 60) for names, hours in _HOURS.items() for name in names.split()}
"""Minutes east of Greenwich by the abbreviation of a zone. If several zones share one, the commonest in mail and feeds
counts: CST is Chicago's, IST India's, BST Britain's.
"""
