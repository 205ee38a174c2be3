"""Words of dates: months and days of the week in the languages of feeds, and the abbreviations of time zones.

Sites write `12 Dez 2022` and `04 févr. 2025` where RFC 822 has English. A month is recognised by its name, and by each
prefix of the name that has at least three letters and fits no other month in its line of `_NAMES`. Accents and case
don't count. A whole name counts before the prefixes of others: the Czech `červen` is June, although it is also a prefix
of `července`, July.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_NAMES: Final = (
    # If two languages share a name or a prefix, its meaning in the first one counts.
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
    "led úno bře dub kvě čvn čvc srp zář říj lis pro",
    "január február március április május június július augusztus szeptember október november december",
    "ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie",
    "ιανουαρίου φεβρουαρίου μαρτίου απριλίου μαΐου ιουνίου ιουλίου αυγούστου σεπτεμβρίου οκτωβρίου νοεμβρίου "
    "δεκεμβρίου",
    "ιανουάριος φεβρουάριος μάρτιος απρίλιος μάιος ιούνιος ιούλιος "
    "αύγουστος σεπτέμβριος οκτώβριος νοέμβριος δεκέμβριος",
    "січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
    "січень лютий березень квітень травень червень липень серпень вересень жовтень листопад грудень",
    "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "جانفي فيفري مارس أفريل ماي جوان جويلية أوت سبتمبر أكتوبر نوفمبر ديسمبر",
    "يناير فبراير مارس أبريل ماي يونيو يوليوز غشت شتنبر أكتوبر نونبر دجنبر",
    "كانون.الثاني شباط آذار نيسان أيار حزيران تموز آب أيلول تشرين.الأول تشرين.الثاني كانون.الأول",
    "ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר",
    "בינואר בפברואר במרץ באפריל במאי ביוני ביולי באוגוסט בספטמבר באוקטובר בנובמבר בדצמבר",
    "ژانویه فوریه مارس آوریل مه ژوئن ژوئیه اوت سپتامبر اکتبر نوامبر دسامبر",
    "جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر",
    "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
    "जन फ़र मार्च अप्रैल मई जून जुल अग सित अक्टू नव दिस",
    "जाने फेब्रु मार्च एप्रि मे जून जुलै ऑग सप्टें ऑक्टो नोव्हें डिसें",
    "जानेवारी फेब्रुवारी मार्च एप्रिल मे जून जुलै ऑगस्ट सप्टेंबर ऑक्टोबर नोव्हेंबर डिसेंबर",
    "जनवरी फेब्रुअरी मार्च अप्रिल मे जुन जुलाई अगस्ट सेप्टेम्बर अक्टोबर नोभेम्बर डिसेम्बर",
    "জানুয়ারি ফেব্রুয়ারি মার্চ এপ্রিল মে জুন জুলাই আগস্ট সেপ্টেম্বর অক্টোবর নভেম্বর ডিসেম্বর",
    "জানু ফেব মার্চ এপ্রি মে জুন জুল আগ সেপ অক্টো নভে ডিসে",
    "જાન્યુઆરી ફેબ્રુઆરી માર્ચ એપ્રિલ મે જૂન જુલાઈ ઑગસ્ટ સપ્ટેમ્બર ઑક્ટોબર નવેમ્બર ડિસેમ્બર",
    "ਜਨਵਰੀ ਫ਼ਰਵਰੀ ਮਾਰਚ ਅਪ੍ਰੈਲ ਮਈ ਜੂਨ ਜੁਲਾਈ ਅਗਸਤ ਸਤੰਬਰ ਅਕਤੂਬਰ ਨਵੰਬਰ ਦਸੰਬਰ",
    "ਜਨ ਫ਼ਰ ਮਾਰਚ ਅਪ੍ਰੈ ਮਈ ਜੂਨ ਜੁਲਾ ਅਗ ਸਤੰ ਅਕਤੂ ਨਵੰ ਦਸੰ",
    "ஜனவரி பிப்ரவரி மார்ச் ஏப்ரல் மே ஜூன் ஜூலை ஆகஸ்ட் செப்டம்பர் அக்டோபர் நவம்பர் டிசம்பர்",
    "ஜன பிப் மார் ஏப் மே ஜூன் ஜூலை ஆக செப் அக் நவ டிச",
    "జనవరి ఫిబ్రవరి మార్చి ఏప్రిల్ మే జూన్ జులై ఆగస్టు సెప్టెంబర్ అక్టోబర్ నవంబర్ డిసెంబర్",
    "జన ఫిబ్ర మార్చి ఏప్రి మే జూన్ జులై ఆగ సెప్టెం అక్టో నవం డిసెం",
    "ಜನವರಿ ಫೆಬ್ರವರಿ ಮಾರ್ಚ್ ಏಪ್ರಿಲ್ ಮೇ ಜೂನ್ ಜುಲೈ ಆಗಸ್ಟ್ ಸೆಪ್ಟೆಂಬರ್ ಅಕ್ಟೋಬರ್ ನವೆಂಬರ್ ಡಿಸೆಂಬರ್",
    "ಜನ ಫೆಬ್ರ ಮಾರ್ಚ್ ಏಪ್ರಿ ಮೇ ಜೂನ್ ಜುಲೈ ಆಗ ಸೆಪ್ಟೆಂ ಅಕ್ಟೋ ನವೆಂ ಡಿಸೆಂ",
    "ജനുവരി ഫെബ്രുവരി മാർച്ച് ഏപ്രിൽ മേയ് ജൂൺ ജൂലൈ ഓഗസ്റ്റ് സെപ്റ്റംബർ ഒക്ടോബർ നവംബർ ഡിസംബർ",
    "ജനു ഫെബ്രു മാർ ഏപ്രി മേയ് ജൂൺ ജൂലൈ ഓഗ സെപ്റ്റം ഒക്ടോ നവം ഡിസം",
    "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月",
    "มกราคม กุมภาพันธ์ มีนาคม เมษายน พฤษภาคม มิถุนายน กรกฎาคม สิงหาคม กันยายน ตุลาคม พฤศจิกายน ธันวาคม",
    "ม.ค ก.พ มี.ค เม.ย พ.ค มิ.ย ก.ค ส.ค ก.ย ต.ค พ.ย ธ.ค",
    "януари февруари март април май юни юли август септември октомври ноември декември",
    "јануари февруари март април мај јуни јули август септември октомври ноември декември",
    "јануар фебруар март април мај јун јул август септембар октобар новембар децембар",
    "januar februar mart april maj jun jul avgust septembar oktobar novembar decembar",
    "januar februar marec april maj junij julij avgust september oktober november december",
    "januara februara marta aprila maja juna jula avgusta septembra oktobra novembra decembra",
    "јануара фебруара марта априла маја јуна јула августа септембра октобра новембра децембра",
    "januarja februarja marca aprila maja junija julija avgusta septembra oktobra novembra decembra",
    "januára februára marca apríla mája júna júla augusta septembra októbra novembra decembra",
    "siječnja veljače ožujka travnja svibnja lipnja srpnja kolovoza rujna listopada studenoga prosinca",
    "siječanj veljača ožujak travanj svibanj lipanj srpanj kolovoz rujan listopad studeni prosinac",
    "студзеня лютага сакавіка красавіка мая чэрвеня ліпеня жніўня верасня кастрычніка лістапада снежня",
    "студзень люты сакавік красавік май чэрвень ліпень жнівень верасень кастрычнік лістапад снежань",
    "sausio vasario kovo balandžio gegužės birželio liepos rugpjūčio rugsėjo spalio lapkričio gruodžio",
    "sausis vasaris kovas balandis gegužė birželis liepa rugpjūtis rugsėjis spalis lapkritis gruodis",
    "janvāris februāris marts aprīlis maijs jūnijs jūlijs augusts septembris oktobris novembris decembris",
    "jaanuar veebruar märts aprill mai juuni juuli august september oktoober november detsember",
    "janúar febrúar mars apríl maí júní júlí ágúst september október nóvember desember",
    "gener febrer març abril maig juny juliol agost setembre octubre novembre desembre",
    "gen febr març abr maig juny jul ag set oct nov des",
    "xaneiro febreiro marzo abril maio xuño xullo agosto setembro outubro novembro decembro",
    "urtarrila otsaila martxoa apirila maiatza ekaina uztaila abuztua iraila urria azaroa abendua",
    "janar shkurt mars prill maj qershor korrik gusht shtator tetor nëntor dhjetor",
    "enero pebrero marso abril mayo hunyo hulyo agosto setyembre oktubre nobyembre disyembre",
    "januari februari mac april mei jun julai ogos september oktober november disember",
    "januarie februarie maart april mei junie julie augustus september oktober november desember",
    "januari februari maret april mei juni juli agustus september oktober november desember",
    "januari februari machi aprili mei juni julai agosti septemba oktoba novemba desemba",
    "ionawr chwefror mawrth ebrill mai mehefin gorffennaf awst medi hydref tachwedd rhagfyr",
    "januar februar mäerz abrëll mee juni juli august september oktober november dezember",
    "jannar frar marzu april mejju ġunju lulju awwissu settembru ottubru novembru diċembru",
    "januaro februaro marto aprilo majo junio julio aŭgusto septembro oktobro novembro decembro",
    "yanvar fevral mart aprel may iyun iyul avqust sentyabr oktyabr noyabr dekabr",
    "yanvar fevral mart aprel may iyun iyul avgust sentabr oktabr noyabr dekabr",
    "yan fev mar apr may iyn iyl avg sen okt noy dek",
    "қаңтар ақпан наурыз сәуір мамыр маусым шілде тамыз қыркүйек қазан қараша желтоқсан",
    "հունվարի փետրվարի մարտի ապրիլի մայիսի հունիսի հուլիսի օգոստոսի սեպտեմբերի հոկտեմբերի նոյեմբերի դեկտեմբերի",
    "հնվ փտվ մրտ ապր մյս հնս հլս օգս սեպ հոկ նոյ դեկ",
    "იანვარი თებერვალი მარტი აპრილი მაისი ივნისი ივლისი აგვისტო სექტემბერი ოქტომბერი ნოემბერი დეკემბერი",
)
_SHORTEST: Final = 3


def plain(word: str) -> str:
    """Return *word* in lower case, without accents and the dot of an abbreviation."""
    # The capital of the Turkish ı is I, so `KASIM` is `kasım`.
    letters = unicodedata.normalize("NFKD", word.casefold()).replace("ı", "i")
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).rstrip(".॰")


def _months() -> dict[str, int]:
    found: dict[str, int] = {}
    languages = [list(map(plain, text.split())) for text in _NAMES]
    for names in languages:
        for month, name in enumerate(names, start=1):
            found.setdefault(name, month)
    for names in languages:
        by_prefix: dict[str, set[int]] = {}
        for month, name in enumerate(names, start=1):
            for end in range(min(_SHORTEST, len(name)), len(name)):
                by_prefix.setdefault(name[:end], set()).add(month)
        for prefix, months in by_prefix.items():
            if len(months) == 1:
                found.setdefault(prefix, *months)
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
    "hétfő kedd szerda csütörtök péntek szombat vasárnap",
    "pazartesi salı çarşamba perşembe cuma cumartesi pazar",
    "pirmadienis antradienis trečiadienis ketvirtadienis penktadienis šeštadienis sekmadienis",
    "дүйсенбі сейсенбі сәрсенбі бейсенбі жұма сенбі жексенбі",
    "понедельник вторник среда четверг пятница суббота воскресенье",
    "пн вт ср чт пт сб вс",
    "понеділок вівторок середа четвер пʼятниця субота неділя",
    "понеделник вторник сряда четвъртък петък събота неделя",
    "понедељак уторак среда четвртак петак субота недеља",
    "ponedeljak utorak sreda četvrtak petak subota nedelja",
    "ponedjeljak utorak srijeda četvrtak petak subota nedjelja",
    "poniedziałek wtorek środa czwartek piątek sobota niedziela",
    "pon wt śr czw pt sob niedz",
    "pondělí úterý středa čtvrtek pátek sobota neděle",
    "pondelok utorok streda štvrtok piatok sobota nedeľa",
    "segunda terça quarta quinta sexta sábado domingo",
    "seg ter qua qui sex sáb dom",
    "luni marți miercuri joi vineri sâmbătă duminică",
    "måndag tisdag onsdag torsdag fredag lördag söndag",
    "mandag tirsdag onsdag torsdag fredag lørdag søndag",
    "maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai",
    "ma ti ke to pe la su",
    "δευτέρα τρίτη τετάρτη πέμπτη παρασκευή σάββατο κυριακή",
    "δευ τρι τετ πεμ παρ σαβ κυρ",
    "الاثنين الثلاثاء الأربعاء الخميس الجمعة السبت الأحد",
    "hai ba tư năm sáu bảy nhật",
    "senin selasa rabu kamis jumat sabtu minggu",
)
WEEKDAYS: Final = {plain(name): number for names in _WEEK for number, name in enumerate(names.split())}
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
"""Minutes east of Greenwich by the abbreviation of a zone, in lower case. If several zones share one, the commonest in
mail and feeds counts: CST is Chicago's, IST India's, BST Britain's.
"""
