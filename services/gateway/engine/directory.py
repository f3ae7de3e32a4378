"""The switches' directory: SIP names of an agent's telephones, their digest hashes, and the XML that says so.

An agent of extension 1001 has a desk phone `1001` and one in the page: `1001!w` when it alone is to ring,
`1001!wd` when the desk phone rings with it. Extensions have no exclamation mark, so nobody's collide.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from xml.etree import ElementTree as ET

from services.gateway.domain import EXTENSION

# What rings is decided by who is registered, at the moment of the call: no question to anybody, so it also
# holds while we are away. freeswitch/conf/directory/agents.xml says the same; a test compares.
DIAL_STRING = (
    "{^^:sip_invite_domain=${dialed_domain}:presence_id=${dialed_user}@${dialed_domain}}"
    "${sofia_contact(agents/${dialed_user}"
    "${cond(${sofia_count_reg(agents/${dialed_user}!w@${dialed_domain})} == 0 ? : !w)}"
    "@${dialed_domain})},"
    "${sofia_contact(agents/${dialed_user}!wd@${dialed_domain})}"
)


class Phone(StrEnum):
    """What follows the extension in a telephone's SIP name."""

    DESK = ""
    BROWSER = "!w"
    BROWSER_AND_DESK = "!wd"


def named(sip_user: str) -> tuple[str, Phone] | None:
    """Extension and kind; None for what can be nobody's name."""
    extension, mark, kind = sip_user.partition("!")
    if not extension or not EXTENSION.fullmatch(extension) or (mark + kind) not in set(Phone):
        return None
    return extension, Phone(mark + kind)


def a1_hash(sip_user: str, domain: str, password: str) -> str:
    """What SIP digest (RFC 2617) proves knowledge of; MD5 is the protocol's, not ours."""
    text = f"{sip_user}:{domain}:{password}"
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Entry:
    """One telephone as a switch is told of it.

    `cache_s`: so long the switch may answer itself, 0 not at all. `registration_s`: its registrations last so
    long, 0 as the switch has it.
    """

    sip_user: str
    domain: str
    a1_hash: str
    cache_s: int = 0
    registration_s: int = 0


def found(entry: Entry) -> str:
    """The answer for somebody known."""
    document, section = _document("directory")
    domain = ET.SubElement(section, "domain", name=entry.domain)
    groups = ET.SubElement(domain, "groups")
    users = ET.SubElement(ET.SubElement(groups, "group", name="gateway"), "users")
    caching = {"cacheable": str(entry.cache_s * 1000)} if entry.cache_s else {}
    user = ET.SubElement(users, "user", {"id": entry.sip_user, **caching})
    params = ET.SubElement(user, "params")
    ET.SubElement(params, "param", name="a1-hash", value=entry.a1_hash)
    ET.SubElement(params, "param", name="dial-string", value=DIAL_STRING)
    if entry.registration_s:
        variables = ET.SubElement(user, "variables")
        value = str(entry.registration_s)
        ET.SubElement(variables, "variable", name="sip-force-expires", value=value)
    return _text(document)


def not_found() -> str:
    """The switch then looks into its own files."""
    document, section = _document("result")
    ET.SubElement(section, "result", status="not found")
    return _text(document)


def _text(document: ET.Element) -> str:
    return ET.tostring(document, encoding="unicode")


def _document(section: str) -> tuple[ET.Element, ET.Element]:
    document = ET.Element("document", type="freeswitch/xml")
    return document, ET.SubElement(document, "section", name=section)
