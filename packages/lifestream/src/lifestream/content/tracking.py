"""The parameters that newsletters and campaigns add to addresses to recognise their readers (reading.md, rule 15)."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_plus

from lifestream.content.html_tokenizer import name_set
from lifestream.content.late_pattern import late

PARAMETERS: Final = name_set(
    "_hsenc _hsmi _openstat at_campaign at_medium ck_subscriber_id cmpid dclid dgcid fb_action_ids fb_action_types "
    "fb_ref fb_source fbclid gad_source gbraid gclid gclsrc hsctatracking igsh igshid li_fat_id mc_cid mc_eid mkt_tok "
    "ml_subscriber ml_subscriber_hash msclkid ncid oly_anon_id oly_enc_id rb_clickid ref_src s_cid sc_campaign "
    "sc_channel sc_content sc_country sc_geo sc_medium sc_outcome srsltid ttclid twclid vero_conv vero_id wbraid "
    "wickedid wt.mc_id wt_mc xtor yclid ysclid"
)
PREFIXES: Final = ("utm_", "__hs", "hsa_", "mtm_", "matomo_", "pk_", "piwik_")
_PARTS = late(r"([^?#]*+)\?([^#]*+)(.*)", re.DOTALL)


def without_tracking(url: str) -> str:
    """Return *url* without the parameters that are known to track readers; the rest of it stays as it is written."""
    found = _PARTS.fullmatch(url)
    if found is None:
        return url
    parameters = found[2].split("&")
    kept = [each for each in parameters if not _tracks(each)]
    if len(kept) == len(parameters):
        return url
    query = "&".join(kept)
    return f"{found[1]}{'?' if query else ''}{query}{found[3]}"


def _tracks(parameter: str) -> bool:
    name = unquote_plus(parameter.partition("=")[0]).lower().removeprefix("amp;")
    return name in PARAMETERS or name.startswith(PREFIXES)
